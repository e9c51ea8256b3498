"""What a live code opens: confirm and pay, wait, refused by name, ended; for payer and stranger."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client

from common import clock, ids
from common.models import OutboxEvent
from common.refusals import Refusal
from orders.flows.cancel_order import cancel_order
from orders.models import Order, OrderState
from payments.flows.pay_order import PayAsk, pay_order
from payments.flows.settle_payment import settle_payment
from payments.gateways.base import Outcome, Verdict
from payments.models import Payment, PaymentState
from payments.queries import wallet_of
from tests.cast import Cast, make_order, make_paid_order, pay, settle, signed_in, together
from tests.pages_buyer.conftest import field_of, pay_on_page, text_of
from tests.pages_buyer.test_order_page import refund_whole


@pytest.fixture
def order(cast: Cast) -> Order:
    """An order of CN¥60, unpaid."""
    return make_order(cast.merchant, cast.code_product).order


@pytest.fixture
def poor(cast: Cast) -> Client:
    """The browser of somebody without money."""
    return signed_in(cast.poor_buyer)


def state(order: Order) -> str:
    return str(Order.objects.get(pk=order.pk).state)


def test_nobody_sees_what_it_costs_and_how_to_sign_in(nobody: Client, order: Order) -> None:
    page = nobody.get(f"/pay/{order.live_token}")
    text = text_of(page)
    assert "By code" in text
    assert "CN¥60.00" in text
    assert f'name="next" value="/pay/{order.live_token}"' in page.content.decode()
    assert 'name="source"' not in page.content.decode()


def test_a_code_to_the_phone_leads_back_here(nobody: Client, order: Order) -> None:
    asked = nobody.post("/accounts/login/code/", {"login": "13812345678", "next": f"/pay/{order.live_token}"})
    assert asked.status_code == 302
    assert f"next=%2Fpay%2F{order.live_token}" in asked["Location"]


def test_looking_counts_as_a_scan_once(cast: Cast, nobody: Client, order: Order) -> None:
    nobody.get(f"/pay/{order.live_token}")
    first = Order.objects.get(pk=order.pk).scanned_at
    nobody.get(f"/pay/{order.live_token}")
    assert first is not None
    assert Order.objects.get(pk=order.pk).scanned_at == first


def test_nobody_who_posts_is_sent_to_sign_in(nobody: Client, order: Order) -> None:
    answer = nobody.post(f"/pay/{order.live_token}", {"source": "wallet"})
    assert answer["Location"] == f"/accounts/login/code/?next=%2Fpay%2F{order.live_token}"
    assert state(order) == "placed"


def test_a_form_from_elsewhere_is_refused(cast: Cast, order: Order) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.buyer, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert strict.post(f"/pay/{order.live_token}", {"source": "wallet"}).status_code == 403


def test_pays_from_the_wallet(cast: Cast, buyer: Client, order: Order, agrees: None) -> None:
    answer = pay_on_page(buyer, order)
    assert (answer.status_code, answer["Location"]) == (302, f"/pay/{order.live_token}/done")
    payment = Payment.objects.get(order=order)
    assert (payment.state, payment.source, payment.consent, payment.channel) == (
        "succeeded", "wallet", False, "page",
    )  # fmt: skip
    assert state(order) == "paid"


def test_the_payment_is_written_down_as_the_buyers(cast: Cast, buyer: Client, order: Order) -> None:
    pay_on_page(buyer, order)
    paid = OutboxEvent.objects.get(subject=order.public_id, name="order.paid")
    assert paid.actor == f"person:{cast.buyer.pk.hex}"


def test_consent_is_never_ticked_for_one(buyer: Client, order: Order) -> None:
    markup = buyer.get(f"/pay/{order.live_token}").content.decode()
    box = markup[markup.index('name="consent"') - 80 :].split(">", 1)[0]
    assert "checked" not in box


def test_consent_is_kept_with_the_payment(buyer: Client, order: Order) -> None:
    pay_on_page(buyer, order, consent="on")
    assert Payment.objects.get(order=order).consent


def test_the_same_form_sent_twice_pays_once(cast: Cast, buyer: Client, order: Order) -> None:
    form = {"payment": field_of(buyer.get(f"/pay/{order.live_token}"), "payment"), "source": "wallet"}
    answers = [buyer.post(f"/pay/{order.live_token}", form) for _ in range(2)]
    assert {answer["Location"] for answer in answers} == {f"/pay/{order.live_token}/done"}
    assert Payment.objects.filter(order=order).count() == 1


@pytest.mark.races
@pytest.mark.parametrize("source", ["wallet", "sandbox"])
def test_the_same_form_sent_at_one_moment_pays_once(committed: None, cast: Cast, source: str) -> None:
    order = make_order(cast.merchant, cast.code_product).order
    form = {"source": source}
    form["payment"] = field_of(signed_in(cast.buyer).get(f"/pay/{order.live_token}"), "payment")
    browsers = [signed_in(cast.buyer) for _ in range(5)]
    answers = together(lambda number: browsers[number].post(f"/pay/{order.live_token}", form), 5)
    assert all(answer.status_code == 302 for answer in answers), answers
    assert Payment.objects.filter(order=order).count() == 1
    assert wallet_of(cast.buyer, "CNY") == (994_000 if source == "wallet" else 1_000_000)


@pytest.mark.races
def test_control_forms_of_their_own_at_one_moment_are_attempts_of_their_own(
    committed: None, cast: Cast
) -> None:
    order = make_order(cast.merchant, cast.code_product).order
    browsers = [signed_in(cast.buyer) for _ in range(3)]
    fields = [field_of(one.get(f"/pay/{order.live_token}"), "payment") for one in browsers]
    together(
        lambda number: browsers[number].post(
            f"/pay/{order.live_token}", {"payment": fields[number], "source": "sandbox"}
        ),
        3,
    )
    assert Payment.objects.filter(order=order).count() > 1
    settle()


@pytest.mark.parametrize("whose", ["nonsense", "", "another", "other_order"])
def test_an_id_that_is_not_this_forms_makes_a_payment_of_its_own(
    cast: Cast, buyer: Client, order: Order, whose: str
) -> None:
    other = make_order(cast.merchant, cast.code_product).order
    foreign = {
        "nonsense": "x" * 500,
        "": "",
        "another": field_of(signed_in(cast.second_buyer).get(f"/pay/{order.live_token}"), "payment"),
        "other_order": field_of(buyer.get(f"/pay/{other.live_token}"), "payment"),
    }[whose]
    buyer.post(f"/pay/{order.live_token}", {"payment": foreign, "source": "wallet"})
    assert Payment.objects.get(order=order).payer == cast.buyer


def test_too_little_money_is_said_before_and_refused_after(poor: Client, order: Order) -> None:
    page = poor.get(f"/pay/{order.live_token}")
    assert "CN¥60.00 too little" in text_of(page)
    assert f"/me/top-up?amount=6000&amp;next=%2Fpay%2F{order.live_token}" in page.content.decode()
    answer = pay_on_page(poor, order)
    assert answer.status_code == 402
    assert "Your wallet holds too little" in text_of(answer)
    assert state(order) == "placed"


def test_by_a_gateway_that_settles_at_once(cast: Cast, poor: Client, order: Order, agrees: None) -> None:
    answer = pay_on_page(poor, order, "sandbox")
    assert answer["Location"].endswith("/done")
    assert state(order) == "paid"


@pytest.mark.parametrize("source", ["", "gold", None])
def test_an_unknown_way_to_pay_is_refused(buyer: Client, order: Order, source: str | None) -> None:
    answer = buyer.post(f"/pay/{order.live_token}", {} if source is None else {"source": source})
    assert answer.status_code == 422
    assert "Choose how to pay" in text_of(answer)


class TestPlayedByTheSandbox:
    """Scenarios are offered while `DEBUG` alone."""

    @pytest.fixture(autouse=True)
    def debugging(self, settings: Any) -> None:
        settings.DEBUG = True

    def test_are_offered(self, buyer: Client, order: Order) -> None:
        assert 'name="scenario"' in buyer.get(f"/pay/{order.live_token}").content.decode()

    def test_declined_is_said_with_what_to_do(self, buyer: Client, order: Order) -> None:
        answer = pay_on_page(buyer, order, "sandbox", scenario="declined")
        assert answer.status_code == 402
        assert "The payment was declined" in text_of(answer)
        assert "Your last attempt was declined" in text_of(buyer.get(f"/pay/{order.live_token}"))
        assert pay_on_page(buyer, order)["Location"].endswith("/done")

    def test_waits_while_the_outcome_is_not_known(self, buyer: Client, order: Order) -> None:
        answer = pay_on_page(buyer, order, "sandbox", scenario="timeout")
        assert answer["Location"] == f"/pay/{order.live_token}"
        page = buyer.get(f"/pay/{order.live_token}")
        assert "Your payment is on its way" in text_of(page)
        assert 'data-live-state="waiting-unknown-"' in page.content.decode()

    def test_the_waiting_page_leads_to_the_receipt_by_itself(self, buyer: Client, order: Order) -> None:
        pay_on_page(buyer, order, "sandbox", scenario="timeout")
        with clock.moved(timedelta(minutes=1)):
            settle()
        fresh = buyer.get(f"/pay/{order.live_token}/state")
        assert fresh["HX-Redirect"] == f"/pay/{order.live_token}/done"

    def test_to_the_provider_and_back(self, buyer: Client, order: Order) -> None:
        answer = pay_on_page(buyer, order, "sandbox", scenario="redirect")
        assert answer["Location"] == f"/pay/{order.live_token}/go"
        leaving = buyer.get(answer["Location"]).content.decode()
        address = Payment.objects.get(order=order).redirect_url
        assert f'content="0; url={address}"' in leaving
        checkout = address.removeprefix("http://testserver")
        assert "Approve" in text_of(buyer.get(checkout))
        back = buyer.post(checkout, {"answer": "approve"})
        assert back["Location"] == f"http://testserver/pay/{order.live_token}"
        assert "Waiting for confirmation" in text_of(buyer.get(f"/pay/{order.live_token}"))

    def test_another_way_meanwhile(self, cast: Cast, buyer: Client, order: Order, agrees: None) -> None:
        pay_on_page(buyer, order, "sandbox", scenario="redirect")
        again = buyer.get(f"/pay/{order.live_token}?again=1")
        assert "still under way" in text_of(again)
        form = {"payment": field_of(again, "payment"), "source": "wallet"}
        assert buyer.post(f"/pay/{order.live_token}", form)["Location"].endswith("/done")

    def test_wrong_amount_goes_back_and_says_so(self, buyer: Client, order: Order) -> None:
        pay_on_page(buyer, order, "sandbox", scenario="callback")
        payment = Payment.objects.get(order=order)
        settle_payment(payment.pk, Verdict(Outcome.SUCCEEDED, payment.paid_minor - 1))
        text = text_of(buyer.get(f"/pay/{order.live_token}"))
        assert "Another amount arrived" in text
        assert "on its way back to you" in text

    def test_a_second_payer_hears_that_his_money_comes_back(
        self, cast: Cast, buyer: Client, order: Order
    ) -> None:
        pay_on_page(buyer, order, "sandbox", scenario="callback")
        pay(order, cast.second_buyer)
        text = text_of(buyer.get(f"/pay/{order.live_token}"))
        assert "Already paid" in text
        assert "If it goes through, it comes back to you" in text
        payment = Payment.objects.get(order=order, payer=cast.buyer)
        settle_payment(payment.pk, Verdict(Outcome.SUCCEEDED, payment.paid_minor))
        assert "on its way back to you" in text_of(buyer.get(f"/pay/{order.live_token}"))


def test_without_debug_a_scenario_is_not_heard(buyer: Client, order: Order) -> None:
    assert 'name="scenario"' not in buyer.get(f"/pay/{order.live_token}").content.decode()
    pay_on_page(buyer, order, "sandbox", scenario="declined")
    assert Payment.objects.get(order=order).state == PaymentState.SUCCEEDED


def test_paid_by_me_leads_to_my_receipt(cast: Cast, buyer: Client) -> None:
    order = make_paid_order(cast.merchant, cast.buyer).order
    assert buyer.get(f"/pay/{order.live_token}")["Location"] == f"/pay/{order.live_token}/done"


def test_paid_by_somebody_else_says_no_more_than_that(cast: Cast, nobody: Client) -> None:
    placed = make_paid_order(cast.merchant, cast.buyer, cast.code_product)
    for client in (nobody, signed_in(cast.second_buyer)):
        page = client.get(f"/pay/{placed.order.live_token}")
        assert "Already paid" in text_of(page)
        assert placed.items[0].code not in page.content.decode().replace(" ", "")
        assert placed.order.page_token not in page.content.decode()


def test_paying_what_is_paid_is_refused_by_name(cast: Cast, order: Order) -> None:
    late = signed_in(cast.second_buyer)
    form = {"payment": field_of(late.get(f"/pay/{order.live_token}"), "payment"), "source": "wallet"}
    pay(order, cast.buyer)
    answer = late.post(f"/pay/{order.live_token}", form)
    assert answer.status_code == 409
    assert "Already paid" in text_of(answer)


def test_cancelled_meanwhile(cast: Cast, buyer: Client, order: Order) -> None:
    form = {"payment": field_of(buyer.get(f"/pay/{order.live_token}"), "payment"), "source": "wallet"}
    cancel_order(cast.merchant, order.pk)
    answer = buyer.post(f"/pay/{order.live_token}", form)
    assert answer.status_code == 409
    assert "has cancelled this order" in text_of(answer)
    assert state(order) == OrderState.CANCELLED


def test_expired_offers_the_same_once_more(cast: Cast, buyer: Client, order: Order) -> None:
    form = {"payment": field_of(buyer.get(f"/pay/{order.live_token}"), "payment"), "source": "wallet"}
    with clock.moved(timedelta(hours=1)):
        answer = buyer.post(f"/pay/{order.live_token}", form)
    assert answer.status_code == 409
    assert "The time to pay has passed" in text_of(answer)
    assert f"/s/{cast.merchant.slug}?q-{cast.code_product.public_id}=1" in answer.content.decode()


def test_refunded(cast: Cast, buyer: Client) -> None:
    order = make_paid_order(cast.merchant, cast.buyer).order
    refund_whole(order)
    assert "Refunded" in text_of(buyer.get(f"/pay/{order.live_token}"))


def test_whoever_has_the_page_open_sees_it_paid_elsewhere(cast: Cast, buyer: Client, order: Order) -> None:
    address = f"/pay/{order.live_token}/state"
    assert 'data-live-state="confirm--"' in buyer.get(address).content.decode()
    pay(order, cast.second_buyer)
    after = buyer.get(address).content.decode()
    assert 'data-live-state="paid_by_other--"' in after
    assert 'data-live-announce="This order is paid already."' in after


def test_to_the_provider_only_while_a_payment_waits(
    cast: Cast, buyer: Client, nobody: Client, order: Order
) -> None:
    for client in (buyer, nobody):
        assert client.get(f"/pay/{order.live_token}/go")["Location"] == f"/pay/{order.live_token}"


@pytest.mark.parametrize("part", ["", "/state", "/go", "/done", "/done/state"])
def test_unknown_is_404(db: None, nobody: Client, part: str) -> None:
    assert nobody.get(f"/pay/{ids.new_token()}{part}").status_code == 404


def test_no_word_of_it_for_search_engines_or_other_sites(nobody: Client, order: Order) -> None:
    page = nobody.get(f"/pay/{order.live_token}")
    assert '<meta name="robots" content="noindex">' in page.content.decode()
    assert page["Referrer-Policy"] == "same-origin"


def test_the_same_form_whose_first_sending_was_declined_is_refused_by_name(
    cast: Cast, buyer: Client, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sendings found nothing yet; the other one made the payment, and the provider said no."""
    form = {"payment": field_of(buyer.get(f"/pay/{order.live_token}"), "payment")}
    form |= {"source": "sandbox"}

    def after_another(ask: PayAsk) -> Payment:
        with suppress(Refusal):
            pay_order(replace(ask, scenario="declined"))
        raise IntegrityError("the same id")

    monkeypatch.setattr("payments.views.pay_order", after_another)
    answer = buyer.post(f"/pay/{order.live_token}", form)
    assert answer.status_code == 402
    assert Payment.objects.get(order=order).state == "failed"
