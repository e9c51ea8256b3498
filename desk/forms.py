"""Forms of a buyer's own pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from common.forms import AmountField
from payments.forms import OnceForm
from payments.gateways.base import gateway, names

CHIPS_MAJOR = (50, 100, 200, 500)


class TopUpForm(OnceForm):
    """How much to put into the wallet, and from where."""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = AmountField(currency, label=_("Another amount"), required=False)
        self.fields["chip"] = forms.CharField(required=False)
        self.fields["gateway"] = forms.ChoiceField(
            label=pgettext_lazy("payment", "From"),
            choices=[(name, gateway(name).label) for name in names()],
            required=False,
        )

    def clean_gateway(self) -> str:
        """The chosen one, or the usual one."""
        return self.cleaned_data["gateway"] or str(settings.DEFAULT_GATEWAY)

    def clean(self) -> dict[str, Any]:
        """One amount, in minor units, from the field or else from the chips."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "amount" in self.errors:
            return cleaned
        chip = cleaned.get("chip", "")
        typed = cleaned.get("amount")
        chosen = int(chip) if chip.isascii() and chip.isdigit() and len(chip) <= 9 else 0
        if not typed and not chosen:
            raise ValidationError(_("Choose an amount, or type one."), code="no_amount")
        cleaned["amount_minor"] = typed or chosen
        return cleaned


class AccountForm(forms.Form):
    """What a person is called here, and in which language."""

    name = forms.CharField(
        label=pgettext_lazy("person", "Name"),
        max_length=120,
        required=False,
        help_text=_("Shops whose customer you are see it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
