"""Forms of the buyer's payment code and PIN."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from common.forms import AmountField
from common.ids import parse_public_id

MAX_USES = 1000
_SIX_DIGITS = RegexValidator(r"\A[0-9]{6}\Z", _("A PIN is six digits."))
_REQUEST = RegexValidator(r"\A[A-Za-z0-9-]{16,64}\Z")


def request_id() -> str:
    """A name for one asking of a code."""
    return secrets.token_hex(16)


class PinField(forms.CharField):
    """Six digits, never shown again."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"inputmode": "numeric", "autocomplete": "off", "maxlength": "6", "pattern": "[0-9]{6}"}
        kwargs.setdefault("widget", forms.PasswordInput(attrs=attributes))
        super().__init__(validators=[_SIX_DIGITS], **kwargs)


class CodeForm(forms.Form):
    """Asking for a code: under which name, in place of which code, with the PIN or without."""

    request = forms.CharField(validators=[_REQUEST])
    showing = forms.CharField(required=False, max_length=40)
    pin = PinField(required=False)
    wants_pin = forms.BooleanField(required=False)

    def clean_showing(self) -> Any:
        """The id of the code that is being shown; None where there is none."""
        return parse_public_id("pcd", self.cleaned_data["showing"])

    def clean(self) -> dict[str, Any]:
        """Where the page asks for the PIN, an empty one is no way around it."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("wants_pin") and not cleaned.get("pin") and "pin" not in self.errors:
            self.add_error("pin", ValidationError(_("A PIN is six digits."), code="required"))
        return cleaned


class PinForm(forms.Form):
    """Setting the PIN, or changing it."""

    old_pin = PinField(label=_("The PIN you have"))
    pin = PinField(label=pgettext_lazy("to set", "New PIN"), help_text=_("Six digits."))
    again = PinField(label=_("The new PIN once more"))

    def __init__(self, *args: Any, has_pin: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_pin:
            del self.fields["old_pin"]

    def clean(self) -> dict[str, Any]:
        """Both spellings of the new one are the same."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and cleaned["pin"] != cleaned["again"]:
            self.add_error("again", ValidationError(_("This is not the same PIN."), code="differs"))
        return cleaned


class PinLimitsForm(forms.Form):
    """From where on a payment code needs the PIN."""

    uses = forms.IntegerField(
        label=_("Ask after so many payments a day"),
        help_text=_("0: every payment at a till needs the PIN."),
        min_value=0,
        max_value=MAX_USES,
    )
    limits_pin = PinField(label=_("Your PIN"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        above = AmountField(currency, min_minor=0, label=_("Ask above this amount"))
        self.fields = {"above": above, **self.fields}
