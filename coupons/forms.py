"""Forms of the dashboard's pages of campaigns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common import clock
from common.forms import AmountField
from common.ids import parse_public_id
from common.phones import to_e164
from coupons import goods
from coupons.flows.make_campaign import CampaignAsk
from coupons.models import FundedBy, Kind
from coupons.models.campaigns import MAX_BUDGET_MINOR, MAX_QUOTA
from coupons.pricing import Bill, Part, Terms
from coupons.serializers import MAX_SCOPE
from merchants.models import Merchant

_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
_MINUTES = "%Y-%m-%dT%H:%M"
_DAYS_BY_DEFAULT = 30
_SAY_HOW_MUCH = _("Say how much comes off.")


class _MomentField(forms.DateTimeField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTES)
        limits = [MinValueValidator(_FIRST), MaxValueValidator(_LAST)]
        super().__init__(
            widget=widget, validators=limits, input_formats=[_MINUTES, f"{_MINUTES}:%S"], **kwargs
        )


def _chosen(texts: Iterable[str]) -> list[UUID]:
    named = (parse_public_id("prd", text) for text in list(texts)[:MAX_SCOPE])
    return [product_id for product_id in named if product_id is not None]


class TermsForm(forms.Form):
    """What a coupon takes off which bill; amounts are the merchant's currency."""

    kind = forms.ChoiceField(
        label=_("What comes off"), choices=Kind.choices, widget=forms.RadioSelect, initial=Kind.FIXED
    )
    percent = forms.IntegerField(
        label=_("Percent"),
        error_messages={"required": _SAY_HOW_MUCH},
        min_value=1,
        max_value=100,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("Of the bill, rounded to the nearest coin; a half goes up."),
    )

    def __init__(self, merchant: Merchant, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.merchant, currency = merchant, merchant.currency
        self.fields |= {
            "amount": AmountField(currency, label=_("Amount"), error_messages={"required": _SAY_HOW_MUCH}),
            "cap": AmountField(
                currency,
                label=_("At most"),
                required=False,
                help_text=_("However big the bill is, never more than this comes off. Empty: no such limit."),
            ),
            "minimum_spend": AmountField(
                currency,
                label=_("Minimum spend"),
                min_minor=0,
                required=False,
                help_text=_("A smaller bill is refused; reaching it exactly is enough. Empty: any bill."),
            ),
            "products": forms.MultipleChoiceField(
                label=_("Only these products"), required=False, widget=forms.CheckboxSelectMultiple
            ),
        }
        self._fill_shelf()

    def _fill_shelf(self) -> None:
        chosen = _chosen(self.data.getlist("products")) if self.is_bound else []  # type: ignore[attr-defined]
        self.shelf = goods.shelf_of(self.merchant, self.data.get("q", "").replace("\0", "")[:120], chosen)
        products = self.fields["products"]
        assert isinstance(products, forms.MultipleChoiceField)
        products.choices = [(good.public_id, good.name) for good in self.shelf]
        self.chosen = frozenset(chosen)

    def clean(self) -> dict[str, Any]:
        """What belongs to the other kind does not count, and need not be there."""
        told: dict[str, Any] = super().clean() or {}
        unasked = ("amount",) if told.get("kind") == Kind.PERCENT else ("percent", "cap")
        for name in unasked:
            told[name] = None
            self.errors.pop(name, None)
        return told

    @property
    def value(self) -> int:
        """Minor units, or whole percent, of a valid form."""
        told = self.cleaned_data
        return int(told["percent"] if told["kind"] == Kind.PERCENT else told["amount"])

    @property
    def product_ids(self) -> tuple[UUID, ...]:
        """The scope of a valid form."""
        return tuple(_chosen(self.cleaned_data["products"]))

    def terms(self) -> Terms:
        """What the arithmetic needs, of a valid form."""
        told = self.cleaned_data
        return Terms(
            told["kind"],
            self.value,
            told["cap"],
            told["minimum_spend"] or 0,
            frozenset(self.product_ids),
        )


class PreviewForm(TermsForm):
    """The same with a bill, to see what would come off."""

    def __init__(self, merchant: Merchant, *args: Any, **kwargs: Any) -> None:
        super().__init__(merchant, *args, **kwargs)
        currency = merchant.currency
        self.fields["bill"] = AmountField(currency, label=_("A bill of"))
        self.fields["in_scope"] = AmountField(
            currency,
            label=_("of that, the chosen products"),
            min_minor=0,
            required=False,
            help_text=_("Empty: all of it."),
        )

    def bill(self) -> Bill:
        """The bill of a valid form: one part of the chosen products, one of others."""
        told, products = self.cleaned_data, self.product_ids
        amount = told["bill"]
        if not products:
            return Bill(amount)
        inside = amount if told["in_scope"] is None else min(told["in_scope"], amount)
        parts = [Part(products[0], inside)] if inside else []
        return Bill(amount, (*parts, Part(UUID(int=0), amount - inside)))


class CampaignForm(TermsForm):
    """A campaign to be made."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("Buyers, cashiers and receipts show it, for example “Rainy day, 20 off”."),
    )
    starts_at = _MomentField(
        label=_("Starts"), help_text=_("Coupons can be given out before; they can't be used before.")
    )
    ends_at = _MomentField(label=_("Ends"), help_text=_("What is not used by then expires."))
    total_quota = forms.IntegerField(
        label=_("Coupons in all"),
        min_value=1,
        max_value=MAX_QUOTA,
        initial=100,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("Never more than this are given out, by whatever way."),
    )
    per_buyer_limit = forms.IntegerField(
        label=_("Coupons for one buyer"),
        min_value=1,
        max_value=MAX_QUOTA,
        initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("Used ones and those given away count, too."),
    )

    def __init__(self, merchant: Merchant, *args: Any, **kwargs: Any) -> None:
        super().__init__(merchant, *args, **kwargs)
        for name, label, hint in _BUDGETS:
            self.fields[name] = AmountField(
                merchant.currency, max_minor=MAX_BUDGET_MINOR, label=label, required=False, help_text=hint
            )
        if not self.is_bound:
            self.initial = {**_window(), **self.initial}

    def ask(self) -> CampaignAsk:
        """What the flow takes, of a valid form."""
        told = self.cleaned_data
        return CampaignAsk(
            merchant=self.merchant,
            name=told["name"],
            kind=told["kind"],
            value=self.value,
            starts_at=told["starts_at"],
            ends_at=told["ends_at"],
            total_quota=told["total_quota"],
            per_buyer_limit=told["per_buyer_limit"],
            cap_minor=told["cap"],
            minimum_spend_minor=told["minimum_spend"] or 0,
            budget_minor=told["budget"],
            daily_budget_minor=told["daily_budget"],
            products=self.product_ids,
            funded_by=told.get("funded_by") or FundedBy.MERCHANT,
        )

    @property
    def field_of(self) -> dict[str, str]:
        """The flow's name of a field → this form's."""
        is_percent = self.cleaned_data.get("kind") == Kind.PERCENT
        return {"value": "percent" if is_percent else "amount"}


_BUDGETS = (
    (
        "budget",
        _("Budget in all"),
        _("So much is taken off in all; then coupons are refused. Empty: no such limit."),
    ),
    (
        "daily_budget",
        _("Budget of a day"),
        _("So much is taken off on one calendar day; the next day they work again. Empty: no such limit."),
    ),
)


def _window() -> dict[str, datetime]:
    """From now until the end of a day in a month."""
    now = timezone.localtime(clock.now()).replace(second=0, microsecond=0)
    last = (now + timedelta(days=_DAYS_BY_DEFAULT)).date()
    return {"starts_at": now, "ends_at": timezone.make_aware(datetime.combine(last, time(23, 59)))}


class IssueForm(forms.Form):
    """One buyer, by phone."""

    buyer_phone = forms.CharField(
        label=_("Buyer's phone"),
        max_length=40,
        help_text=_("The coupon is on the buyer's pages at once; a new number gets its account right away."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )

    def __init__(self, merchant: Merchant, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.merchant = merchant

    def clean_buyer_phone(self) -> str:
        """E.164."""
        phone = to_e164(self.cleaned_data["buyer_phone"].strip(), self.merchant.region)
        if phone is None:
            raise ValidationError(_("This is no phone number."), code="invalid_phone")
        return phone


class LinkForm(forms.Form):
    """A claim link to be made."""

    name = forms.CharField(
        label=_("Where it hangs, or who has it"),
        max_length=80,
        required=False,
        help_text=_("For you only, for example “Window” or “Newsletter in May”."),
    )
