"""A buyer calls the number on their order, and the order is redeemed: real calls, told of by a real server.

Orders are placed, paid and looked at through the API; the calls reach us as they would from any shop's
telephony server, by polling its tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.cast import Cast
from tests.sip.phones import Call, call, line
from tests.sip.server import STRANGER, Server
from tests.sip.shop import Shop

pytestmark = [pytest.mark.sip, pytest.mark.usefixtures("committed", "agrees")]

MANY = 20
Spelling = Callable[[str], str]

REDEEMED, NOT_ANSWERED = ("redeemed", None), ("ignored", "not_answered")
NO_BINDING, WITHHELD = ("unmatched", "no_binding"), ("unmatched", "caller_withheld")
ALREADY = ("ignored", "already_redeemed")


@pytest.fixture
def shop(committed: None, cast: Cast, server: Server) -> Iterator[Shop]:
    """A shop whose calls are read from the telephony server."""
    opened = Shop(cast, server.tables)
    yield opened
    opened.close()


def as_e164(number: str) -> str:
    return number


def with_zeros(number: str) -> str:
    return "00" + number[1:]


def nationally(number: str) -> str:
    """As written in China: mobiles as they are, others with the long-distance zero."""
    return number[3:] if number.startswith("+861") else "0" + number[3:]


def test_a_paid_order_is_redeemed_by_an_answered_call(shop: Shop, server: Server) -> None:
    order = shop.paid_order()
    assert shop.binding_end(order) == ""
    with line(server):
        ended = call(server, shop.buyer_phone, order["service_number"], seconds=1.2)
    assert shop.outcome(ended.call_id) == REDEEMED
    assert shop.order(order["id"])["state"] == "redeemed"
    assert shop.binding_end(order) == "redeemed"


def test_the_record_tells_when_it_was_answered_and_when_it_ended(shop: Shop, server: Server) -> None:
    """The redemption needs the answered INVITE only; the rest is filled in from the server's CDR."""
    order = shop.paid_order()
    with line(server):
        ended = call(server, shop.buyer_phone, order["service_number"], seconds=2.0)
    record = shop.ended_record(ended.call_id)
    assert (record["caller"], record["called"]) == (shop.buyer_phone, order["service_number"])
    assert record["order"] == order["id"]
    assert 1 <= shop.talked_seconds(record) <= 15


@pytest.mark.parametrize(("at_the_line", "at_the_caller"), [("busy", "refused"), ("ring", "give_up")])
def test_a_missed_call_leaves_the_order_paid(
    shop: Shop, server: Server, at_the_line: str, at_the_caller: str
) -> None:
    order = shop.paid_order()
    with line(server, at_the_line):
        missed = call(server, shop.buyer_phone, order["service_number"], at_the_caller)
    server.tables.wait_for("acc_cdrs", missed.call_id)
    assert shop.outcome(missed.call_id) == NOT_ANSWERED
    assert shop.order(order["id"])["state"] == "paid"
    with line(server):
        taken = call(server, shop.buyer_phone, order["service_number"])
    assert shop.outcome(taken.call_id) == REDEEMED
    assert shop.outcome(missed.call_id) == NOT_ANSWERED


def test_a_trunk_that_tries_again_under_the_same_call_id_redeems(shop: Shop, server: Server) -> None:
    """Told of as missed, then answered, and the server dies before it could tell more."""
    order = shop.paid_order()
    caller, called = shop.buyer_phone, order["service_number"]
    with line(server, "busy"):
        missed = call(server, caller, called, "refused")
    assert shop.outcome(missed.call_id) == NOT_ANSWERED
    with line(server), Call(server, caller, called, seconds=5.0, call_id=missed.call_id):
        server.tables.wait_for("acc", missed.call_id, rows=2)
        server.kill()
        assert shop.outcome(missed.call_id) == REDEEMED
    assert shop.order(order["id"])["state"] == "redeemed"
    assert shop.records_of(missed.call_id) == 1


def test_two_orders_of_one_buyer_have_two_numbers_and_each_redeems_its_own(
    shop: Shop, server: Server
) -> None:
    first, second = shop.paid_order(), shop.paid_order()
    assert first["service_number"] != second["service_number"]
    with line(server):
        one = call(server, shop.buyer_phone, second["service_number"])
        assert shop.outcome(one.call_id) == REDEEMED
        assert shop.states(first, second) == ["paid", "redeemed"]
        other = call(server, shop.buyer_phone, first["service_number"])
    assert shop.outcome(other.call_id) == REDEEMED
    assert shop.states(first, second) == ["redeemed", "redeemed"]


