"""A campaign's coupons as a table for a spreadsheet, streamed row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from common import audit
from common.fields import moment_out
from common.sheets import BYTE_ORDER_MARK, line
from coupons.models import Campaign, Coupon
from coupons.queries import coupons_of
from coupons.words import masked

CHUNK = 500


def export_coupons(campaign: Campaign) -> Iterator[str]:
    """Lines of CSV, the heading first; what was taken out is audited before the first line.

    Read in chunks, each in its own query: memory stays the same with a million coupons. Of numbers only
    as much as the page shows: a buyer who claimed a coupon has not told the shop who they are.
    """
    audit.record("coupons.export", campaign.public_id, merchant_id=campaign.merchant_id)
    return _lines(campaign)


def _lines(campaign: Campaign) -> Iterator[str]:
    yield BYTE_ORDER_MARK + line(_heading())
    last: UUID | None = None
    while True:
        rows = coupons_of(campaign.merchant, campaign).order_by("-id")
        chunk = list((rows.filter(pk__lt=last) if last else rows)[:CHUNK])
        for coupon in chunk:
            yield line(_cells(coupon, campaign))
        if len(chunk) < CHUNK:
            return
        last = chunk[-1].pk


def _heading() -> list[str]:
    return [
        _("Coupon"),
        _("State"),
        _("Buyer's phone"),
        _("Issued"),
        _("Ends"),
        _("Used"),
        _("Taken off (minor units)"),
        _("Currency"),
    ]


def _cells(coupon: Coupon, campaign: Campaign) -> list[Any]:
    return [
        coupon.public_id,
        coupon.state,
        masked(coupon.owner.phone),
        moment_out(coupon.issued_at),
        moment_out(coupon.expires_at),
        moment_out(coupon.used_at) or "",
        coupon.deduction_minor,
        campaign.currency,
    ]
