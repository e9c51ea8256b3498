"""A coupon on the page of a live code: what fits and why not, what is seen is what is charged, refusals."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from common import clock, locking
from coupons import spending
from coupons.fitting import fittings
from coupons.models import Campaign, CampaignDay, Coupon
from coupons.pricing import Bill, Part
from coupons.refusals import CouponRefused
from merchants.models.merchants import Role
from orders.models import Order
from payments.checkout_coupon import Chosen
from payments.coupon_choice import choices_of, opened_choice
from payments.models import Payment
from payments.queries import wallet_of
from tests.cast import WALLET_MINOR, Cast, make_buyer, make_order, signed_in
from tests.coupons.made import a_campaign, a_coupon
from tests.coupons.stage import armed, issue, make_campaign, state_of
from tests.pages_buyer.conftest import field_of, pay_on_page, text_of
from tests.speed.test_query_counts import statements_of

pytestmark = pytest.mark.usefixtures("agrees")


@pytest.fixture
def order(cast: Cast) -> Order:
    """An order of CN¥60, unpaid."""
    return make_order(cast.merchant, cast.code_product).order


def page_of(client: Client, order: Order) -> Any:
    return client.get(f"/pay/{order.live_token}")


def offered(page: Any) -> dict[str, bool]:
    """The values of the radio buttons in their order, and whether each is chosen."""
    found = re.findall(r'name="coupon" value="([^"]+)" required( checked)?', page.content.decode())
    return {value: bool(checked) for value, checked in found}


def unfit(page: Any) -> str:
    """What is said of the coupons that don't fit."""
    found = re.search(r'<details class="lt-details lt-unfit">(.*?)</details>', page.content.decode(), re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[1])) if found else ""


def test_who_has_none_sees_nothing_of_them(buyer: Client, order: Order) -> None:
    page = page_of(buyer, order)
    assert offered(page) == {}
    assert "oupon" not in text_of(page)
    assert "Pay CN¥60.00" in text_of(page)


def test_what_fits_the_best_first_and_chosen(cast: Cast, buyer: Client, order: Order) -> None:
    small = issue(cast, make_campaign(cast, name="Small", value=500))
    best = issue(cast, make_campaign(cast, name="Half", kind="percent", value=50))
    middle = issue(cast, make_campaign(cast, name="Middle"))
    page = page_of(buyer, order)
    assert list(offered(page)) == [f"{best}:3000", f"{middle}:4000", f"{small}:5500", "none"]
    assert [value for value, is_chosen in offered(page).items() if is_chosen] == [f"{best}:3000"]
    text = text_of(page)
    assert "Half 50% off" in text
    assert "− CN¥30.00 CN¥30.00 to pay" in text
    assert "Without a coupon CN¥60.00 to pay" in text


def test_without_scripts_the_button_names_no_amount(cast: Cast, buyer: Client, order: Order) -> None:
    """It would be a lie as soon as another coupon is chosen; the amounts stand beside the choices."""
    issue(cast, make_campaign(cast))
    button = page_of(buyer, order).content.decode().partition("data-pay-text>")[2]
    assert button.startswith("Pay</span>")


def test_one_of_each_campaign_what_is_set_for_the_till_last(cast: Cast, buyer: Client, order: Order) -> None:
    campaign = make_campaign(cast)
    coupons = [issue(cast, campaign) for _ in range(2)]
    assert len(offered(page_of(buyer, order))) == 2
    cast.buyer_key.post(f"me/coupons/{coupons[0]}/use")
    assert list(offered(page_of(buyer, order))) == [f"{coupons[1]}:4000", "none"]
    cast.buyer_key.post(f"me/coupons/{coupons[1]}/use")
    assert list(offered(page_of(buyer, order))) == [f"{coupons[0]}:4000", "none"]


def test_nobody_elses_and_no_other_shops(cast: Cast, buyer: Client, order: Order) -> None:
    issue(cast, make_campaign(cast), cast.second_buyer.phone)
    issue(cast, make_campaign(cast, cast.other_key), shop=cast.other_key)
    page = page_of(buyer, order)
    assert (offered(page), unfit(page)) == ({}, "")


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"minimum_spend": 6_001}, "below the coupon's minimum spend"),
        ({"starts_at": (clock.now() + timedelta(days=1)).isoformat()}, "can't be used yet"),
        ({"kind": "percent", "value": 100, "budget": 5_999}, "has spent all its money"),
        ({"kind": "percent", "value": 100, "daily_budget": 5_999}, "for today"),
    ],
)
def test_what_does_not_fit_is_told_why(
    cast: Cast, buyer: Client, order: Order, terms: dict[str, Any], why: str
) -> None:
    issue(cast, make_campaign(cast, **terms))
    page = page_of(buyer, order)
    assert offered(page) == {}
    assert why in unfit(page).replace("&#x27;", "'")
    assert "Pay CN¥60.00" in text_of(page)


