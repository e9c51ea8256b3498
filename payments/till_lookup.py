"""What a till's sale has to know, in two statements: the code under lock, then all that depends on it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from common import locking
from common.rows import prepared_cursor
from coupons.arming import arming_turn_sql
from merchants.models import Person
from payments.guessing import WINDOW
from payments.models import Payment, PaymentCode
from payments.payment_codes import digest_of
from payments.till import CollectAsk, turn

# Both turns are taken in the order written, before the row. Whoever arms a coupon meanwhile waits, so
# that nobody is told that it is set for a payment which goes through without it.
_CODE = (
    "SELECT {0}, {1} FROM payments_paymentcode t0"
    " JOIN merchants_person t1 ON t1.id = t0.buyer_id,"
    " LATERAL (SELECT pg_advisory_xact_lock(%s),"
    f" pg_advisory_xact_lock({arming_turn_sql('t0.buyer_id')})) turns"
    " WHERE t0.digest = %s"
    " AND (SELECT count(*) FROM (SELECT 1 FROM payments_codeguess"
    " WHERE merchant_id = %s AND at > %s LIMIT %s) g) < %s"
)
_AROUND = (
    "SELECT (SELECT id FROM coupons_coupon WHERE owner_id = %s AND state = 'armed'),"
    " (SELECT id FROM payments_payment WHERE kind = 'till' AND merchant_id = %s AND till_reference = %s),"
    " EXISTS (SELECT 1 FROM payments_givenupsale WHERE merchant_id = %s AND reference = %s)"
)


class Around(NamedTuple):
    """The buyer's armed coupon, the sale of this reference if there was one, whether it was given up."""

    armed_coupon: UUID | None
    sale: Payment | None
    is_given_up: bool


def lock_code(ask: CollectAsk, moment: datetime, guesses_allowed: int) -> PaymentCode | None:
    """Lock the code, take the reference's turn and the buyer's turn of arming. None where no such code
    was issued to anybody who may pay, or where the till has guessed too often."""
    shop = ask.merchant.pk
    values = [locking.turn_of(turn(shop, ask.reference)), digest_of(ask.payment_code)]
    guessing = [shop, moment - WINDOW, guesses_allowed, guesses_allowed]
    for code, buyer in locking.lock_read(_CODE, [*values, *guessing], PaymentCode, Person):
        assert isinstance(code, PaymentCode)
        assert isinstance(buyer, Person)
        code.buyer = buyer
        return code
    return None


def look_around(ask: CollectAsk, buyer_id: UUID) -> Around:
    """Read after both are held, so that what others decided before is seen."""
    shop = ask.merchant.pk
    with prepared_cursor() as cursor:
        cursor.execute(_AROUND, [buyer_id, shop, ask.reference, shop, ask.reference])
        armed, sale, is_given_up = cursor.fetchone()
    return Around(armed, Payment.objects.get(pk=sale) if sale else None, is_given_up)
