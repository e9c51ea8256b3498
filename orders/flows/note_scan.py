"""Noting that a code was looked at: the first step of the funnel (FLOWS 5)."""

from __future__ import annotations

from common import clock, locking, outbox
from orders.models import Order, PrintedCode, Scan


def note_live_scan(order: Order) -> None:
    """The first look at an order's live code; later ones cost nothing."""
    if order.scanned_at is not None:
        return
    with locking.transaction():
        first = Order.objects.filter(pk=order.pk, scanned_at=None).update(scanned_at=clock.now())
        if first:
            outbox.emit("order.scanned", order.public_id, merchant_id=order.merchant_id, **order.facts())


def note_confirmation(order: Order) -> None:
    """The first time that somebody set out to pay the order."""
    if order.confirmed_at is not None:
        return
    with locking.transaction():
        first = Order.objects.filter(pk=order.pk, confirmed_at=None).update(confirmed_at=clock.now())
        if first:
            outbox.emit("order.confirmed", order.public_id, merchant_id=order.merchant_id, **order.facts())


def note_code_scan(code: PrintedCode, visitor: str) -> None:
    """A visitor opened a printed code's page: counted once a visitor and day."""
    today = clock.today()
    with locking.transaction():
        scan = Scan(code=code, visitor=visitor[:32], day=today)
        Scan.objects.bulk_create([scan], ignore_conflicts=True)
        if Scan.objects.filter(pk=scan.pk).exists():
            outbox.emit("code.scanned", code.public_id, merchant_id=code.merchant_id, **code.facts())
