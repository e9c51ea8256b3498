"""The same durable work as bare SQL: what the database allows (pgbench's way: one statement, one answer).

Same tables, rows, constraints, indexes and triggers; prepared statements, one transaction. What the API adds
(key, limits, validation, the answer) is not in it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb
from uuid_utils.compat import uuid7

Call = Callable[[], object]
PLACED = timedelta(days=1)

_ORDER = """
INSERT INTO orders_order (id, merchant_id, number, state, amount_minor, currency, note, live_token,
       page_token, channel, awaits_redemption, awaits_release, awaits_call,
       service_number, placed_at, expires_at)
VALUES (%s, %s, %s, 'placed', 100, 'CNY', '', %s, %s, 'api', true, false, false, '', %s, %s)"""
_ITEM = """
INSERT INTO orders_item (id, order_id, product_id, product_name, redeem_by, code, state, price_minor,
       deduction_minor, platform_minor, from_stock, release_journal)
VALUES (%s, %s, %s, 'Jasmine tea', 'code', %s, 'issued', 100, 0, 0, false, %s)"""
EVENT = """
INSERT INTO common_outboxevent (id, at, actor, name, subject, merchant_id, payload, request_id)
VALUES (%s, %s, 'benchmark', %s, %s, %s, %s, '')"""
_PRODUCT = "SELECT id, price_minor, name FROM orders_product WHERE id = %s AND archived_at IS NULL"
_READ = """
SELECT o.state, o.amount_minor, o.merchant_id, m.redeem_within_days FROM orders_order o
  JOIN merchants_merchant m ON m.id = o.merchant_id WHERE live_token = %s FOR NO KEY UPDATE OF o"""
_PAY = """
UPDATE orders_order SET state = 'paid', buyer_id = %s, paid_at = %s, redeem_until = %s, scanned_at = %s,
       confirmed_at = %s
 WHERE live_token = %s AND state = 'placed' RETURNING id"""
_PAYMENT = """
INSERT INTO payments_payment (id, kind, merchant_id, order_id, payer_id, source, state, amount_minor,
       deduction_minor, currency, received_minor, returned_minor, consent, channel, scenario,
       provider_reference, redirect_url, failure_code, created_at, settled_at, asked_times, till_reference,
       lines, campaign_name, platform_minor, fee_minor)
VALUES (%s, 'order', %s, %s, %s, 'wallet', 'succeeded', 100, 0, 'CNY', 100, 0, false, 'api', '', '', '',
       '', %s, %s, 0, '', '[]', '', 0, 0)"""
_LEG = """
INSERT INTO ledger_leg (journal, n, posting, debit_kind, debit_owner, credit_kind, credit_owner, amount,
       currency, at)
VALUES (%s, 0, 'order_paid_wallet', 'W', %s, 'E', %s, 100, 'CNY', %s)"""
_WALLET = """
UPDATE ledger_balance_fund SET amount = amount - 100
 WHERE owner = %s AND kind = 'W' AND currency = 'CNY' AND stripe = 0 AND amount >= 100"""
_ESCROW = """
INSERT INTO ledger_balance_escrow (owner, kind, currency, stripe, within, amount)
VALUES (%s, 'E', 'CNY', 0, %s, 100)"""


def connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True, prepare_threshold=0)


def order_placer(url: str, merchant: dict[str, str], _number: int) -> Call:
    """Places orders of one unit."""
    send = connect(url).cursor().execute
    merchant_id, product_id = UUID(merchant["id"]), UUID(merchant["product_id"])
    choose = random.Random()

    def call() -> None:
        order, moment = uuid7(), datetime.now(UTC)
        code = str(choose.randrange(10**15, 10**16))
        send("BEGIN")
        send(_PRODUCT, [product_id])
        tokens = uuid4().hex, uuid4().hex
        send(_ORDER, [order, merchant_id, order.hex[-8:].upper(), *tokens, moment, moment + PLACED])
        send(_ITEM, [uuid7(), order, product_id, code, uuid7()])
        send(EVENT, [uuid7(), moment, "order.placed", f"ord_{order.hex}", merchant_id, _facts(order)])
        send("COMMIT")

    return call


def order_payer(
    url: str, tokens: Sequence[str], payers: Sequence[dict[str, str]], step: int, number: int
) -> Call:
    """Pays orders from wallets: every `step`-th of these live tokens, from its own number on."""
    cursor = connect(url).cursor()
    send = cursor.execute
    mine = iter(tokens[number::step])
    wallets = [UUID(payer["id"]) for payer in payers]
    choose = random.Random()

    def call() -> None:
        token, payment, moment, payer = next(mine), uuid7(), datetime.now(UTC), choose.choice(wallets)
        send("BEGIN")
        _state, _amount, merchant_id, days = row(send(_READ, [token]))
        until = moment + timedelta(days=days)
        (order,) = row(send(_PAY, [payer, moment, until, moment, moment, token]))
        send(_PAYMENT, [payment, merchant_id, order, payer, moment, moment])
        send(_LEG, [payment, payer, order, moment])
        send(_WALLET, [payer])
        send(_ESCROW, [order, merchant_id])
        send(EVENT, [uuid7(), moment, "order.paid", f"ord_{order.hex}", merchant_id, _facts(order)])
        send("COMMIT")

    return call


def row(cursor: psycopg.Cursor[Any]) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise LookupError("no such order")
    return row


def _facts(order: UUID) -> Jsonb:
    return Jsonb(
        {
            "order": f"ord_{order.hex}",
            "state": "placed",
            "amount": 100,
            "currency": "CNY",
            "channel": "api",
            "printed_code": None,
        }
    )


_UNPAID_ORDERS = """
INSERT INTO orders_order (id, merchant_id, number, state, amount_minor, currency, note, live_token,
       page_token, channel, awaits_redemption, awaits_release, awaits_call,
       service_number, placed_at, expires_at)
SELECT id, m, upper(right(id::text, 8)), 'placed', 100, 'CNY', '', md5('l' || n || random()),
       md5('p' || n || random()), 'api', true, false, false, '', now(), now() + interval '1 day'
  FROM (SELECT n, uuidv7() AS id, (%s::uuid[])[1 + n %% %s] AS m FROM generate_series(1, %s) n) g
RETURNING id, live_token"""
_UNPAID_ITEMS = """
INSERT INTO orders_item (id, order_id, product_id, product_name, redeem_by, code, state, price_minor,
       deduction_minor, platform_minor, from_stock, release_journal)
SELECT uuidv7(), o.id, p.id, p.name, p.redeem_by,
       (1000000000000000 + (random() * 8999999999999999)::bigint)::text,
       'issued', 100, 0, 0, false, uuidv7()
  FROM unnest(%s::uuid[]) given(id) JOIN orders_order o ON o.id = given.id
  JOIN orders_product p ON p.merchant_id = o.merchant_id"""


def make_unpaid(url: str, merchants: Sequence[dict[str, str]], count: int) -> list[str]:
    """So many orders to be paid, spread over these merchants: their live tokens."""
    with psycopg.connect(url) as connection:
        merchant_ids = [UUID(merchant["id"]) for merchant in merchants]
        made = connection.execute(_UNPAID_ORDERS, [merchant_ids, len(merchants), count]).fetchall()
        connection.execute(_UNPAID_ITEMS, [[order for order, _token in made]])
    return [token for _order, token in made]