def test_a_scope_a_pause_and_a_payment_under_way(cast: Cast, buyer: Client, order: Order) -> None:
    issue(cast, make_campaign(cast, products=[cast.call_product.public_id]))
    paused = make_campaign(cast)
    issue(cast, paused)
    cast.owner_key.post(f"campaigns/{paused}/pause")
    held = issue(cast, make_campaign(cast))
    other = cast.order()
    cast.pay(cast.buyer_key, other, "sandbox", coupon=held, scenario="callback")
    said = unfit(page_of(buyer, order))
    assert "3 coupons of this shop do not fit" in said
    for why in ("Nothing that this coupon is for", "has paused this coupon", "A payment that is under way"):
        assert why in said


def test_what_has_ended_is_not_shown(cast: Cast, buyer: Client, order: Order) -> None:
    closed = make_campaign(cast)
    issue(cast, closed)
    cast.owner_key.post(f"campaigns/{closed}/close")
    issue(cast, make_campaign(cast))
    with clock.moved(timedelta(days=8)):
        late = make_order(cast.merchant, cast.code_product).order
        page = page_of(buyer, late)
    assert (offered(page), unfit(page)) == ({}, "")


def test_a_daily_budget_is_what_is_left_of_today(cast: Cast, buyer: Client, order: Order) -> None:
    campaign = a_campaign(cast, daily_budget_minor=3_000)
    a_coupon(campaign, cast.buyer)
    assert len(offered(page_of(buyer, order))) == 2
    today = timezone.localdate(clock.now())
    CampaignDay.objects.create(campaign=campaign, day=today, limit_minor=3_000, spent_minor=1_001)
    page = page_of(buyer, order)
    CampaignDay.objects.filter(campaign=campaign).delete()
    assert "for today" in unfit(page)


def test_from_the_wallet_what_was_seen_is_charged(cast: Cast, buyer: Client, order: Order) -> None:
    coupon = issue(cast, make_campaign(cast))
    (seen, _none) = offered(page_of(buyer, order))
    answer = pay_on_page(buyer, order, coupon=seen, choose="1")
    assert answer["Location"] == f"/pay/{order.live_token}/done"
    assert (wallet_of(cast.buyer, "CNY"), state_of(cast.buyer_key, coupon)) == (WALLET_MINOR - 4_000, "used")
    receipt = text_of(buyer.get(answer["Location"]))
    assert "CN¥40.00 to Our shop" in receipt
    assert "Coupon Twenty off − CN¥20.00 After the coupon CN¥40.00" in receipt


def test_through_a_gateway(cast: Cast, order: Order) -> None:
    poor = signed_in(cast.poor_buyer)
    coupon = issue(cast, make_campaign(cast), cast.poor_buyer.phone)
    page = page_of(poor, order)
    assert "CN¥40.00 too little" in text_of(page)
    assert pay_on_page(poor, order, "sandbox", coupon=f"{coupon}:4000", choose="1").status_code == 302
    payment = Payment.objects.get(order=order)
    assert (payment.state, payment.source, payment.deduction_minor, payment.received_minor) == (
        "succeeded", "sandbox", 2_000, 4_000,
    )  # fmt: skip


def test_a_coupon_that_covers_all_of_it(cast: Cast, order: Order) -> None:
    poor = signed_in(cast.poor_buyer)
    coupon = issue(cast, make_campaign(cast, value=9_000), cast.poor_buyer.phone)
    page = page_of(poor, order)
    assert "too little" not in text_of(page).partition("data-pay-short")[0].split("Wallet CN¥0.00 in it")[0]
    assert "data-pay-short hidden" in page.content.decode()
    assert pay_on_page(poor, order, coupon=f"{coupon}:0", choose="1").status_code == 302
    assert Payment.objects.get(order=order).paid_minor == 0


def test_enough_with_the_coupon_is_enough(cast: Cast, order: Order) -> None:
    someone = make_buyer(4_000)
    coupon = issue(cast, make_campaign(cast), someone.phone)
    page = page_of(signed_in(someone), order)
    assert 'value="wallet" checked' in page.content.decode()
    assert "data-pay-short hidden" in page.content.decode()
    choices = choices_of(order, someone, 4_000, clock.now())
    assert [(choice.value, choice.missing_minor) for choice in (*choices.fitting, choices.without)] == [
        (f"{coupon}:4000", 0), ("none", 2_000),
    ]  # fmt: skip


