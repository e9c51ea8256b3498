"""What an open offer means for its coupon; each joins the caller's transaction, which holds the coupon."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from coupons.models import ShareOffer

OFFERED_FOR = timedelta(days=7)
"""How long whoever got the address may wait before taking the coupon."""


def open_offer(coupon_id: UUID) -> ShareOffer | None:
    """The offer of a coupon that was neither taken nor withdrawn; its time may have passed."""
    return ShareOffer.objects.filter(coupon_id=coupon_id, taken_at=None, withdrawn_at=None).first()


def withdraw_open(coupon_id: UUID, moment: datetime) -> bool:
    """End the offer of a coupon; whether there was one."""
    still = ShareOffer.objects.filter(coupon_id=coupon_id, taken_at=None, withdrawn_at=None)
    return still.update(withdrawn_at=moment) > 0


def offer_of_token(token: str) -> ShareOffer | None:
    """The offer of an address, with what its page shows."""
    return ShareOffer.objects.filter(token=token).select_related("coupon__campaign__merchant").first()
