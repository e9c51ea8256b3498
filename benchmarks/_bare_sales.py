"""A sale at the till as bare SQL: the same rows, constraints, indexes and triggers in one transaction.

As in `_bare`: prepared statements, no key, limit, validation or answer. The coupon is locked and then used,
since its trigger allows no shorter way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor
from psycopg.types.json import Jsonb
from uuid_utils.compat import uuid7

from benchmarks._bare import EVENT, Call, connect, row
from benchmarks._counter import PRICE_MINOR, Sale

_CODE = """
SELECT c.id, c.buyer_id FROM payments_paymentcode c JOIN merchants_person p ON p.id = c.buyer_id
 WHERE c.digest = %s AND c.ended_at IS NULL AND p.is_active FOR NO KEY UPDATE OF c"""
_ARMED = """
SELECT c.id, m.value, m.name, m.id FROM coupons_coupon c JOIN coupons_campaign m ON m.id = c.campaign_id
 WHERE c.owner_id = %s AND c.state = 'armed' FOR NO KEY UPDATE OF c"""
_LOCK = """
UPDATE coupons_coupon SET state = 'locked', armed_until = NULL, payment_id = %s, deduction_minor = %s
 WHERE id = %s"""
_USE = "UPDATE coupons_coupon SET state = 'used', used_at = %s WHERE id = %s"
_PAYMENT = """
INSERT INTO payments_payment (id, kind, merchant_id, payer_id, source, state, amount_minor, deduction_minor,
       currency, received_minor, returned_minor, consent, channel, scenario, provider_reference,
       redirect_url, failure_code, created_at, settled_at, asked_times, till_reference, lines,
       campaign_name, platform_minor, fee_minor)
VALUES (%s, 'till', %s, %s, 'wallet', 'succeeded', %s, %s, 'CNY', %s, 0, false, 'api', '', '', '', '', %s, %s,
       0, %s, '[]', %s, 0, 0)"""
_END = """
UPDATE payments_paymentcode SET ended_at = %s, outcome = 'used', merchant_id = %s, amount_minor = %s,
       payment_id = %s
 WHERE id = %s"""
_LEG = """
INSERT INTO ledger_leg (journal, n, posting, debit_kind, debit_owner, credit_kind, credit_owner, amount,
       currency, at)
VALUES (%s, 0, 'till_sale_wallet', 'W', %s, 'M', %s, %s, 'CNY', %s)"""
_WALLET = """
UPDATE ledger_balance_fund SET amount = amount - %s
 WHERE owner = %s AND kind = 'W' AND currency = 'CNY' AND stripe = 0 AND amount >= %s"""
_MERCHANT = """
INSERT INTO ledger_balance_fund AS b (owner, kind, currency, stripe, amount)
VALUES (%s, 'M', 'CNY', pg_backend_pid() %% 16, %s)
    ON CONFLICT (owner, kind, currency, stripe) DO UPDATE SET amount = b.amount + excluded.amount"""


def seller(url: str, sales: Sequence[Sale], step: int, with_coupons: bool, number: int) -> Call:
    """Makes every `step`-th of these sales, from its own number on."""
    cursor = connect(url).cursor()
    send = cursor.execute
    mine = iter(sales[number::step])

    def call() -> None:
        sale, payment, moment = next(mine), uuid7(), datetime.now(UTC)
        send("BEGIN")
        code, buyer = row(send(_CODE, [sale.digest]))
        off, name = _coupon(cursor, buyer, payment, moment) if with_coupons else (0, "")
        paid, shop = PRICE_MINOR - off, sale.shop.id
        amounts = [PRICE_MINOR, off, paid]
        send(_PAYMENT, [payment, shop, buyer, *amounts, moment, moment, sale.reference, name])
        send(_END, [moment, shop, PRICE_MINOR, payment, code])
        send(_LEG, [payment, buyer, shop, paid, moment])
        send(_MERCHANT, [shop, paid])
        send(_WALLET, [paid, buyer, paid])
        told = _facts(payment, sale.reference, off, name)
        send(EVENT, [uuid7(), moment, "payment.collected", f"pay_{payment.hex}", shop, told])
        send("COMMIT")

    return call


def _coupon(cursor: Cursor[Any], buyer: UUID, payment: UUID, moment: datetime) -> tuple[int, str]:
    """Lock and use the armed coupon: what it takes off, and its campaign's name."""
    coupon, off, name, campaign = row(cursor.execute(_ARMED, [buyer]))
    cursor.execute(_LOCK, [payment, off, coupon])
    cursor.execute(_USE, [moment, coupon])
    told = Jsonb({"campaign": campaign.hex, "cost": off, "sale": PRICE_MINOR, "at": moment.isoformat()})
    cursor.execute(EVENT, [uuid7(), moment, "coupon.used", f"cpn_{coupon.hex}", None, told])
    return off, name


def _facts(payment: UUID, reference: str, off: int, name: str) -> Jsonb:
    return Jsonb(
        {
            "payment": f"pay_{payment.hex}",
            "order": None,
            "reference": reference,
            "state": "succeeded",
            "amount": PRICE_MINOR,
            "deduction": off,
            "paid": PRICE_MINOR - off,
            "coupon": {"campaign_name": name} if name else None,
            "currency": "CNY",
            "source": "wallet",
            "failure_code": None,
        }
    )
