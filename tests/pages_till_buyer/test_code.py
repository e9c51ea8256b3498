"""The payment code's page without a browser: one asking is one code, and what comes of it is told."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from common import clock
from coupons.refusals import REASONS, CouponRefused
from ledger.refusals import InsufficientFunds
from payments.flows.make_payment_code import make_payment_code
from payments.flows.reverse_payment import reverse_payment
from payments.flows.set_pin import set_pin
from payments.models import BuyerPin, PaymentCode
from payments.refusals import PaymentCodeInvalid, PinRequired
from tests.cast import WALLET_MINOR, Cast, signed_in
from tests.coupons.stage import armed, state_of
from tests.pages_buyer.conftest import text_of
from tests.pages_till_buyer.conftest import SCRIPT, Client, ask, collect, digits, fact, state

PIN = "135790"
PAGES = ("/me/pay", "/me/pay/state", "/me/pay/pin", "/me/coupons")


@pytest.mark.parametrize("address", PAGES)
def test_nobody_is_sent_to_sign_in_and_back(db: None, address: str) -> None:
    answer = Client().get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={address}")


@pytest.mark.parametrize("address", ["/me/pay", "/me/pay/pin", "/me/coupons"])
def test_opens_for_whoever_is_signed_in(buyer: Client, address: str) -> None:
    page = buyer.get(address)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]


def test_looking_at_the_page_makes_no_code(cast: Cast, buyer: Client) -> None:
    page = buyer.get("/me/pay")
    assert fact(page, "word") == "start"
    assert not PaymentCode.objects.filter(buyer=cast.buyer).exists()


def test_a_code_with_both_pictures_in_the_page_itself(buyer: Client) -> None:
    shown = ask(buyer)
    assert shown.status_code == 201
    assert re.fullmatch(r"66[0-9]{16}", digits(shown))
    assert 55_000 < int(fact(shown, "left-ms")) <= 60_000
    assert [len(group) for group in re.findall(r"<span>([0-9]+)</span>", shown.content.decode())] == [
        4, 4, 4, 4, 2,
    ]  # fmt: skip
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', shown.content.decode())
    assert len(pictures) == 2
    for picture in pictures:
        assert b"<svg" in base64.b64decode(picture)


def test_without_scripts_the_button_shows_the_code(buyer: Client) -> None:
    page = buyer.post("/me/pay", {"request": "a-request-without-scripts"})
    assert page.status_code == 201
    assert "<h1>Pay at the till</h1>" in page.content.decode()
    assert len(digits(page)) == 18
    again = buyer.post("/me/pay", {"request": "a-request-without-scripts"})  # the page loaded anew
    assert digits(again) == digits(page)


def test_a_lost_answer_asked_for_again_is_the_same_code(cast: Cast, buyer: Client) -> None:
    first, again = ask(buyer, "the-same-request-1"), ask(buyer, "the-same-request-1")
    assert digits(first) == digits(again)
    assert fact(first, "code") == fact(again, "code")
    assert PaymentCode.objects.filter(buyer=cast.buyer).count() == 1
    assert collect(cast, digits(again), 500).paid_minor == 500


def test_the_same_request_of_another_buyer_is_another_code(cast: Cast, buyer: Client) -> None:
    other = ask(signed_in(cast.second_buyer), "the-same-request-1")
    assert digits(ask(buyer, "the-same-request-1")) != digits(other)


def test_a_request_that_comes_again_after_its_code_ended_says_so(cast: Cast, buyer: Client) -> None:
    first = ask(buyer, "the-same-request-1")
    with clock.moved(timedelta(seconds=66)):
        assert fact(ask(buyer, "the-same-request-1"), "word") == "ended"
    collect(cast, digits(first), 500)
    assert fact(ask(buyer, "the-same-request-1"), "word") == "paid"


def test_a_new_code_ends_the_old_and_the_old_page_says_so(cast: Cast, buyer: Client) -> None:
    first = ask(buyer)
    second = ask(buyer)
    assert digits(first) != digits(second)
    with pytest.raises(PaymentCodeInvalid):
        collect(cast, digits(first), 500)
    assert fact(state(buyer, fact(first, "code")), "word") == "replaced"
    assert state(buyer, fact(second, "code")).status_code == 204


@pytest.mark.parametrize("request_name", ["", "short", "x" * 65, "with spaces in between", "böse-" * 4])
def test_odd_names_of_requests_make_no_code(cast: Cast, buyer: Client, request_name: str) -> None:
    answer = buyer.post("/me/pay", {"request": request_name}, headers=SCRIPT)
    assert (answer.status_code, fact(answer, "word")) == (422, "start")
    assert not PaymentCode.objects.filter(buyer=cast.buyer).exists()


class TestOutcome:
    def test_nothing_yet_is_no_content(self, buyer: Client) -> None:
        shown = ask(buyer)
        answer = state(buyer, fact(shown, "code"))
        assert (answer.status_code, answer.content) == (204, b"")

    def test_a_strangers_code_is_not_there(self, cast: Cast, buyer: Client) -> None:
        shown = ask(buyer)
        stranger = signed_in(cast.second_buyer)
        assert state(stranger, fact(shown, "code")).status_code == 404
        assert state(stranger, "pcd_nonsense").status_code == 404
        assert state(stranger, "").status_code == 404

    def test_paid_with_a_coupon(self, cast: Cast, buyer: Client) -> None:
        armed(cast)
        shown = ask(buyer)
        assert "Twenty off" in text_of(shown)
        payment = collect(cast, digits(shown), 10_000)
        told = state(buyer, fact(shown, "code"))
        assert fact(told, "word") == "paid"
        assert fact(told, "say") == "Paid: CN¥80.00 to Our shop."
        text = text_of(told)
        for words in ("Price CN¥100.00", "Twenty off", "− CN¥20.00", "Paid from your wallet CN¥80.00"):
            assert words in text
        assert fact(told, "url") == f"/me/pay/receipts/{payment.public_id}"

    @pytest.mark.parametrize(
        ("terms", "reason"), [({"minimum_spend": 10_000}, "below_minimum"), ({"budget": 1_000}, "budget")]
    )
    def test_a_refused_coupon_says_why_and_how_to_go_on(
        self, cast: Cast, buyer: Client, terms: dict[str, Any], reason: str
    ) -> None:
        coupon = armed(cast, **terms)
        shown = ask(buyer)
        with pytest.raises(CouponRefused):
            collect(cast, digits(shown), 9_999)
        told = state(buyer, fact(shown, "code"))
        assert fact(told, "word") == "refused"
        assert str(REASONS[reason]) in unescape(text_of(told))
        assert "Go on without the coupon" in text_of(told)
        assert state_of(cast.buyer_key, coupon) == "issued"
        on = ask(buyer)
        assert collect(cast, digits(on), 9_999, "r-2").paid_minor == 9_999

    def test_too_little_money_leads_to_the_top_up(self, cast: Cast, buyer: Client) -> None:
        shown = ask(buyer)
        with pytest.raises(InsufficientFunds):
            collect(cast, digits(shown), WALLET_MINOR + 2_500)
        told = state(buyer, fact(shown, "code"))
        assert fact(told, "word") == "short"
        assert "Missing CN¥25.00" in text_of(told)
        assert "/me/top-up?amount=2500&amp;next=/me/pay" in told.content.decode()

    def test_a_renewal_never_hides_what_came_of_the_code_before(self, cast: Cast, buyer: Client) -> None:
        shown = ask(buyer)
        collect(cast, digits(shown), 500)
        assert fact(ask(buyer, showing=fact(shown, "code")), "word") == "paid"
        assert PaymentCode.objects.filter(buyer=cast.buyer).count() == 1
        assert fact(ask(buyer), "word") == "code"

    def test_what_was_collected_while_the_new_code_was_made(
        self, cast: Cast, buyer: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown, make = ask(buyer), make_payment_code

        def slowly(*asked: Any) -> Any:
            collect(cast, digits(shown), 500)
            return make(*asked)

        monkeypatch.setattr("payments.shown_codes.make_payment_code", slowly)
        assert fact(ask(buyer, showing=fact(shown, "code")), "word") == "paid"

    def test_an_ended_code(self, buyer: Client) -> None:
        shown = ask(buyer)
        with clock.moved(timedelta(seconds=63)):  # a till may still be at it
            assert state(buyer, fact(shown, "code")).status_code == 204
        with clock.moved(timedelta(seconds=66)):
            assert fact(state(buyer, fact(shown, "code")), "word") == "ended"


class TestPinAsked:
    def test_asked_then_paid_with_the_coupon(self, cast: Cast, buyer: Client) -> None:
        set_pin(cast.buyer, PIN)
        coupon = armed(cast)
        shown = ask(buyer)
        with pytest.raises(PinRequired):
            collect(cast, digits(shown), 60_000)
        told = state(buyer, fact(shown, "code"))
        assert fact(told, "word") == "pin"
        assert "Our shop asks for CN¥600.00" in text_of(told)
        on = ask(buyer, pin=PIN, wants_pin="1")
        assert "data-pin-said" in on.content.decode()
        assert collect(cast, digits(on), 60_000, "r-2").paid_minor == 58_000
        assert state_of(cast.buyer_key, coupon) == "used"

    def test_a_wrong_one_counts_once_however_often_its_request_comes(self, cast: Cast, buyer: Client) -> None:
        set_pin(cast.buyer, PIN)
        for _again in range(3):
            wrong = ask(buyer, "a-request-with-a-pin", pin="000000", wants_pin="1")
            assert (wrong.status_code, fact(wrong, "word")) == (422, "pin")
            assert "This is not the PIN." in text_of(wrong)
        assert BuyerPin.objects.get(person=cast.buyer).wrong_count == 1

    def test_five_wrong_ones_lock_it_and_the_page_says_for_how_long(self, cast: Cast, buyer: Client) -> None:
        set_pin(cast.buyer, PIN)
        for place in range(5):
            ask(buyer, f"a-request-with-a-pin-{place}", pin="000000", wants_pin="1")
        locked = ask(buyer, "a-request-with-a-pin-9", pin=PIN, wants_pin="1")
        assert (locked.status_code, fact(locked, "word")) == (429, "pin")
        assert "Try again in 15 min." in text_of(locked)
        with clock.moved(timedelta(minutes=16)):
            assert fact(ask(buyer, "a-request-with-a-pin-9", pin=PIN, wants_pin="1"), "word") == "code"

    @pytest.mark.parametrize("said", ["", "12345", "abcdef", "１２３４５６"])
    def test_what_is_no_pin_is_told_so(self, cast: Cast, buyer: Client, said: str) -> None:
        set_pin(cast.buyer, PIN)
        answer = ask(buyer, pin=said, wants_pin="1")
        assert (answer.status_code, fact(answer, "word")) == (422, "pin")
        assert "A PIN is six digits." in text_of(answer)
        assert BuyerPin.objects.get(person=cast.buyer).wrong_count == 0


class TestReceipt:
    def test_the_wallet_leads_to_it(self, cast: Cast, buyer: Client) -> None:
        payment = collect(cast, digits(ask(buyer)), 1_234)
        address = f"/me/pay/receipts/{payment.public_id}"
        assert f'href="{address}"' in buyer.get("/me/").content.decode()
        assert "CN¥12.34 to Our shop" in text_of(buyer.get(address))
        assert signed_in(cast.second_buyer).get(address).status_code == 404
        assert buyer.get("/me/pay/receipts/pay_nonsense").status_code == 404

    def test_of_a_reversed_sale(self, cast: Cast, buyer: Client) -> None:
        payment = collect(cast, digits(ask(buyer)), 1_234)
        reverse_payment(cast.merchant, payment.pk)
        page = buyer.get(f"/me/pay/receipts/{payment.public_id}")
        assert "CN¥12.34 went back to your wallet" in text_of(page)


def test_the_pictures_hold_the_code() -> None:
    """As they are drawn into the page; the browser's tests read them from the screen."""
    from orders import code128, qr

    for draw in (qr.png, code128.png):
        read = zxingcpp.read_barcode(Image.open(BytesIO(draw("661234567890123456"))))
        assert read is not None
        assert read.text == "661234567890123456"
