"""Filters for orders: `{{ order.channel|channel }}`, `{{ order|summary }}`, `{{ item.code|grouped }}`."""

from __future__ import annotations

from django import template

from orders.models import Order
from orders.words import channel_label, summary_of

register = template.Library()


@register.filter
def channel(value: str) -> str:
    """A channel's name for people."""
    return channel_label(value)


@register.filter
def summary(order: Order) -> str:
    """What is in an order, in one line; wants the items prefetched."""
    return summary_of(order.items.all())


@register.filter
def grouped(code: str) -> str:
    """The 16 digits of an item's code in groups of four, as people read them out."""
    return "\u2009".join(code[place : place + 4] for place in range(0, len(code), 4))
