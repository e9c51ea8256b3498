"""What the feed makes of what a real server wrote, before anything of ours is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orders.gateways.base import CallFact
from orders.gateways.kamailio import Kamailio
from orders.models import Trust
from tests.sip.phones import Call, call, line
from tests.sip.server import TIME_ZONE, Server

pytestmark = pytest.mark.sip

CALLER, CALLED = "+8613912345678", "+862160001111"


def told(server: Server, call_id: str) -> list[CallFact]:
    """Everything that one poll tells of a call, in its order."""
    now = datetime.now(UTC)
    settings = {"dsn": server.tables.dsn, "time_zone": TIME_ZONE}
    batches = Kamailio().fetch(settings, {}, now)
    return [fact for batch in batches for fact in batch.facts if fact.call_id == call_id]


def test_an_answered_call_is_told_at_once_and_its_end_later(server: Server) -> None:
    with line(server), Call(server, CALLER, CALLED, seconds=2.0) as under_way:
        server.tables.wait_for("acc", under_way.call_id)
        (begun,) = told(server, under_way.call_id)
        assert under_way.finish().is_as_meant
    server.tables.wait_for("acc_cdrs", under_way.call_id)
    again, ended = told(server, under_way.call_id)
    assert (begun.caller, begun.called, begun.trust) == (CALLER, CALLED, Trust.TRUNK)
    assert abs(datetime.now(UTC) - begun.started_at) < timedelta(seconds=20)
    assert begun.answered_at is not None
    assert begun.ended_at is None
    assert again == begun
    assert ended.ended_at is not None
    assert timedelta(seconds=1) <= ended.ended_at - begun.answered_at <= timedelta(seconds=6)


@pytest.mark.parametrize(("at_the_line", "at_the_caller"), [("busy", "refused"), ("ring", "give_up")])
def test_a_missed_call_was_never_answered(server: Server, at_the_line: str, at_the_caller: str) -> None:
    with line(server, at_the_line):
        ended = call(server, CALLER, CALLED, at_the_caller)
    server.tables.wait_for("acc_cdrs", ended.call_id)
    facts = told(server, ended.call_id)
    assert facts
    assert {fact.answered_at for fact in facts} == {None}
