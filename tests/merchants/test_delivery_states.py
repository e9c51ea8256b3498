"""Every state of a delivery × every verb."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django_fsm import TransitionNotAllowed

from merchants.models import DeliveryState, WebhookDelivery

AT = datetime(2026, 11, 21, tzinfo=UTC)

WAITING, DELIVERED, GIVEN_UP = DeliveryState.WAITING, DeliveryState.DELIVERED, DeliveryState.GIVEN_UP
TABLE: dict[tuple[str, str], str | None] = {
    (WAITING, "deliver"): DELIVERED,
    (WAITING, "put_off"): WAITING,
    (WAITING, "give_up"): GIVEN_UP,
    (DELIVERED, "deliver"): None,
    (DELIVERED, "put_off"): None,
    (DELIVERED, "give_up"): None,
    (GIVEN_UP, "deliver"): None,
    (GIVEN_UP, "put_off"): None,
    (GIVEN_UP, "give_up"): None,
}


def test_the_table_is_whole() -> None:
    """A new state or verb needs its row."""
    delivery: Any = WebhookDelivery()
    verbs = {transition.name for transition in delivery.get_all_state_transitions()}
    assert {verb for _state, verb in TABLE} == verbs
    assert {state for state, _verb in TABLE} == set(DeliveryState)


@pytest.mark.parametrize(("state", "verb"), TABLE)
def test_verb(state: str, verb: str) -> None:
    """Where it leads, or that it is refused; finishing has its time, every try is counted."""
    delivery: Any = WebhookDelivery(state=state)
    target = TABLE[state, verb]
    if target is None:
        with pytest.raises(TransitionNotAllowed):
            getattr(delivery, verb)(AT)
        assert (delivery.state, delivery.attempts_made) == (state, 0)
        return
    getattr(delivery, verb)(AT)
    assert (delivery.state, delivery.attempts_made) == (target, 1)
    assert (delivery.finished_at == AT) is (target != WAITING)


def test_ending_without_a_try() -> None:
    """What ends because its endpoint is gone counts no attempt."""
    delivery = WebhookDelivery()
    delivery.give_up(AT, attempted=False)
    assert delivery.attempts_made == 0
