"""The form of asking for a refund. It is drawn and keeps what was typed; `refunds.asking` reads it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from refunds.asking import CODE_LENGTH, MAX_REASON


class _DrawnText(forms.CharField):
    """A text that is read elsewhere."""

    def clean(self, value: Any) -> Any:
        """Whatever was typed."""
        return value


class _DrawnFile(forms.FileField):
    """A file that is read elsewhere."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Whatever was sent."""
        return data


class _Digits(forms.TextInput):
    """Either the digits or a picture of them will do, which a browser can't be told."""

    def use_required_attribute(self, initial: Any) -> bool:
        """Never."""
        return False


class _Photos(forms.FileInput):
    """Several files under one name."""

    allow_multiple_selected = True


class AskForm(forms.Form):
    """Which item, what is wrong with it, and photos that show it."""

    item_code = _DrawnText(
        label=_("Code of the item"),
        max_length=CODE_LENGTH,
        help_text=_("The 16 digits on its label or in your order."),
        widget=_Digits(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "lt-code"}),
    )
    code_photo = _DrawnFile(
        label=_("Or a picture of the code"),
        required=False,
        help_text=_("We read the digits from it."),
        widget=forms.FileInput(attrs={"accept": "image/*"}),
    )
    photo = _DrawnFile(
        label=_("Photos of what is wrong"),
        help_text=_("One to five, each up to 8 MB. Only the shop and our staff see them."),
        widget=_Photos(attrs={"accept": "image/*", "capture": "environment", "data-photos": "5"}),
    )
    reason = _DrawnText(
        label=_("What is wrong with it?"),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
