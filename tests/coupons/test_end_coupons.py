"""What nobody used goes back, or ends, by itself; a sale that is under way is not disturbed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common import clock, drains
from common.models import OutboxEvent
from coupons.flows import end_coupons as flow
from coupons.flows.end_coupons import DRAIN, SLACK
from coupons.models import Coupon
from coupons.models.coupons import ARMED_FOR
from payments.flows.make_payment_code import make_payment_code
from payments.payment_codes import GRACE, LIVES_FOR
from tests.cast import Cast
from tests.coupons.made import a_campaign, a_coupon

pytestmark = pytest.mark.usefixtures("agrees")

MOMENT = timedelta(seconds=1)


def state(coupon: Coupon) -> str:
    return str(Coupon.objects.get(pk=coupon.pk).state)


def test_what_was_set_too_long_ago_goes_back(cast: Cast) -> None:
    coupon = a_coupon(a_campaign(cast), cast.buyer, is_armed=True)
    with clock.moved(ARMED_FOR + MOMENT):
        drains.run(DRAIN)
        assert state(coupon) == "armed", "a sale may still be looking for it"
    with clock.moved(ARMED_FOR + SLACK + MOMENT):
        drains.run(DRAIN)
        assert state(coupon) == "issued"
        assert drains.run(DRAIN) == 0


def test_never_while_a_code_is_shown(cast: Cast) -> None:
    coupon = a_coupon(a_campaign(cast), cast.buyer, is_armed=True)
    with clock.moved(ARMED_FOR - MOMENT):
        make_payment_code(cast.buyer)
        with clock.moved(LIVES_FOR + GRACE):
            drains.run(DRAIN)
            assert state(coupon) == "armed"


def test_what_has_ended_ends_and_is_told_of(cast: Cast) -> None:
    campaign = a_campaign(cast, ends_at=clock.now() + timedelta(minutes=5))
    idle, used_up = a_coupon(campaign, cast.buyer), a_coupon(campaign, cast.second_buyer, is_armed=True)
    with clock.moved(timedelta(minutes=6)):
        drains.run(DRAIN)
        assert (state(idle), state(used_up)) == ("expired", "armed"), "set, it is refused at the till"
    with clock.moved(ARMED_FOR + SLACK + MOMENT):
        drains.run(DRAIN)
        assert state(used_up) == "expired", "back first, then at its end"
    mine = [idle.public_id, used_up.public_id]
    told = OutboxEvent.objects.filter(name="coupon.expired", subject__in=mine)
    assert sorted(told.values_list("subject", flat=True)) == sorted(mine)


def test_many_in_chunks(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "CHUNK", 2)
    campaign = a_campaign(cast, ends_at=clock.now() + timedelta(minutes=5))
    coupons = [a_coupon(campaign, cast.buyer) for _ in range(5)]
    with clock.moved(timedelta(minutes=6)):
        assert drains.run(DRAIN) >= 5
    assert {state(coupon) for coupon in coupons} == {"expired"}
