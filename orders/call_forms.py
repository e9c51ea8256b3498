"""Forms of the dashboard's pages of numbers, calls, their rules and their feeds."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from merchants.models import Merchant
from orders.call_numbers import read_number
from orders.flows.add_numbers import MAX_AT_ONCE
from orders.models import CallRules, Trust
from orders.queries import MAX_SEARCH


class NumbersForm(forms.Form):
    """Numbers for the pool, as somebody pastes them."""

    numbers = forms.CharField(
        label=_("Numbers"),
        max_length=40 * MAX_AT_ONCE,
        help_text=_("One on a line, in any spelling: 010 8888 0001 or +86 10 8888 0001."),
        widget=forms.Textarea(
            attrs={"rows": 6, "inputmode": "tel", "autocomplete": "off", "spellcheck": "false"}
        ),
        error_messages={"required": _("Write at least one number.")},
    )

    def clean_numbers(self) -> list[str]:
        """What stands on each line, or between commas."""
        parts = re.split(r"[\n\r,;、，；]+", self.cleaned_data["numbers"])
        texts = [text.strip() for text in parts if text.strip()]
        if not texts:
            raise ValidationError(_("Write at least one number."), code="required")
        if len(texts) > MAX_AT_ONCE:
            raise ValidationError(
                _("At most %(most)d numbers at once."), code="too_many", params={"most": MAX_AT_ONCE}
            )
        return texts


class AssignForm(forms.Form):
    """Which order a call was about."""

    use_required_attribute = False

    q = forms.CharField(
        label=_("Find the order"),
        max_length=MAX_SEARCH,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Number, item code, phone or note")}
        ),
    )


class RulesForm(forms.Form):
    """Which calls redeem, and how long a number rests afterwards."""

    answered_only = forms.BooleanField(
        label=_("Only answered calls redeem"),
        required=False,
        help_text=_("Without this, letting it ring is enough. Text messages always redeem."),
    )
    least_seconds = forms.IntegerField(
        label=_("Shortest talk, in seconds"),
        min_value=0,
        max_value=3600,
        help_text=_("An answered call that was shorter redeems nothing. 0: any length."),
    )
    within_hours = forms.IntegerField(
        label=_("Hours after the payment in which a call redeems"),
        min_value=1,
        max_value=24 * 3650,
        required=False,
        help_text=_("Empty: as long as the order can be used."),
    )
    tolerance_seconds = forms.IntegerField(
        label=_("Seconds that the provider's clock may be off"),
        min_value=0,
        max_value=600,
        help_text=_("A call that seems to be this much too early or too late still counts."),
    )
    least_trust = forms.TypedChoiceField(
        label=_("How sure the caller's number must be"),
        choices=Trust.choices,
        coerce=int,
        widget=forms.RadioSelect,
        help_text=_(
            "Any caller can pretend to have another number. Ask for more only if your feed tells how sure it"
            " is: calls below this wait in the inbox."
        ),
    )
    switchboards = forms.CharField(
        label=_("Switchboards"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3, "inputmode": "tel", "spellcheck": "false"}),
        help_text=_(
            "Numbers that many people call from, such as a hotel's or an office's, one on a line. A call from"
            " one of these never redeems by itself; you can assign it by hand."
        ),
    )
    cool_down_hours = forms.IntegerField(
        label=_("Hours that a number rests before it serves the same buyer again"),
        min_value=0,
        max_value=2160,
        help_text=_("So that a call that comes late can't mean the wrong order."),
    )

    def __init__(self, rules: CallRules, merchant: Merchant, *args: Any, **kwargs: Any) -> None:
        self.merchant = merchant
        told = {name: getattr(rules, name) for name in self.base_fields}
        kwargs["initial"] = {**told, "switchboards": "\n".join(rules.switchboards)}
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.IntegerField):
                field.widget.attrs["inputmode"] = "numeric"

    def clean_switchboards(self) -> list[str]:
        """E.164, each once."""
        texts = [text.strip() for text in re.split(r"[\n\r,;、，；]+", self.cleaned_data["switchboards"])]
        numbers: dict[str, None] = {}
        for text in filter(None, texts):
            number = read_number(text, self.merchant.region)
            if not number:
                raise ValidationError(
                    _("“%(text)s” is no phone number."), code="invalid_phone", params={"text": text[:40]}
                )
            numbers[number] = None
        if len(numbers) > 100:
            raise ValidationError(_("At most 100 switchboards."), code="too_many")
        return list(numbers)
