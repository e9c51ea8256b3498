"""The shop's form: a basket that needs no script, and who orders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from common import ids
from common.phones import MAX_SPELLING, to_e164
from merchants.models import Merchant
from orders.flows.place_order import MAX_UNITS, Line

PREFIX = "q-"
MAX_PRODUCTS = 100
_ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Basket:
    """How many of which product, as the page's inputs say."""

    quantities: Mapping[UUID, int] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Basket:
        """Read `q-prd_…=2` from a form or an address; what is no quantity counts as none."""
        found: dict[UUID, int] = {}
        for name in data:
            product = (
                ids.parse_public_id("prd", name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
            )
            quantity = _read_quantity(str(data[name]))
            if product is not None and quantity and len(found) < MAX_PRODUCTS:
                found[product] = quantity
        return cls(found)

    def stepped(self, step: str) -> Basket:
        """The basket after a tap on plus or minus: `prd_…:1` or `prd_…:-1`."""
        name, _colon, by = step.partition(":")
        product = ids.parse_public_id("prd", name)
        if product is None or by not in ("1", "-1"):
            return self
        quantity = min(max(self.quantities.get(product, 0) + int(by), 0), MAX_UNITS)
        kept = {**self.quantities, product: quantity}
        return Basket({product: quantity for product, quantity in kept.items() if quantity})

    def lines(self) -> list[Line]:
        """What the flow takes, in one order whatever the page's was."""
        return [Line(product, quantity) for product, quantity in sorted(self.quantities.items())]


def input_name(product_id: UUID) -> str:
    """The name of a product's quantity."""
    return PREFIX + ids.public_id("prd", product_id)


def _read_quantity(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


class ShopForm(forms.Form):
    """Who orders, and the word that makes the order happen once."""

    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=MAX_SPELLING,
        help_text=_("Your order is then also among “My orders” when you sign in."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    note = forms.CharField(
        label=_("Note for the shop"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    once = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, merchant: Merchant, knows_buyer: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.merchant = merchant
        self.initial.setdefault("once", ids.new_token())
        if knows_buyer:
            del self.fields["phone"]

    def clean_phone(self) -> str:
        """E.164, or empty where none was given."""
        text: str = self.cleaned_data["phone"]
        if not text:
            return ""
        number = to_e164(text, self.merchant.region)
        if number is None:
            raise ValidationError(_("Enter a valid phone number."), code="invalid_phone")
        return number

    def clean_once(self) -> str:
        """The word that this form was drawn with; a new one where it is none."""
        text: str = self.cleaned_data["once"]
        return text if _ONCE.fullmatch(text) else ids.new_token()