def test_without_one_on_purpose(cast: Cast, buyer: Client, order: Order) -> None:
    coupon = issue(cast, make_campaign(cast))
    assert pay_on_page(buyer, order, coupon="none", choose="1").status_code == 302
    assert (Payment.objects.get(order=order).paid_minor, state_of(cast.buyer_key, coupon)) == (
        6_000,
        "issued",
    )


@pytest.mark.parametrize(
    "said", [None, "", "nonsense", "cpn_x:1", "cpn_" + "0" * 32, "cpn_" + "0" * 32 + ":", "none:6000", "\x00"]
)
def test_a_page_that_offered_coupons_wants_an_answer(
    cast: Cast, buyer: Client, order: Order, said: str | None
) -> None:
    issue(cast, make_campaign(cast))
    more = {} if said is None else {"coupon": said}
    answer = pay_on_page(buyer, order, choose="1", **more)
    assert answer.status_code == 422
    assert not Payment.objects.filter(order=order).exists()


def test_what_no_longer_holds_is_refused_with_the_reason(cast: Cast, buyer: Client, order: Order) -> None:
    campaign = make_campaign(cast)
    coupon = issue(cast, campaign)
    other = issue(cast, make_campaign(cast, name="Another one", value=500))
    seen = next(iter(offered(page_of(buyer, order))))
    cast.owner_key.post(f"campaigns/{campaign}/pause")
    answer = pay_on_page(buyer, order, coupon=seen, choose="1")
    assert answer.status_code == 409
    text = text_of(answer)
    assert "The coupon was refused The shop has paused this coupon for now. Nothing was taken." in text
    assert "Pay without a coupon, or choose another." in text
    assert offered(answer) == {f"{other}:5500": False, "none": False}, "nothing is chosen for the payer"
    assert (wallet_of(cast.buyer, "CNY"), state_of(cast.buyer_key, coupon)) == (WALLET_MINOR, "issued")
    assert pay_on_page(buyer, order, coupon="none", choose="1").status_code == 302


@pytest.mark.parametrize("source", ["wallet", "sandbox"])
def test_another_amount_than_was_shown_is_refused(
    cast: Cast, buyer: Client, order: Order, source: str
) -> None:
    coupon = issue(cast, make_campaign(cast))
    seen = next(iter(offered(page_of(buyer, order))))
    Campaign.objects.filter(merchant=cast.merchant).update(value=1_000)
    answer = pay_on_page(buyer, order, source, coupon=seen, choose="1")
    assert answer.status_code == 409
    assert "takes off another amount by now" in text_of(answer)
    assert f"{coupon}:5000" in offered(answer)
    assert not Payment.objects.filter(order=order).exists()
    assert state_of(cast.buyer_key, coupon) == "issued"


def test_used_elsewhere_meanwhile(cast: Cast, buyer: Client, order: Order) -> None:
    coupon = issue(cast, make_campaign(cast))
    seen = next(iter(offered(page_of(buyer, order))))
    cast.pay(cast.buyer_key, cast.order(), coupon=coupon)
    answer = pay_on_page(buyer, order, coupon=seen, choose="1")
    assert answer.status_code == 409
    assert "was used or given away" in text_of(answer)
    assert offered(answer) == {}
    assert "Pay CN¥60.00" in text_of(answer)


def test_somebody_elses_coupon_is_no_coupon(cast: Cast, buyer: Client, order: Order) -> None:
    theirs = issue(cast, make_campaign(cast), cast.second_buyer.phone)
    answer = pay_on_page(buyer, order, coupon=f"{theirs}:4000", choose="1")
    assert answer.status_code == 422
    assert "There is no such coupon." in text_of(answer)
    assert state_of(cast.second_key, theirs) == "issued"


def test_too_little_money_keeps_the_choice(cast: Cast, order: Order) -> None:
    poor = signed_in(cast.poor_buyer)
    first = issue(cast, make_campaign(cast), cast.poor_buyer.phone)
    second = issue(cast, make_campaign(cast, value=500), cast.poor_buyer.phone)
    answer = pay_on_page(poor, order, coupon=f"{second}:5500", choose="1")
    assert answer.status_code == 402
    assert offered(answer) == {f"{first}:4000": False, f"{second}:5500": True, "none": False}
    assert "CN¥55.00 too little" in text_of(answer)
    assert state_of(cast.poor_key, second) == "issued"


def test_the_same_form_twice_spends_one_coupon(cast: Cast, buyer: Client, order: Order) -> None:
    coupon = issue(cast, make_campaign(cast))
    form = {"payment": field_of(page_of(buyer, order), "payment"), "source": "wallet", "choose": "1"}
    answers = [buyer.post(f"/pay/{order.live_token}", {**form, "coupon": f"{coupon}:4000"}) for _ in range(2)]
    assert {answer["Location"] for answer in answers} == {f"/pay/{order.live_token}/done"}
    assert Payment.objects.filter(order=order).count() == 1