def test_two_buyers_who_share_one_number_redeem_their_own(shop: Shop, server: Server) -> None:
    shop.keep_one_number()
    mine, theirs = shop.paid_order(), shop.paid_order_of_another()
    assert mine["service_number"] == theirs["service_number"]
    with line(server):
        ended = call(server, shop.other_phone, theirs["service_number"])
    assert shop.outcome(ended.call_id) == REDEEMED
    assert shop.states(mine, theirs) == ["paid", "redeemed"]


def test_a_strangers_call_redeems_nothing(shop: Shop, server: Server) -> None:
    order = shop.paid_order()
    with line(server):
        ended = call(server, shop.stranger_phone, order["service_number"])
    assert shop.outcome(ended.call_id) == NO_BINDING
    assert shop.order(order["id"])["state"] == "paid"


def test_whoever_withholds_the_number_redeems_nothing(shop: Shop, server: Server) -> None:
    order = shop.paid_order()
    with line(server):
        ended = call(server, "anonymous", order["service_number"])
    assert shop.outcome(ended.call_id) == WITHHELD
    assert shop.order(order["id"])["state"] == "paid"


def test_the_buyers_number_from_elsewhere_than_the_trunk_redeems_nothing(shop: Shop, server: Server) -> None:
    """The server turns it away, so that it never becomes a record; a real call still redeems."""
    order = shop.paid_order()
    with line(server):
        forged = call(server, shop.buyer_phone, order["service_number"], "refused", address=STRANGER)
        real = call(server, shop.stranger_phone, order["service_number"])
    assert shop.outcome(real.call_id) == NO_BINDING
    assert shop.record(forged.call_id) is None
    assert shop.order(order["id"])["state"] == "paid"


@pytest.mark.parametrize("caller_as", [with_zeros, nationally])
@pytest.mark.parametrize("called_as", [as_e164, with_zeros, nationally])
def test_numbers_in_another_spelling_redeem(
    shop: Shop, server: Server, caller_as: Spelling, called_as: Spelling
) -> None:
    order = shop.paid_order()
    with line(server):
        ended = call(server, caller_as(shop.buyer_phone), called_as(order["service_number"]))
    assert shop.outcome(ended.call_id) == REDEEMED
    assert shop.order(order["id"])["state"] == "redeemed"


def test_a_second_call_finds_the_order_redeemed(shop: Shop, server: Server) -> None:
    order = shop.paid_order()
    with line(server):
        first = call(server, shop.buyer_phone, order["service_number"])
        assert shop.outcome(first.call_id) == REDEEMED
        second = call(server, shop.buyer_phone, order["service_number"])
    assert shop.outcome(second.call_id) == ALREADY


def test_a_server_killed_in_mid_call_has_told_enough_and_goes_on(shop: Shop, server: Server) -> None:
    """The answered INVITE is written; of this call no CDR ever is. After its restart all is as before."""
    during, after = shop.paid_order(), shop.paid_order()
    with line(server):
        with Call(server, shop.buyer_phone, during["service_number"], seconds=2.0) as under_way:
            server.tables.wait_for("acc", under_way.call_id)
            server.kill()
            assert shop.outcome(under_way.call_id) == REDEEMED
            server.start()
            under_way.finish()
        ended = call(server, shop.buyer_phone, after["service_number"])
    assert shop.outcome(ended.call_id) == REDEEMED
    assert shop.states(during, after) == ["redeemed", "redeemed"]
    server.tables.wait_for("acc_cdrs", ended.call_id)
    assert server.tables.rows("acc_cdrs", under_way.call_id) == []
    assert shop.records_of(under_way.call_id) == 1


def test_many_calls_at_once_all_redeem_while_the_tables_are_polled(shop: Shop, server: Server) -> None:
    """Rows are written by several processes at once and commit out of order: none may be passed over."""
    orders = [shop.paid_order() for _place in range(MANY)]
    with line(server), ExitStack() as stack:
        calls = [
            stack.enter_context(Call(server, shop.buyer_phone, order["service_number"])) for order in orders
        ]
        for one in calls:
            shop.poll()
            assert one.finish().is_as_meant
    assert [shop.outcome(one.call_id) for one in calls] == [REDEEMED] * MANY
    assert shop.states(*orders) == ["redeemed"] * MANY
