"""What holds a unit: a refund or an objection; neither lets go what the other holds. And what is in stock."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from common import clock, drains
from merchants.models.merchants import Unredeemed
from orders.flows.decide_objection import decide_objection
from orders.flows.object_redemption import object_redemption
from orders.models import Item, Order, Product, RedeemBy
from orders.refusals import Expired, Held
from refunds.flows.escalate_refund import escalate_refund
from refunds.models import Refund
from tests.cast import Cast, make_product
from tests.refunds.stage import ask, carry_out, trust

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("agrees")]


def redeemed(cast: Cast) -> tuple[Order, str]:
    order = cast.paid_order()
    assert cast.owner_key.post(f"orders/{order['id']}/redeem", {}).status == 200
    return Order.objects.get(live_token=order["live_code"]["token"]), str(order["items"][0]["code"])


def flat(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 64), colour).save(out, "JPEG")
    return out.getvalue()


def reject(cast: Cast, code: str) -> Refund:
    body: dict[str, Any] = ask(cast.buyer_key, code).body
    assert cast.owner_key.post(f"refunds/{body['id']}/reject", {"reason": "Worn."}).status == 200
    return Refund.objects.get(item__code=code)


def test_what_is_objected_to_is_not_asked_for(cast: Cast) -> None:
    order, code = redeemed(cast)
    object_redemption(cast.buyer, order.pk)
    assert ask(cast.buyer_key, code).code == "held"


def test_what_was_asked_for_is_not_objected_to(cast: Cast) -> None:
    order, code = redeemed(cast)
    assert ask(cast.buyer_key, code).status == 201
    with pytest.raises(Held):
        object_redemption(cast.buyer, order.pk)


def test_a_rejected_one_that_is_objected_to_is_not_escalated_meanwhile(cast: Cast) -> None:
    order, code = redeemed(cast)
    refund = reject(cast, code)
    objection = object_redemption(cast.buyer, order.pk)
    with pytest.raises(Held):
        escalate_refund(cast.buyer, refund.pk)
    decide_objection(cast.merchant, objection.pk, uphold=False, note="It was you.")
    assert escalate_refund(cast.buyer, refund.pk).state == "escalated"
    assert Item.objects.get(code=code).held_at is not None


def test_of_an_order_that_has_ended_nothing_is_escalated(cast: Cast) -> None:
    cast.merchant.unredeemed = Unredeemed.KEEP
    cast.merchant.save()
    order = cast.paid_order()
    refund = reject(cast, order["items"][0]["code"])
    with clock.moved(timedelta(days=cast.merchant.redeem_within_days, hours=1)):
        drains.run("keep_unredeemed")
        with pytest.raises(Expired):
            escalate_refund(cast.buyer, refund.pk)


@pytest.mark.parametrize(("redeem_by", "left"), [(RedeemBy.CODE, 5), (RedeemBy.NONE, 4)])
def test_only_what_the_buyer_never_had_goes_back_to_stock(cast: Cast, redeem_by: RedeemBy, left: int) -> None:
    trust(cast.buyer)
    product = make_product(cast.merchant, 1_000, redeem_by, stock=5)
    order = cast.paid_order(product)
    assert ask(cast.buyer_key, order["items"][0]["code"]).body["state"] == "approved"
    carry_out()
    assert Product.objects.get(pk=product.pk).stock == left


def test_photos_of_one_colour_are_not_the_same_photo(cast: Cast) -> None:
    trust(cast.buyer, 50)
    for colour in ("red", "blue", "black"):
        asked = ask(cast.buyer_key, cast.paid_order()["items"][0]["code"], [flat(colour)])
        assert asked.body["decision"]["rule"] == "reputation", colour
