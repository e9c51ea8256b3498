"""Collecting on the till's page: what is typed, every refusal in the cashier's words, one sale a number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from common import clock
from merchants.flows.stop_merchant import stop_merchant
from orders.models import Product
from payments import guessing
from payments.flows.set_pin import set_pin
from payments.models import Payment, PaymentKind
from payments.queries import wallet_of
from tests.cast import CNY, WALLET_MINOR, Cast, make_member, make_merchant, signed_in
from tests.coupons.stage import armed
from tests.pages_till.conftest import SCRIPT, TILL, Client, ask, code_of, give_up, sell, sold, word, words

pytestmark = pytest.mark.usefixtures("agrees")


def till_sales(cast: Cast) -> list[Payment]:
    return list(Payment.objects.filter(merchant=cast.merchant, kind=PaymentKind.TILL))


def test_a_sale(cast: Cast, cashier: Client) -> None:
    answer = sell(cashier, code_of(cast.buyer), "123.45", "a-number-of-the-till")
    assert (answer.status_code, word(answer)) == (201, "paid")
    assert "CN¥123.45" in words(answer)
    (payment,) = till_sales(cast)
    assert (payment.amount_minor, payment.channel, payment.till_reference) == (
        12_345,
        "counter",
        "a-number-of-the-till",
    )
    assert wallet_of(cast.buyer, CNY) == WALLET_MINOR - 12_345


@pytest.mark.parametrize("written", ["{0} {1} {2}", "{0}-{1}-{2}", " {0}\u2009{1} {2} ", "{0}{1}{2}\u3000"])
def test_a_code_may_be_grouped(cast: Cast, cashier: Client, written: str) -> None:
    code = code_of(cast.buyer)
    assert sell(cashier, written.format(code[:6], code[6:12], code[12:])).status_code == 201


def test_full_width_digits_are_digits(cast: Cast, cashier: Client) -> None:
    wide = code_of(cast.buyer).translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
    assert sell(cashier, wide).status_code == 201


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"code": ""}, "Scan or type the code"),
        ({"code": "1234"}, "A payment code has 18 digits."),
        ({"code": "66" + "1" * 17}, "A payment code has 18 digits."),
        ({"amount": ""}, "Type what is to be paid."),
        ({"amount": "0"}, "This is too little."),
        ({"amount": "12,50"}, "Digits with a point"),
        ({"amount": "12.505"}, "no such small change"),
        ({"amount": "10000000.00"}, "This is too much."),
        ({"reference": "short"}, "Enter a valid value."),
        ({"reference": "a" * 65}, "Enter a valid value."),
        ({"code": "1\x00"}, "Null characters are not allowed."),
    ],
)
def test_what_does_not_fit_is_said_and_collects_nothing(
    cast: Cast, cashier: Client, told: dict[str, str], said: str
) -> None:
    given = {"code": code_of(cast.buyer), "amount": "10.00", "reference": str(uuid4()), **told}
    answer = cashier.post(TILL, given, headers=SCRIPT)
    assert (answer.status_code, word(answer)) == (422, "typo")
    assert said in words(answer)
    plain = cashier.post(TILL, given)
    assert plain.status_code == 422
    assert said in words(plain)
    assert till_sales(cast) == []


def test_a_currency_without_small_change(cast: Cast) -> None:
    merchant = make_merchant("Tokyo", currency="JPY")
    cashier = signed_in(make_member(merchant))
    page = cashier.get(TILL)
    assert 'data-places="0"' in page.content.decode()
    assert 'data-key="."' not in page.content.decode()
    assert "no such small change" in words(sell(cashier, code_of(cast.buyer), "12.50"))
    answer = sell(cashier, code_of(cast.buyer), "1250")
    assert (answer.status_code, word(answer)) == (402, "refused")  # the buyer has yuan alone


# --- products --------------------------------------------------------------------------------


def test_products_make_the_amount_and_go_along(cast: Cast, cashier: Client) -> None:
    armed(cast, products=[cast.code_product.public_id])
    chosen = {cast.code_product.public_id: "2", cast.none_product.public_id: "1"}
    answer = sell(cashier, code_of(cast.buyer), "", chosen=chosen)
    assert (answer.status_code, word(answer)) == (201, "paid")
    (payment,) = till_sales(cast)
    assert (payment.amount_minor, payment.deduction_minor) == (16_000, 2_000)
    assert {(line["name"], line["price"], line["quantity"]) for line in payment.lines} == {
        ("By code", 6_000, 2),
        ("Not redeemed", 4_000, 1),
    }


def test_an_amount_that_is_typed_counts_whatever_the_products_come_to(cast: Cast, cashier: Client) -> None:
    sold(cashier, cast.buyer, "55.00", chosen={cast.code_product.public_id: "1"})
    (payment,) = till_sales(cast)
    assert (payment.amount_minor, payment.lines[0]["price"]) == (5_500, 6_000)


def test_a_strangers_product_is_none(cast: Cast, cashier: Client) -> None:
    answer = sell(cashier, code_of(cast.buyer), "", chosen={cast.other_product.public_id: "1"})
    assert "Type what is to be paid." in words(answer)
    assert till_sales(cast) == []


def test_what_is_no_longer_sold_is_said_and_not_left_out(cast: Cast, cashier: Client) -> None:
    Product.objects.filter(pk=cast.none_product.pk).update(archived_at=clock.now())
    chosen = {cast.code_product.public_id: "2", cast.none_product.public_id: "1"}
    for amount in ("", "160.00"):
        answer = sell(cashier, code_of(cast.buyer), amount, chosen=chosen)
        assert (answer.status_code, word(answer)) == (422, "typo")
        assert "No longer sold: Not redeemed." in words(answer)
    stranger = sell(cashier, code_of(cast.buyer), "1.00", chosen={cast.other_product.public_id: "1"})
    assert "A product that was chosen is not sold here." in words(stranger)
    assert cast.other_product.name not in words(stranger)
    assert till_sales(cast) == []


def test_a_price_that_changed_is_seen_before_it_is_collected(cast: Cast, cashier: Client) -> None:
    product = cast.code_product
    shown = {f"shown_{product.public_id}": "6000"}
    assert f'name="shown_{product.public_id}" value="6000"' in cashier.get(TILL).content.decode()
    Product.objects.filter(pk=product.pk).update(price_minor=6_600)
    chosen = {product.public_id: "1", **shown}
    answer = sell(cashier, code := code_of(cast.buyer), "", chosen=chosen, script=False)
    assert answer.status_code == 422
    assert "A price has changed since this page was opened: together it is CN¥66.00 now." in words(answer)
    assert f'name="shown_{product.public_id}" value="6600"' in answer.content.decode()
    assert till_sales(cast) == []
    again = {product.public_id: "1", f"shown_{product.public_id}": "6600"}
    assert sell(cashier, code, "", chosen=again).status_code == 201
    assert till_sales(cast)[0].amount_minor == 6_600


@pytest.mark.parametrize("quantity", ["-1", "1.5", "x", "9" * 30])
def test_a_quantity_that_is_none(cast: Cast, cashier: Client, quantity: str) -> None:
    answer = sell(cashier, code_of(cast.buyer), "10.00", chosen={cast.code_product.public_id: quantity})
    assert (answer.status_code, word(answer)) == (422, "typo")


def test_products_are_found_by_a_word_and_chosen_ones_stay(cast: Cast, cashier: Client) -> None:
    part = cashier.get(f"{TILL}/items", {"q": "call", cast.none_product.public_id: "3"})
    text = words(part)
    assert "By call" in text
    assert "Not redeemed" in text
    assert "By code" not in text
    assert 'value="3"' in part.content.decode()
    assert "No product has such a name" in words(cashier.get(f"{TILL}/items", {"q": "\x00nothing"}))


# --- refusals ---------------------------------------------------------------------------------


def refused(answer: Any, status: int, *said: str) -> None:
    """It is a refusal that says so, in words."""
    assert (answer.status_code, word(answer)) == (status, "refused")
    text = words(answer)
    assert "Nothing was charged." in text
    assert [part for part in said if part not in text] == []


def test_a_code_that_nobody_was_given(cashier: Client) -> None:
    refused(sell(cashier, "66" + "0" * 16), 422, "This code can't be paid with", "Scan the new code")


def test_a_code_is_good_for_one_sale(cast: Cast, cashier: Client) -> None:
    code = code_of(cast.buyer)
    assert sell(cashier, code).status_code == 201
    refused(sell(cashier, code), 422, "This code can't be paid with")
    assert len(till_sales(cast)) == 1


def test_a_code_ends(cast: Cast, cashier: Client) -> None:
    code = code_of(cast.buyer)
    with clock.moved(timedelta(seconds=66)):
        refused(sell(cashier, code), 422, "This code can't be paid with")


def test_a_code_of_another_wallet_is_a_slip(cashier: Client) -> None:
    for _turn in range(3):
        refused(sell(cashier, "13" + "0" * 16), 422, "This code can't be paid with")


def test_too_little_in_the_wallet(cast: Cast, cashier: Client) -> None:
    refused(sell(cashier, code_of(cast.poor_buyer)), 402, "Too little in the wallet", "Scan the new code")


def test_the_coupon_is_refused_without_a_reason(cast: Cast, cashier: Client) -> None:
    armed(cast, minimum_spend=20_000)
    answer = sell(cashier, code_of(cast.buyer), "199.99")
    refused(answer, 409, "The coupon was refused", "The buyer's phone says why")
    assert "200" not in words(answer)


def test_the_pin_is_needed(cast: Cast, cashier: Client) -> None:
    set_pin(cast.buyer, "135790")
    refused(sell(cashier, code_of(cast.buyer), "600.00"), 409, "The buyer's PIN is needed")
    assert sell(cashier, code_of(cast.buyer, "135790"), "600.00").status_code == 201


def test_guessing_has_to_wait(cast: Cast, cashier: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "ALLOWED", 2)
    for turn in range(2):
        sell(cashier, f"66{turn:016d}")
    refused(sell(cashier, "66" + "9" * 16), 429, "Too many unknown codes", "Wait 10 minutes.")
    refused(sell(cashier, code_of(cast.buyer)), 429, "Too many unknown codes")


def test_a_shop_that_is_stopped(cast: Cast, cashier: Client) -> None:
    stop_merchant(cast.merchant.pk, "Complaints")
    refused(sell(cashier, code_of(cast.buyer)), 409, "This shop is stopped")


def test_a_sale_that_was_given_up_never_happens(cast: Cast, cashier: Client) -> None:
    assert word(give_up(cashier, "a-number-of-the-till")) == "given_up"
    answer = sell(cashier, code_of(cast.buyer), reference="a-number-of-the-till")
    refused(answer, 409, "This sale was given up", "Next sale")
    assert till_sales(cast) == []


def test_without_a_script_a_refusal_keeps_the_amount_and_not_the_code(cast: Cast, cashier: Client) -> None:
    code = code_of(cast.poor_buyer)
    chosen = {cast.code_product.public_id: "1"}
    answer = sell(cashier, code, "60.00", "a-number-of-the-till", script=False, chosen=chosen)
    assert answer.status_code == 402
    text = answer.content.decode()
    assert "Too little in the wallet" in text
    assert 'value="60.00"' in text
    assert code not in text
    assert "a-number-of-the-till" not in text
    assert f'name="{cast.code_product.public_id}" value="1"' in text


# --- one number, one sale ------------------------------------------------------------------------


def test_the_same_sale_sent_twice_is_one(cast: Cast, cashier: Client) -> None:
    code, reference = code_of(cast.buyer), str(uuid4())
    first, second = (sell(cashier, code, "10.00", reference) for _turn in range(2))
    assert (word(first), word(second)) == ("paid", "paid")
    assert len(till_sales(cast)) == 1
    assert wallet_of(cast.buyer, CNY) == WALLET_MINOR - 1_000


@pytest.mark.parametrize("amount", ["10.00", "99.00"])
def test_an_old_number_does_not_pass_for_a_new_sale(cast: Cast, cashier: Client, amount: str) -> None:
    """A form of before, sent once more with another code: nothing was collected now, and that is said."""
    reference = str(uuid4())
    earlier = sold(cashier, cast.buyer, "10.00", reference=reference)
    answer = sell(cashier, code_of(cast.second_buyer), amount, reference)
    assert (answer.status_code, word(answer)) == (409, "other")
    assert "This is an earlier sale" in words(answer)
    assert earlier.public_id in answer.content.decode()
    plain = sell(cashier, code_of(cast.second_buyer), amount, reference, script=False)
    assert plain.status_code == 409
    assert len(till_sales(cast)) == 1
    assert wallet_of(cast.second_buyer, CNY) == WALLET_MINOR


def test_without_a_script_the_sale_has_a_page_that_can_be_reloaded(cast: Cast, cashier: Client) -> None:
    answer = sell(cashier, code_of(cast.buyer), "10.00", script=False)
    (payment,) = till_sales(cast)
    address = f"{TILL}/payments/{payment.public_id}"
    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    for _turn in range(2):
        assert "CN¥10.00" in words(cashier.get(address))
    assert len(till_sales(cast)) == 1


def test_every_page_has_a_number_of_its_own(cashier: Client) -> None:
    seen = {cashier.get(TILL).context["reference"] for _turn in range(3)}
    assert len(seen) == 3


# --- what became of it -----------------------------------------------------------------------------


def test_a_sale_is_asked_after_by_its_number(cast: Cast, cashier: Client, stranger: Client) -> None:
    reference = str(uuid4())
    before = ask(cashier, reference)
    assert (before.status_code, word(before)) == (404, "none")
    sold(cashier, cast.buyer, reference=reference)
    assert word(ask(cashier, reference)) == "paid"
    theirs = ask(stranger, reference)
    assert (theirs.status_code, word(theirs)) == (404, "none")


def test_giving_up_reverses_what_has_happened(cast: Cast, cashier: Client) -> None:
    armed(cast)
    reference = str(uuid4())
    sold(cashier, cast.buyer, reference=reference)
    answer = give_up(cashier, reference)
    assert (answer.status_code, word(answer)) == (200, "reversed")
    assert "the money is back with the buyer, and the coupon if it is still valid" in words(answer)
    assert wallet_of(cast.buyer, CNY) == WALLET_MINOR
    assert cast.buyer_key.get("me/coupons").body["results"][0]["state"] == "issued"
    again = give_up(cashier, reference)
    assert word(again) == "reversed"
    page = words(cashier.get(f"{TILL}/sales/{reference}", follow=True))
    assert "The till did not know what had become of it, and gave it up." in page


def test_giving_up_says_nothing_of_a_coupon_where_there_was_none(cast: Cast, cashier: Client) -> None:
    reference = str(uuid4())
    sold(cashier, cast.buyer, reference=reference)
    text = words(give_up(cashier, reference))
    assert "the money is back with the buyer. Nothing" in text
    assert "coupon" not in text


@pytest.mark.parametrize(("minutes", "becomes"), [(14, "reversed"), (16, "paid")])
def test_only_a_sale_of_just_now_is_given_up(cast: Cast, cashier: Client, minutes: int, becomes: str) -> None:
    """An earlier one is reversed on its page, with a reason."""
    reference = str(uuid4())
    with clock.moved(timedelta(minutes=-minutes)):
        sold(cashier, cast.buyer, reference=reference)
    answer = give_up(cashier, reference)
    assert (answer.status_code, word(answer)) == (200, becomes)
    assert word(ask(cashier, reference)) == becomes
    assert Payment.objects.get(till_reference=reference).state == (
        "succeeded" if becomes == "paid" else becomes
    )


def test_giving_up_before_it_happened(cast: Cast, cashier: Client) -> None:
    reference = str(uuid4())
    for _turn in range(2):
        answer = give_up(cashier, reference)
        assert (answer.status_code, word(answer)) == (200, "given_up")
        assert "Nothing was charged" in words(answer)
    assert word(ask(cashier, reference)) == "given_up"
    assert till_sales(cast) == []


def test_a_stranger_gives_up_nothing_of_ours(cast: Cast, cashier: Client, stranger: Client) -> None:
    reference = str(uuid4())
    sold(cashier, cast.buyer, reference=reference)
    assert word(give_up(stranger, reference)) == "given_up"
    assert word(ask(cashier, reference)) == "paid"


def test_without_a_script_a_number_without_a_sale_can_be_given_up(cast: Cast, cashier: Client) -> None:
    reference = str(uuid4())
    none = cashier.get(f"{TILL}/sales/{reference}")
    assert none.status_code == 404
    assert "There is no such sale" in words(none)
    done = cashier.post(f"{TILL}/sales/{reference}/give-up", follow=True)
    assert "Nothing was charged" in words(done)
    assert sell(cashier, code_of(cast.buyer), reference=reference).status_code == 409


@pytest.mark.parametrize("reference", ["short", "with_underscore_and_length", "a" * 65])
def test_a_number_that_the_page_would_not_give(cashier: Client, reference: str) -> None:
    assert give_up(cashier, reference).status_code == 404
    assert ask(cashier, reference).status_code == 404


def test_the_camera_is_allowed_its_webassembly(cashier: Client) -> None:
    policy = cashier.get(TILL).headers["Content-Security-Policy"]
    assert "'wasm-unsafe-eval'" in policy
    assert "wasm" not in cashier.get(f"{TILL}/today").headers["Content-Security-Policy"]
