"""A buyer's own pages: wallet, history, top-up, orders, account. Each shows nobody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from common import clock
from merchants.models import Person
from payments.flows.settle_payment import settle_payment
from payments.gateways.base import Outcome, Verdict
from payments.models import Payment
from payments.queries import wallet_of
from tests.cast import PASSWORD, Cast, make_order, make_paid_order, pay, settle, signed_in, together
from tests.pages_buyer.conftest import field_of, text_of

PAGES = ("/me/", "/me/state", "/me/movements", "/me/top-up", "/me/orders", "/me/account")


@pytest.fixture
def poor(cast: Cast) -> Client:
    """The browser of somebody without money."""
    return signed_in(cast.poor_buyer)


def top_up(client: Client, **sent: Any) -> Any:
    return client.post("/me/top-up", {"payment": field_of(client.get("/me/top-up"), "payment"), **sent})


@pytest.mark.parametrize("address", PAGES)
def test_nobody_is_sent_to_sign_in_and_back(db: None, nobody: Client, address: str) -> None:
    answer = nobody.get(address)
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", PAGES)
def test_opens_for_whoever_is_signed_in(cast: Cast, buyer: Client, address: str) -> None:
    page = buyer.get(address)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]


class TestWallet:
    def test_shows_what_is_in_it_and_what_moved(self, cast: Cast, buyer: Client) -> None:
        order = make_paid_order(cast.merchant, cast.buyer, cast.code_product).order
        page = buyer.get("/me/")
        text = text_of(page)
        assert "CN¥9,940.00" in text
        assert "-CN¥60.00" in text
        assert "+ CN¥10,000.00" in text
        assert f'href="/pay/{order.live_token}/done"' in page.content.decode()

    def test_an_empty_one_says_so(self, poor: Client) -> None:
        assert "Nothing has moved yet" in text_of(poor.get("/me/"))

    def test_history_is_paged(self, cast: Cast, buyer: Client) -> None:
        for _order in range(31):
            make_paid_order(cast.merchant, cast.buyer, cast.none_product)
        first = buyer.get("/me/movements").content.decode()
        assert first.count("-CN¥40.00") == 30
        older = first.split('rel="next" href="', 1)[1].split('"', 1)[0]
        second = text_of(buyer.get("/me/movements" + older))
        assert "-CN¥40.00" in second
        assert "Top-up" in second

    @pytest.mark.parametrize("cursor", ["x", "x.1", "0" * 32, "%00.1", "0" * 32 + ".x"])
    def test_a_cursor_that_is_none_is_404(self, buyer: Client, cursor: str) -> None:
        assert buyer.get(f"/me/movements?cursor={cursor}").status_code == 404

    def test_money_that_could_not_go_back_to_the_card_is_named(self, cast: Cast, buyer: Client) -> None:
        order = make_order(cast.merchant, cast.code_product).order
        payment = pay(order, cast.buyer, "sandbox", scenario="refund_declined")
        assert payment.state == "succeeded"
        late = make_order(cast.merchant, cast.code_product).order
        waiting = pay(late, cast.buyer, "sandbox", scenario="callback")
        pay(late, cast.second_buyer)
        Payment.objects.filter(pk=waiting.pk).update(scenario="refund_declined")
        settle_payment(waiting.pk, Verdict(Outcome.SUCCEEDED, waiting.paid_minor))
        settle()
        assert Payment.objects.get(pk=waiting.pk).returned_minor == 6_000


class TestTopUp:
    def test_by_a_chip(self, cast: Cast, poor: Client, agrees: None) -> None:
        answer = top_up(poor, chip="5000")
        assert answer["Location"] == "/me/"
        assert wallet_of(cast.poor_buyer, "CNY") == 5_000
        assert "Your wallet is topped up" in text_of(poor.get("/me/"))

    def test_by_ones_own_amount_which_beats_the_chip(self, cast: Cast, poor: Client) -> None:
        top_up(poor, chip="5000", amount="12.34")
        assert wallet_of(cast.poor_buyer, "CNY") == 1_234

    @pytest.mark.parametrize(
        "sent", [{}, {"amount": "1.234"}, {"amount": "-1"}, {"amount": "abc"}, {"amount": "0"},
                 {"chip": "x"}, {"chip": "-5"}, {"chip": "100", "gateway": "gold"},
                 {"amount": "99999999999"}]
    )  # fmt: skip
    def test_what_is_no_amount_is_refused(self, cast: Cast, poor: Client, sent: dict[str, str]) -> None:
        assert top_up(poor, **sent).status_code == 422
        assert not Payment.objects.filter(payer=cast.poor_buyer).exists()

    def test_the_same_form_sent_twice_is_one(self, cast: Cast, poor: Client) -> None:
        form = {"payment": field_of(poor.get("/me/top-up"), "payment"), "chip": "5000"}
        for _tap in range(2):
            assert poor.post("/me/top-up", form)["Location"] == "/me/"
        assert wallet_of(cast.poor_buyer, "CNY") == 5_000

    @pytest.mark.races
    def test_the_same_form_sent_at_one_moment_is_one(self, committed: None, cast: Cast) -> None:
        form = {"payment": field_of(signed_in(cast.poor_buyer).get("/me/top-up"), "payment"), "chip": "5000"}
        browsers = [signed_in(cast.poor_buyer) for _ in range(5)]
        together(lambda number: browsers[number].post("/me/top-up", form), 5)
        settle()
        assert wallet_of(cast.poor_buyer, "CNY") == 5_000

    @pytest.mark.races
    def test_control_forms_of_their_own_are_top_ups_of_their_own(self, committed: None, cast: Cast) -> None:
        browsers = [signed_in(cast.poor_buyer) for _ in range(3)]
        ids = [field_of(one.get("/me/top-up"), "payment") for one in browsers]
        together(
            lambda number: browsers[number].post("/me/top-up", {"payment": ids[number], "chip": "5000"}), 3
        )
        assert wallet_of(cast.poor_buyer, "CNY") == 15_000

    def test_there_and_back(self, cast: Cast, poor: Client) -> None:
        order = make_order(cast.merchant, cast.code_product).order
        back = f"/pay/{order.live_token}"
        page = poor.get("/me/top-up", {"amount": "6000", "next": back})
        assert "CN¥60.00 is missing" in text_of(page)
        assert 'value="10000" checked' in page.content.decode()
        assert top_up(poor, chip="10000", next=back)["Location"] == back

    @pytest.mark.parametrize(
        "next_", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "me"]
    )
    def test_never_on_to_somewhere_else(self, poor: Client, next_: str) -> None:
        assert top_up(poor, chip="5000", next=next_)["Location"] == "/me/"

    def test_declined_is_said(self, poor: Client, settings: Any) -> None:
        settings.DEBUG = True
        answer = top_up(poor, chip="5000", scenario="declined")
        assert answer.status_code == 402
        assert "declined" in text_of(answer)

    def test_over_the_days_limit_is_said(self, poor: Client, settings: Any) -> None:
        settings.TOP_UP_DAILY_LIMIT_MINOR = 4_999
        answer = top_up(poor, chip="5000")
        assert answer.status_code == 409
        assert "more than can be added" in text_of(answer)

    def test_by_the_providers_page_and_on_to_paying(self, cast: Cast, poor: Client, settings: Any) -> None:
        settings.DEBUG = True
        order = make_order(cast.merchant, cast.code_product).order
        back = f"/pay/{order.live_token}"
        answer = top_up(poor, chip="10000", next=back, scenario="redirect")
        assert answer["Location"].endswith("/go")
        payment = Payment.objects.get(payer=cast.poor_buyer)
        assert payment.redirect_url in poor.get(answer["Location"]).content.decode()
        waiting = poor.get("/me/")
        assert "is under way" in text_of(waiting)
        assert "every 2s" in waiting.content.decode()
        settle_payment(payment.pk, Verdict(Outcome.SUCCEEDED, payment.paid_minor))
        done = poor.get("/me/state").content.decode()
        assert f'href="{back}"' in done
        assert "every" not in done
        assert poor.get(answer["Location"])["Location"] == "/me/"

    def test_another_ones_top_up_is_404(self, cast: Cast, buyer: Client, poor: Client, settings: Any) -> None:
        settings.DEBUG = True
        address = top_up(poor, chip="10000", scenario="redirect")["Location"]
        assert buyer.get(address).status_code == 404
        assert buyer.get("/me/top-up/nonsense/go").status_code == 404


class TestOrders:
    def test_mine_alone(self, cast: Cast, buyer: Client) -> None:
        mine = make_order(cast.merchant, buyer=cast.buyer).order
        paid = make_paid_order(cast.other_merchant, cast.buyer).order
        theirs = make_order(cast.merchant, buyer=cast.second_buyer).order
        markup = buyer.get("/me/orders").content.decode()
        assert f"/o/{mine.page_token}" in markup
        assert f"/o/{paid.page_token}" in markup
        assert f"/o/{theirs.page_token}" not in markup

    def test_are_paged(self, cast: Cast, buyer: Client) -> None:
        for _order in range(21):
            make_order(cast.merchant, cast.code_product, buyer=cast.buyer)
        first = buyer.get("/me/orders").content.decode()
        assert first.count('href="/o/') == 20
        older = first.split('rel="next"', 1)[0].rsplit('href="', 1)[1].split('"', 1)[0]
        assert buyer.get("/me/orders" + older).content.decode().count('href="/o/') == 1

    def test_none_yet_says_so(self, poor: Client) -> None:
        assert "No orders yet" in text_of(poor.get("/me/orders"))

    def test_a_cursor_that_is_none_is_404(self, buyer: Client) -> None:
        assert buyer.get("/me/orders?cursor=x").status_code == 404

    def test_cost_the_same_however_many(
        self, cast: Cast, buyer: Client, django_assert_max_num_queries: Any
    ) -> None:
        for _order in range(8):
            make_order(cast.merchant, cast.code_product, buyer=cast.buyer)
        with django_assert_max_num_queries(5):
            buyer.get("/me/orders")


class TestAccount:
    def test_signing_in_brings_ones_language_along(self, cast: Cast) -> None:
        Person.objects.filter(pk=cast.buyer.pk).update(language="zh-hans")
        cast.buyer.set_password(PASSWORD)
        cast.buyer.save(update_fields=["password"])
        browser = Client()
        page = browser.post(
            "/accounts/login/", {"login": cast.buyer.phone, "password": PASSWORD}, follow=True
        )
        assert 'lang="zh-hans"' in page.content.decode()

    def test_saves_name_and_language(self, cast: Cast, buyer: Client) -> None:
        answer = buyer.post("/me/account", {"name": "Lin", "language": "zh-hans"})
        assert answer["Location"] == "/me/account"
        assert answer.cookies["django_language"].value == "zh-hans"
        person = Person.objects.get(pk=cast.buyer.pk)
        assert (person.name, person.language) == ("Lin", "zh-hans")
        assert 'lang="zh-hans"' in buyer.get("/me/account").content.decode()

    @pytest.mark.parametrize("sent", [{"name": "x", "language": "xx"}, {"name": "x" * 121, "language": "en"}])
    def test_refuses_what_does_not_fit(self, buyer: Client, sent: dict[str, str]) -> None:
        assert buyer.post("/me/account", sent).status_code == 422

    def test_leads_to_password_and_second_factor_and_out(self, buyer: Client) -> None:
        markup = buyer.get("/me/account").content.decode()
        for address in ("/accounts/password/change/", "/accounts/2fa/", "/accounts/logout/"):
            assert address in markup


def test_expired_orders_show_as_what_they_are(cast: Cast, buyer: Client) -> None:
    make_order(cast.merchant, buyer=cast.buyer)
    with clock.moved(timedelta(hours=1)):
        settle()
        assert "Expired" in text_of(buyer.get("/me/orders"))
