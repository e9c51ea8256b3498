"""Words of campaigns for templates: what comes off, whose coupon it is."""

from __future__ import annotations

from django import template

from coupons import words
from coupons.models import Campaign

register = template.Library()


@register.filter
def off(campaign: Campaign) -> str:
    """`{{ campaign|off }}`: "¥20.00 off", "15% off, at most ¥30.00"."""
    return words.off(campaign)


@register.filter
def masked(phone: str | None) -> str:
    """`{{ coupon.owner.phone|masked }}`: enough of a number to recognise it."""
    return words.masked(phone)
