"""Which requests a drain and its events belong to, when several poked it."""

from __future__ import annotations

import threading

import pytest
import structlog

from common import drains, outbox
from common.ids import new_id
from common.models import OutboxEvent

SEVERAL = f"{new_id().hex},{new_id().hex},{new_id().hex}"


@pytest.mark.django_db
def test_an_event_of_a_drain_that_several_requests_poked_fits_into_its_row() -> None:
    with structlog.contextvars.bound_contextvars(request_id=SEVERAL):
        outbox.emit("order.placed", "a subject of this test")
    kept = OutboxEvent.objects.get(subject="a subject of this test").request_id
    assert kept == SEVERAL[:32]


def test_a_poke_names_each_request_once_however_often_it_is_passed_on() -> None:
    """Else the list would grow with every drain that pokes another one."""
    poker = drains._Poker.__new__(drains._Poker)  # without its thread
    poker._asked, poker._wanted = {}, threading.Event()
    poker.ask(("outbox",), SEVERAL)
    poker.ask(("outbox",), SEVERAL.split(",")[0])
    assert poker._asked == {"outbox": set(SEVERAL.split(","))}
