"""Forms of the till's page: what is collected, and why a sale is taken back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from common.forms import AmountField
from common.money import MAX_AMOUNT_MINOR
from coupons.words import amount as amount_words
from merchants.models import Merchant
from orders.dashboard_forms import chosen_products
from orders.flows.place_order import MAX_UNITS
from orders.models import Product
from payments.till import COUNTER, CollectAsk, bill_line
from payments.till_queries import names_on_bill
from payments.till_serializers import MAX_LINES

REASON_LENGTH = 300
_CODE = re.compile(r"[0-9]{18}")
_BLANKS = re.compile(r"[\s\-\u2009]")
_REFERENCE = re.compile(r"[A-Za-z0-9-]{16,64}")


def new_reference() -> str:
    """The number of a sale that is about to be typed in."""
    return str(uuid4())


def is_reference(text: str) -> bool:
    """Whether this page could have given a sale such a number."""
    return _REFERENCE.fullmatch(text) is not None


class TillForm(forms.Form):
    """A sale: what it comes to, or the products that it is made of, and the buyer's payment code."""

    reference = forms.CharField(
        validators=[RegexValidator(rf"\A{_REFERENCE.pattern}\Z")], widget=forms.HiddenInput
    )
    code = forms.CharField(
        label=_("Payment code"),
        max_length=60,
        error_messages={"required": _("Scan or type the code on the buyer's phone.")},
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "off",
                "class": "form-control",
                "placeholder": "0000 0000 0000 0000 00",
            }
        ),
    )

    def __init__(self, merchant: Merchant, products: Sequence[Product], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.merchant, self.products = merchant, products
        self.fields["amount"] = AmountField(merchant.currency, label=_("Amount"), required=False)
        for product in products:
            self.fields[product.public_id] = _quantity(product)

    def rows(self) -> list[tuple[Product, forms.BoundField]]:
        """Each product with the field of its quantity."""
        return [(product, self[product.public_id]) for product in self.products]

    def clean_code(self) -> str:
        """The 18 digits, however they were grouped or typed."""
        plain = _BLANKS.sub("", unicodedata.normalize("NFKC", self.cleaned_data["code"]))
        if _CODE.fullmatch(plain) is None:
            raise ValidationError(_("A payment code has 18 digits."), code="no_code")
        return plain

    def clean(self) -> dict[str, Any]:
        """An amount that was not typed is what the products come to."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._check_sold()
        if len(self.lines()) > MAX_LINES:
            self.add_error(None, ValidationError(_("Too many different products."), code="too_many_lines"))
        if cleaned.get("amount") is None and "amount" not in self.errors:
            self._fill_amount(cleaned)
        return cleaned

    def _check_sold(self) -> None:
        """Nothing that was chosen drops out of the bill unseen."""
        missing = set(chosen_products(self.data)) - {product.pk for product in self.products}
        if not missing:
            return
        names = ", ".join(names_on_bill(self.merchant, missing))
        words = _("No longer sold: %(names)s.") if names else _("A product that was chosen is not sold here.")
        self.add_error(None, ValidationError(words, code="not_sold", params={"names": names}))

    def _is_price_changed(self) -> bool:
        """Whether a product of the bill costs something else than on the page that was sent."""
        chosen = (product for product in self.products if self.cleaned_data.get(product.public_id))
        return any(
            self.data.get(f"shown_{product.public_id}") not in (None, str(product.price_minor))
            for product in chosen
        )

    def _new_total(self, total: int) -> ValidationError:
        words = _("A price has changed since this page was opened: together it is %(amount)s now.")
        return ValidationError(
            words, code="price_changed", params={"amount": amount_words(total, self.merchant.currency)}
        )

    def _fill_amount(self, cleaned: dict[str, Any]) -> None:
        total = sum(line["price"] * line["quantity"] for line in self.lines())
        if total > MAX_AMOUNT_MINOR:
            self.add_error("amount", ValidationError(_("This is too much."), code="too_large"))
        elif not total:
            self.add_error("amount", ValidationError(_("Type what is to be paid."), code="required"))
        elif self._is_price_changed():
            self.add_error("amount", self._new_total(total))
        cleaned["amount"] = total

    def lines(self) -> list[dict[str, Any]]:
        """The products of the bill, as a sale keeps them."""
        asked = ((product, self.cleaned_data.get(product.public_id)) for product in self.products)
        return [bill_line(product, quantity) for product, quantity in asked if quantity]

    def ask(self) -> CollectAsk:
        """What the flow takes; of a valid form."""
        told = self.cleaned_data
        return CollectAsk(
            self.merchant, told["code"], told["amount"], told["reference"], self.lines(), channel=COUNTER
        )


def _quantity(product: Product) -> forms.IntegerField:
    return forms.IntegerField(
        label=product.name,
        required=False,
        min_value=0,
        max_value=MAX_UNITS,
        widget=forms.NumberInput(
            attrs={"inputmode": "numeric", "class": "lt-quantity", "data-price": product.price_minor}
        ),
    )


class ReverseForm(forms.Form):
    """Why a sale is taken back."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=REASON_LENGTH,
        error_messages={"required": _("Say why the sale is reversed.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
