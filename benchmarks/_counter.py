"""What a sale at the till needs beforehand: buyers with money, each with a live code and perhaps a coupon.

Codes are made as the flow makes them (the digest is what is kept), but they live longer than a minute, so
that a round's worth can be prepared outside of the measured time.
"""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from django.utils.crypto import salted_hmac

from benchmarks._http import request
from benchmarks._till import Till

PRICE_MINOR = 100
PHONE = "+86138{:08d}"
"""The buyers' numbers (buyers.sql)."""

_END_CODES = """
UPDATE payments_paymentcode SET ended_at = now(), outcome = 'replaced' WHERE ended_at IS NULL"""
_CODES = """
INSERT INTO payments_paymentcode (id, buyer_id, digest, created_at, expires_at, outcome, reason)
SELECT uuidv7(), buyer, digest, now(), now() + interval '1 hour', '', ''
  FROM unnest(%s::uuid[], %s::bytea[]) given(buyer, digest)"""
_PUT_BACK = "UPDATE coupons_coupon SET state = 'issued', armed_until = NULL WHERE state = 'armed'"
_ARM = """
WITH made AS (
    INSERT INTO coupons_coupon (id, campaign_id, merchant_id, owner_id, state, issued_at, expires_at,
           armed_until, deduction_minor)
    SELECT uuidv7(), c.id, c.merchant_id, given.buyer, 'armed', now(), c.ends_at, now() + interval '1 hour', 0
      FROM unnest(%s::uuid[], %s::uuid[]) given(buyer, campaign)
      JOIN coupons_campaign c ON c.id = given.campaign
    RETURNING id, campaign_id, owner_id),
counted AS (
    UPDATE coupons_campaign c SET issued_count = c.issued_count + made.many
      FROM (SELECT campaign_id, count(*) AS many FROM made GROUP BY campaign_id) made
     WHERE c.id = made.campaign_id)
INSERT INTO coupons_holding (campaign_id, person_id, number, "limit", coupon_id, how, since)
SELECT m.campaign_id, m.owner_id, 1 + coalesce(had.most, 0), c.per_buyer_limit, m.id, 'issued', now()
  FROM made m JOIN coupons_campaign c ON c.id = m.campaign_id,
       LATERAL (SELECT max(number) AS most FROM coupons_holding h
                 WHERE h.campaign_id = m.campaign_id AND h.person_id = m.owner_id) had"""


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant with a till; `campaign` is whose coupons its buyers arm."""

    id: UUID
    key: str
    campaign: UUID


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale about to be made: the code on the buyer's phone, and where."""

    shop: Shop
    code: str
    digest: bytes
    reference: str


@dataclass(slots=True)
class Counter:
    """Prepares sales in a till's database."""

    till: Till
    buyers: list[UUID]
    made: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def of(cls, till: Till, buyers: int) -> Counter:
        """With so many buyers, made here."""
        return cls(till, [UUID(buyer) for buyer in till.fill("buyers", str(buyers))["buyers"]])

    def sales(self, shops: Sequence[Shop], count: int, *, with_coupons: bool) -> list[Sale]:
        """So many sales to be made, one a buyer, spread over these shops."""
        if count > len(self.buyers):
            raise ValueError(f"{count} sales, but only {len(self.buyers)} buyers")
        series, chosen = next(self.made), self.buyers[:count]
        sales = [self._sale(shops[place % len(shops)], f"{series}-{place}") for place in range(count)]
        with psycopg.connect(self.till.cluster.url()) as connection:
            connection.execute(_END_CODES)
            connection.execute(_CODES, [chosen, [sale.digest for sale in sales]])
            connection.execute(_PUT_BACK)
            if with_coupons:
                connection.execute(_ARM, [chosen, [sale.shop.campaign for sale in sales]])
        return sales

    def _sale(self, shop: Shop, reference: str) -> Sale:
        code = f"66{secrets.randbelow(10**16):016d}"
        return Sale(shop, code, self._digest(code), reference)

    def _digest(self, code: str) -> bytes:
        secret = self.till.environment["SECRET_KEY"]
        return salted_hmac("payments.code", code, secret=secret, algorithm="sha256").digest()

    def asked(self, sales: Sequence[Sale]) -> Iterator[bytes]:
        """The requests by which tills collect."""
        for sale in sales:
            body = {"payment_code": sale.code, "amount": PRICE_MINOR, "reference": sale.reference}
            path = "/api/v1/till/collect"
            yield request("POST", path, self.till.address, sale.shop.key, json.dumps(body).encode())


def shops_of(cast: dict[str, Any], campaigns: Sequence[str]) -> list[Shop]:
    """The cast's merchants with a campaign each."""
    pairs = zip(cast["merchants"], campaigns, strict=True)
    return [Shop(UUID(merchant["id"]), merchant["key"], UUID(campaign)) for merchant, campaign in pairs]