def test_declined_gives_the_coupon_back_to_choose(
    cast: Cast, buyer: Client, order: Order, settings: Any
) -> None:
    settings.DEBUG = True
    coupon = issue(cast, make_campaign(cast))
    chosen = f"{coupon}:4000"
    answer = pay_on_page(buyer, order, "sandbox", coupon=chosen, choose="1", scenario="declined")
    assert answer.status_code == 402
    assert offered(answer) == {chosen: True, "none": False}


def test_while_a_gateway_is_asked_the_page_waits_for_what_is_paid(
    cast: Cast, buyer: Client, order: Order, settings: Any
) -> None:
    settings.DEBUG = True
    coupon = issue(cast, make_campaign(cast))
    pay_on_page(buyer, order, "sandbox", coupon=f"{coupon}:4000", choose="1", scenario="timeout")
    assert "CN¥40.00 · Our shop" in text_of(page_of(buyer, order))


def test_a_set_coupon_can_be_used_here_too(cast: Cast, buyer: Client, order: Order) -> None:
    coupon = armed(cast)
    assert pay_on_page(buyer, order, coupon=f"{coupon}:4000", choose="1").status_code == 302
    assert state_of(cast.buyer_key, coupon) == "used"


def test_the_shops_page_of_the_order_names_the_campaign_and_the_deduction(
    cast: Cast, buyer: Client, order: Order
) -> None:
    campaign = make_campaign(cast, minimum_spend=3_131, cap=None)
    coupon = issue(cast, campaign)
    pay_on_page(buyer, order, coupon=f"{coupon}:4000", choose="1")
    page = signed_in(cast.member(Role.OWNER)).get(f"/dashboard/orders/{order.public_id}")
    assert "CN¥60.00 less CN¥20.00 by the coupon “Twenty off”" in text_of(page)
    markup = page.content.decode()
    for secret in (coupon, campaign, cast.buyer.phone or "", "31.31", "/campaigns/"):
        assert secret not in markup.replace('href="/dashboard/campaigns"', ""), secret


@pytest.mark.parametrize("many", [1, 12])
def test_the_page_costs_the_same_however_many_there_are(
    cast: Cast, buyer: Client, order: Order, many: int
) -> None:
    for number in range(many):
        campaign = a_campaign(cast, name=f"No. {number}", value=100 + number, daily_budget_minor=10_000)
        for _one in range(2):
            a_coupon(campaign, cast.buyer)
    assert len(offered(page_of(buyer, order))) == many + 1
    assert statements_of(buyer, f"/pay/{order.live_token}") == PAGE_STATEMENTS


PAGE_STATEMENTS = 7
"""Order; items; session; person; the person's last try; wallet; the coupons of all campaigns in one."""


def test_what_is_offered_is_what_paying_grants(cast: Cast) -> None:
    """The page and the payment judge by one rule: for each coupon either both take it or both say why not."""
    terms: list[dict[str, Any]] = [
        {}, {"minimum_spend_minor": 7_000}, {"kind": "percent", "value": 33}, {"budget_minor": 1_999},
        {"daily_budget_minor": 1_999}, {"products": (cast.call_product.pk,)},
        {"kind": "percent", "value": 15}, {"products": (cast.code_product.pk,)},
        {"starts_at": clock.now() + timedelta(hours=1)},
    ]  # fmt: skip
    for each in terms:
        a_coupon(a_campaign(cast, **each), cast.buyer)
    order = make_order(cast.merchant, cast.code_product).order
    bill = Bill.of([Part(cast.code_product.pk, 6_000)])
    for fitting in fittings(cast.buyer, cast.merchant.pk, bill, clock.now()):
        wanted = spending.Wanted(fitting.coupon.pk, cast.buyer.pk)
        granted: tuple[int, str] = (0, "")
        try:
            with locking.transaction():
                held = spending.lock_coupon(wanted, cast.merchant.pk, bill, order.pk, clock.now())
                granted = (held.deduction_minor, "")
                raise RollBack
        except RollBack:
            pass
        except CouponRefused as refusal:
            granted = (0, refusal.reason)
        assert granted == (fitting.deduction_minor, fitting.reason)
    assert Coupon.objects.filter(owner=cast.buyer, state="issued").count() == len(terms)


class RollBack(Exception):
    """Only to see what would have come of it."""


def test_values_of_choices() -> None:
    assert opened_choice("none") is None
    assert opened_choice("cpn_" + "7" * 32 + ":0") == Chosen(UUID("7" * 32), 0)
    assert opened_choice("cpn_" + "7" * 32 + ":-1") is None
