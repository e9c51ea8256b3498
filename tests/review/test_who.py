"""Who acts, who may look, and what is kept of secrets."""

from __future__ import annotations

import json

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib import admin
from django.core.cache import cache
from django.test import Client

from common import clock, ids
from common.models import OutboxEvent
from desk.flows.make_demo import make_demo
from merchants.models import Key
from orders.refusals import AlreadyPaid
from payments.flows.ask_gateways import ask_payments
from payments.flows.pay_order import PayAsk, pay_order
from tests.cast import (
    PASSWORD,
    Cast,
    key_of,
    make_buyer,
    make_merchant,
    make_order,
    make_product,
    make_staff,
    pay,
)
from tests.review.test_drains import LATER

pytestmark = pytest.mark.django_db


def test_a_page_after_a_request_of_the_api_is_not_the_keys_doing(cast: Cast) -> None:
    """Both on one thread, as a server's threads serve many."""
    client, key = Client(), key_of(cast.merchant)
    made = {"name": "A thing", "price": 5, "currency": "CNY", "redeem_by": "none"}
    answer = client.post(
        "/api/v1/products", made, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 201
    other = make_merchant()
    client.post(f"/s/{other.slug}", {f"q-{make_product(other).public_id}": "1"})
    assert OutboxEvent.objects.get(merchant_id=other.pk, name="order.placed").actor == "system"


def test_staff_can_neither_read_second_factors_nor_give_out_addresses() -> None:
    assert not admin.site.is_registered(Authenticator)
    assert not admin.site.is_registered(EmailAddress)


def test_a_second_factor_lies_sealed_and_works() -> None:
    staff, secret = make_staff(), "JBSWY3DPEHPK3PXP"
    TOTP.activate(staff, secret)
    stored = Authenticator.objects.get(user=staff)
    assert secret not in json.dumps(stored.data)
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert TOTP(stored).validate_code(code)


def test_hundreds_of_strangers_do_not_flush_who_tried_too_often() -> None:
    cache.clear()
    buyer, client = make_buyer(), Client()

    def sign_in(password: str) -> int:
        return client.post("/accounts/login/", {"login": buyer.phone, "password": password}).status_code

    for _attempt in range(12):
        sign_in("a guess")
    refused = sign_in(PASSWORD)
    for stranger in range(1_000):
        cache.set(f"of-a-stranger:{stranger}", stranger)
    assert (refused, sign_in(PASSWORD)) == (200, 200)
    cache.clear()


def test_the_demo_lives_on_after_somebody_revoked_its_keys() -> None:
    merchant = make_demo().merchants[0]
    Key.objects.filter(merchant=merchant).update(revoked_at=clock.now())
    assert make_demo().merchants[0] == merchant
    assert Key.objects.filter(merchant=merchant, revoked_at=None).exists()


def test_who_asks_again_hears_why_the_payment_did_not_count() -> None:
    """As after a crash: the repeat finds a payment that came too late for its order."""
    merchant, slow, quick = make_merchant(), make_buyer(), make_buyer(100_000)
    order = make_order(merchant).order
    ask = PayAsk(order.live_token, slow, "sandbox", True, scenario="timeout", id=ids.new_id())
    pay_order(ask)
    pay(order, quick)
    with clock.moved(LATER):
        ask_payments()
    with pytest.raises(AlreadyPaid):
        pay_order(ask)
