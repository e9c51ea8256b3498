"""The stage itself: what a real Kamailio writes about a call, which is what feeds must understand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.sip.phones import Call, call, line
from tests.sip.server import STRANGER, TIME_ZONE, Server

pytestmark = pytest.mark.sip

CALLER, CALLED = "+8613912345678", "+862160001111"


def written(server: Server, call_id: str) -> list[tuple[str, str]]:
    """Method and code of each row of `acc` about a call."""
    return [(row["method"], row["sip_code"]) for row in server.tables.rows("acc", call_id)]


def test_an_answered_call_is_an_invite_a_bye_and_a_cdr(server: Server) -> None:
    with line(server):
        ended = call(server, CALLER, CALLED, seconds=1.2)
    server.tables.wait_for("acc_cdrs", ended.call_id)
    assert written(server, ended.call_id) == [("INVITE", "200"), ("BYE", "200")]
    invite = server.tables.rows("acc", ended.call_id)[0]
    assert (invite["src_user"], invite["dst_user"]) == (CALLER, CALLED)
    (cdr,) = server.tables.rows("acc_cdrs", ended.call_id)
    assert (cdr["src_user"], cdr["dst_user"]) == (CALLER, CALLED)
    assert 1.0 < cdr["duration"] < 15.0


def test_times_are_the_servers_own_without_zone_in_whole_seconds(server: Server) -> None:
    with line(server):
        ended = call(server, CALLER, CALLED)
    cdr = server.tables.wait_for("acc_cdrs", ended.call_id)
    invite = server.tables.rows("acc", ended.call_id)[0]
    for moment in (invite["time"], cdr["start_time"], cdr["end_time"]):
        assert moment.tzinfo is None
        assert moment.microsecond == 0
        age = datetime.now(UTC) - moment.replace(tzinfo=ZoneInfo(TIME_ZONE))
        assert timedelta(0) <= age < timedelta(seconds=20)


@pytest.mark.parametrize(
    ("at_the_line", "at_the_caller", "code"), [("busy", "refused", "486"), ("ring", "give_up", "487")]
)
def test_a_missed_call_is_a_failed_invite_and_a_cdr_of_no_length(
    server: Server, at_the_line: str, at_the_caller: str, code: str
) -> None:
    """A row in `acc_cdrs` alone does not say that anybody answered."""
    with line(server, at_the_line):
        ended = call(server, CALLER, CALLED, at_the_caller)
    cdr = server.tables.wait_for("acc_cdrs", ended.call_id)
    assert written(server, ended.call_id) == [("INVITE", code)]
    assert [row["sip_code"] for row in server.tables.rows("missed_calls", ended.call_id)] == [code]
    assert cdr["duration"] == 0.0
    assert cdr["start_time"] == cdr["end_time"]


def test_only_the_trunk_is_believed(server: Server) -> None:
    """Whoever reaches the server may write any number as the caller's; nothing is written of it."""
    with line(server):
        ended = call(server, CALLER, CALLED, "refused", address=STRANGER)
    assert not any(server.tables.rows(table, ended.call_id) for table in ("acc", "missed_calls", "acc_cdrs"))


def test_killed_in_mid_call_it_never_writes_the_cdr(server: Server) -> None:
    with line(server), Call(server, CALLER, CALLED, seconds=1.5) as under_way:
        server.tables.wait_for("acc", under_way.call_id)
        server.kill()
        server.start()
        assert under_way.finish().is_as_meant
    assert written(server, under_way.call_id) == [("INVITE", "200"), ("BYE", "200")]
    assert server.tables.rows("acc_cdrs", under_way.call_id) == []
