"""The form of a segment: whom to give a coupon."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from common import clock, ids
from common.forms import AmountField
from common.ids import parse_public_id
from customers.models import Tag
from customers.segments import Segment
from merchants.models import Merchant

MOST_ORDERS = 1_000_000
MOST_TAGS_SHOWN = 200


class SegmentForm(forms.Form):
    """What has to hold for a customer; what is left empty is not asked.

    `once` names the run beforehand; the page draws it, a fresh one each time.
    """

    once = forms.CharField(widget=forms.HiddenInput, required=False)
    tags = forms.MultipleChoiceField(
        label=_("With all of these tags"), required=False, widget=forms.CheckboxSelectMultiple
    )
    min_orders = forms.IntegerField(
        label=_("Orders paid, at least"), required=False, min_value=1, max_value=MOST_ORDERS
    )
    bought_since = forms.DateField(
        label=_("Last bought on this day or later"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    not_since = forms.DateField(
        label=_("Bought nothing since this day"),
        required=False,
        help_text=_("Also who never bought: an order that went back as a whole counts as none."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    field_order = ("tags", "min_orders", "min_spent", "bought_since", "not_since")

    def __init__(self, merchant: Merchant, tags: Iterable[Tag], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["min_spent"] = AmountField(
            merchant.currency, label=_("Spent in all, at least"), required=False
        )
        self.order_fields(self.field_order)
        chooser = self.fields["tags"]
        assert isinstance(chooser, forms.MultipleChoiceField)
        chooser.choices = [(tag.pk.hex, tag.name) for tag in tags]
        if not chooser.choices:
            del self.fields["tags"]

    def clean(self) -> dict[str, Any]:
        """A day to come says nothing, and nobody bought on a day and nothing since."""
        told: dict[str, Any] = super().clean() or {}
        since, never = told.get("bought_since"), told.get("not_since")
        for name, day in (("bought_since", since), ("not_since", never)):
            if day and day > clock.today():
                self.add_error(name, _("This day has not come yet."))
        if since and never and never <= since:
            self.add_error("not_since", _("Nobody fits: this day has to be after the other one."))
        return told

    def segment(self) -> Segment:
        """What a valid form asks for."""
        told = self.cleaned_data
        return Segment(
            tags=tuple(UUID(hex=tag) for tag in told.get("tags", ())),
            min_orders=told["min_orders"] or 0,
            min_spent_minor=told["min_spent"] or 0,
            bought_since=told["bought_since"],
            not_since=told["not_since"],
        )

    def run_id(self) -> UUID:
        """The id that the page was drawn with; a new one where it is none."""
        return parse_public_id("seg", self.cleaned_data["once"]) or ids.new_id()


def fresh_once() -> str:
    """A new run's id, for each drawing of the page."""
    return ids.public_id("seg", ids.new_id())
