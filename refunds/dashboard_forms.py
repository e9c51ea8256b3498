"""Forms of the dashboard's pages of refunds: deciding about several, and the shop's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext as _, gettext_lazy

from common.forms import AmountField
from common.ids import parse_public_id
from common.money import format_minor, typed_minor
from merchants.dashboard import PAGE_ROWS
from merchants.models import Merchant
from refunds.deciding import PLATFORM
from refunds.models import DeadlineOutcome, RedeemedUnits
from refunds.verdicts import MAX_REASON

APPROVE, REJECT = "approve", "reject"
MOST_MONEY_MINOR = 10**12
YEARS_DAYS = 3650


class DecideForm(forms.Form):
    """What becomes of the refunds that are ticked."""

    decision = forms.ChoiceField(choices=[(APPROVE, APPROVE), (REJECT, REJECT)])
    refund = forms.Field(
        required=False,
        widget=forms.MultipleHiddenInput,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=MAX_REASON,
        help_text=gettext_lazy("The buyers read it."),
        widget=forms.TextInput(attrs={"required": True, "autocomplete": "off"}),
    )

    def clean_refund(self) -> list[UUID]:
        """The ids that are ticked, each once; at least one, and no more than a page has."""
        texts = dict.fromkeys(self.cleaned_data["refund"] or ())
        ids = [found for text in list(texts)[:PAGE_ROWS] if (found := parse_public_id("rfd", text))]
        if not ids:
            raise ValidationError(_("Tick at least one refund."), code="none")
        return ids

    def clean(self) -> dict[str, Any]:
        """Whoever rejects says why."""
        told: dict[str, Any] = super().clean() or {}
        if told.get("decision") == REJECT and not told.get("reason") and "reason" not in self.errors:
            self.add_error("reason", ValidationError(_("Say why: the buyers read it."), code="required"))
        return told


class PolicyForm(forms.Form):
    """A shop's own rules; beside each field stands what holds where it is left empty."""

    deadline_outcome = forms.ChoiceField(
        label=gettext_lazy("If you don't answer in time"),
        required=False,
        help_text=gettext_lazy(
            "A refund with a photo that was used before is rejected then, whatever you choose here."
        ),
    )
    refunds_redeemed = forms.ChoiceField(
        label=gettext_lazy("Items that were redeemed"),
        required=False,
        help_text=gettext_lazy("What becomes of an item that the buyer has had already."),
    )

    def __init__(
        self, own: Mapping[str, Any], merchant: Merchant, data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=dict(own))
        self.fields |= _numbers() | _amounts(merchant.currency)
        self._offer("deadline_outcome", DeadlineOutcome.choices)
        self._offer("refunds_redeemed", RedeemedUnits.choices)

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        words = dict(choices)[getattr(PLATFORM, name)]
        usual = _("The platform's rule: %(rule)s") % {"rule": words}
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", usual), *choices]


def _number(name: str, label: Any, help_text: Any, most: int, least: int = 0) -> forms.IntegerField:
    usual = str(getattr(PLATFORM, name))
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=least,
        max_value=most,
        help_text=f"{help_text} {_usual(usual)}",
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "placeholder": usual}),
    )


def _usual(shown: str) -> str:
    return _("Empty: the platform's, %(usual)s.") % {"usual": shown}


def _numbers() -> dict[str, forms.Field]:
    return {
        "threshold": _number(
            "threshold",
            _("Reputation from which refunds are automatic"),
            _("0 to 101. 0: everybody's are; 101: nobody's, you look at each."),
            101,
        ),
        "window_days": _number(
            "window_days",
            _("Days in which a refund can be asked for"),
            _("Counted from when the item was redeemed; what was not redeemed, from the payment."),
            YEARS_DAYS,
        ),
        "per_buyer_count": _number(
            "per_buyer_count",
            _("Automatic refunds that one buyer may have"),
            _("At all shops together. Whoever has had that many waits for you."),
            30_000,
        ),
        "per_buyer_days": _number(
            "per_buyer_days", _("… in so many days"), _("What lies further back does not count."), 366, 1
        ),
        "per_merchant_day_count": _optional_count(),
        "deadline_hours": _number(
            "deadline_hours",
            _("Hours that you have to decide"),
            _("Counted from when it was asked for."),
            24 * 90,
            1,
        ),
    }


def _optional_count() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("How many automatic refunds a day"),
        required=False,
        min_value=0,
        max_value=1_000_000,
        help_text=_no_limit(),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


def _no_limit() -> str:
    return _("Empty: as the platform, no such limit.")


def _amounts(currency: str) -> dict[str, forms.Field]:
    return {
        "person_above_minor": _amount(
            "person_above_minor",
            currency,
            _("Amount above which you decide"),
            _("A refund of exactly this is still automatic."),
        ),
        "per_buyer_minor": _amount(
            "per_buyer_minor",
            currency,
            _("What one buyer's automatic refunds may come to"),
            _("In the same days, at all shops together."),
        ),
        "per_merchant_day_minor": _amount(
            "per_merchant_day_minor",
            currency,
            _("What automatic refunds of a day may come to"),
            _("What is above that waits for you; nothing is refused for it."),
        ),
    }


def _amount(name: str, currency: str, label: Any, help_text: Any) -> AmountField:
    usual_minor = getattr(PLATFORM, name)
    field = AmountField(currency, label=label, required=False, min_minor=0, max_minor=MOST_MONEY_MINOR)
    if usual_minor is None:
        field.help_text, field.widget.attrs["placeholder"] = f"{help_text} {_no_limit()}", ""
    else:
        shown = format_minor(usual_minor, currency, get_language() or "en")
        field.help_text = f"{help_text} {_usual(shown)}"
        field.widget.attrs["placeholder"] = typed_minor(usual_minor, currency)
    return field
