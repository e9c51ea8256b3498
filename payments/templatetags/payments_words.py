"""Filters for money: `{{ payment.source|source }}`, `{{ code|reason }}`, `{{ line.posting|posting }}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from payments.words import posting_text, reason_text, source_text

register = template.Library()

register.filter("source", source_text)
register.filter("reason", reason_text)
register.filter("posting", posting_text)


@register.filter
def line_total(line: Mapping[str, Any]) -> int:
    """`{{ line|line_total }}`: what a line of a till's bill comes to, in minor units."""
    return int(line["price"]) * int(line["quantity"])
