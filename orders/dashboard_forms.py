"""Forms of the dashboard's pages of orders, products and printed codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from common.forms import AmountField
from common.ids import parse_public_id
from common.phones import to_e164
from merchants.models import Merchant
from orders.flows.place_order import MAX_UNITS, Line
from orders.models import OrderState, PrintedCode, Product, RedeemBy
from orders.queries import MAX_SEARCH, OrderFilter
from orders.serializers import MAX_STOCK

_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


class _DayField(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        limits = [MinValueValidator(_FIRST_DAY), MaxValueValidator(_LAST_DAY)]
        super().__init__(widget=widget, validators=limits, input_formats=["%Y-%m-%d"], **kwargs)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class OrderListForm(forms.Form):
    """What an order list is narrowed to; days are the project's calendar days, both included."""

    q = forms.CharField(
        label=_("Search"),
        max_length=MAX_SEARCH,
        required=False,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Number, item code, phone or note")}
        ),
    )
    state = forms.ChoiceField(label=_("State"), required=False)
    since = _DayField(label=pgettext_lazy("day", "From"), required=False)
    until = _DayField(label=pgettext_lazy("day", "To"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        state = self.fields["state"]
        assert isinstance(state, forms.ChoiceField)
        state.choices = [("", _("All")), *OrderState.choices]

    def clean(self) -> dict[str, Any]:
        """The days in their order."""
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("This day lies before the first."))
        return cleaned

    def narrowed(self) -> OrderFilter:
        """The filter of a valid form."""
        told = self.cleaned_data
        since, until = told.get("since"), told.get("until")
        return OrderFilter(
            state=told["state"] or None,
            created_after=_midnight(since) - timedelta(microseconds=1) if since else None,
            created_before=_midnight(until + timedelta(days=1)) if until else None,
            q=told["q"].strip(),
        )


class CounterOrderForm(forms.Form):
    """A new order at the counter: a quantity for each product, a phone and a note if there are any."""

    buyer_phone = forms.CharField(
        label=_("Buyer's phone"),
        max_length=40,
        required=False,
        help_text=_("So that the order is on the buyer's pages before it is paid."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    note = forms.CharField(label=_("Note"), max_length=500, required=False)

    def __init__(self, merchant: Merchant, products: Sequence[Product], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.merchant, self.products = merchant, products
        for product in products:
            self.fields[product.public_id] = _quantity(product)

    def rows(self) -> list[tuple[Product, forms.BoundField]]:
        """Each product with the field of its quantity."""
        return [(product, self[product.public_id]) for product in self.products]

    def clean_buyer_phone(self) -> str:
        """E.164, or nothing."""
        text = self.cleaned_data["buyer_phone"].strip()
        phone = to_e164(text, self.merchant.region) if text else ""
        if phone is None:
            raise ValidationError(_("This is no phone number."), code="invalid_phone")
        return phone

    def clean(self) -> dict[str, Any]:
        """At least one unit, not more than an order takes."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            units = sum(line.quantity for line in self.lines())
            if units == 0:
                raise ValidationError(_("Say how many of what."), code="empty")
            if units > MAX_UNITS:
                raise ValidationError(
                    _("An order takes at most %(most)s units."),
                    code="too_many_units",
                    params={"most": MAX_UNITS},
                )
        return cleaned

    def lines(self) -> list[Line]:
        """What is ordered."""
        asked = ((product, self.cleaned_data.get(product.public_id)) for product in self.products)
        return [Line(product.pk, quantity) for product, quantity in asked if quantity]


def _quantity(product: Product) -> forms.IntegerField:
    most = MAX_UNITS if product.stock is None else min(MAX_UNITS, product.stock)
    return forms.IntegerField(
        label=product.name,
        required=False,
        min_value=0,
        max_value=most,
        widget=forms.NumberInput(
            attrs={"inputmode": "numeric", "class": "lt-quantity", "data-price": product.price_minor}
        ),
        error_messages={"max_value": _("Only %(limit_value)s left.")} if most < MAX_UNITS else None,
    )


def chosen_products(query: Any) -> list[UUID]:
    """The products that a half-filled order form names a quantity for."""
    named = (parse_public_id("prd", name) for name, value in query.items() if value not in ("", "0"))
    return [product_id for product_id in named if product_id is not None][:MAX_UNITS]


class ProductForm(forms.Form):
    """What a product is."""

    name = forms.CharField(label=_("Name"), max_length=120)
    redeem_by = forms.ChoiceField(
        label=_("How the buyer gets it"),
        choices=RedeemBy.choices,
        widget=forms.RadioSelect,
        initial=RedeemBy.CODE,
    )
    image = forms.URLField(
        label=_("Address of a picture"), max_length=500, required=False, assume_scheme="https"
    )

    field_order = ("name", "price", "redeem_by", "image", "stock")

    def __init__(self, currency: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["price"] = AmountField(currency, label=_("Price"))
        self.order_fields(self.field_order)


def _stock_field() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("In stock"),
        required=False,
        min_value=0,
        max_value=MAX_STOCK,
        help_text=_("Leave it empty where it never runs out."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class NewProductForm(ProductForm):
    """A product to be made, with its stock."""

    stock = _stock_field()


class StockForm(forms.Form):
    """How many there are."""

    stock = _stock_field()


class PrintedCodeForm(forms.Form):
    """A code to be printed."""

    kind = forms.ChoiceField(
        label=_("Where it hangs"), choices=PrintedCode.Kind.choices, widget=forms.RadioSelect, initial="table"
    )
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Printed below the code, for example “Table 7”.")
    )

    def __init__(self, products: Sequence[Product], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["products"] = forms.MultipleChoiceField(
            label=_("Only these products"),
            required=False,
            choices=[(product.public_id, product.name) for product in products],
            widget=forms.CheckboxSelectMultiple,
            help_text=_("With none chosen the code offers all that you sell."),
        )

    def product_ids(self) -> list[UUID]:
        """The chosen products' ids."""
        chosen = (parse_public_id("prd", text) for text in self.cleaned_data["products"])
        return [product_id for product_id in chosen if product_id is not None]


class RedeemForm(forms.Form):
    """A code that was typed or scanned."""

    code = forms.CharField(
        label=_("Item's code"),
        max_length=500,
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "off",
                "autofocus": True,
                "placeholder": "0000 0000 0000 0000",
            }
        ),
    )
