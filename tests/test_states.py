"""Every state × every verb (HOUSE, "Rooms"): what a verb may start from, and where it leads.

The words are those of SURFACE, "States".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import models
from django_fsm import FSMField, TransitionNotAllowed

from common.states import steps_of
from coupons.models import Campaign, Coupon
from customers.models import SegmentRun
from merchants.models import WebhookDelivery
from orders.models import CallRecord, Item, Objection, Order
from payments.models import Payment, Return
from refunds.models import Refund

NOW = datetime(2026, 1, 1, tzinfo=UTC)

Verbs = dict[str, tuple[tuple[Any, ...], dict[str, str]]]
"""Verb → (its arguments, {from: to} for every state that it may start from)."""

TABLE: dict[type[models.Model], Verbs] = {
    Order: {
        "pay": ((NOW, None), {"placed": "paid"}),
        "cancel": ((NOW,), {"placed": "cancelled"}),
        "expire": ((NOW,), {"placed": "expired"}),
        "redeem": ((), {"paid": "redeemed"}),
        "refund": ((NOW,), {"paid": "refunded", "redeemed": "refunded"}),
        "undo": ((), {"redeemed": "paid"}),
        "lapse": ((NOW,), {"paid": "expired"}),
    },
    CallRecord: {
        "redeem": (
            (NOW, None),
            {"waiting": "redeemed", "unmatched": "redeemed", "ignored": "redeemed"},
        ),
        "leave": ((NOW, "no_binding"), {"waiting": "unmatched", "unmatched": "unmatched"}),
        "ignore": ((NOW, "too_short"), {"waiting": "ignored", "unmatched": "ignored"}),
        "look_again": ((), {"unmatched": "waiting", "ignored": "waiting"}),
    },
    Objection: {
        "uphold": ((NOW, ""), {"waiting": "upheld"}),
        "dismiss": ((NOW, ""), {"waiting": "dismissed"}),
    },
    SegmentRun: {
        "begin": ((5,), {"gathering": "giving"}),
        "finish": ((NOW,), {"giving": "done"}),
        "stop": ((NOW, "asked"), {"gathering": "stopped", "giving": "stopped"}),
    },
    Item: {
        "redeem": ((NOW,), {"issued": "redeemed"}),
        "undo": ((), {"redeemed": "issued"}),
        "release": ((NOW,), {"issued": "issued"}),
        "refund": ((NOW,), {"issued": "refunded", "redeemed": "refunded"}),
    },
    Campaign: {
        "pause": ((), {"active": "paused"}),
        "resume": ((), {"paused": "active"}),
        "close": ((), {"active": "closed", "paused": "closed"}),
    },
    Coupon: {
        "arm": ((NOW,), {"issued": "armed"}),
        "put_back": ((), {"armed": "issued"}),
        "lock": ((UUID(int=1), 100, None), {"issued": "locked", "armed": "locked"}),
        "use": ((NOW,), {"locked": "used"}),
        "release": ((), {"locked": "issued"}),
        "give_back": ((), {"used": "issued"}),
        "lapse": ((), {"used": "expired"}),
        "expire": ((), {"issued": "expired"}),
        "revoke": ((), {"issued": "revoked"}),
    },
    Payment: {
        "succeed": ((NOW,), {"pending": "succeeded", "unknown": "succeeded"}),
        "fail": ((NOW, "declined"), {"pending": "failed", "unknown": "failed"}),
        "lose_sight": ((NOW,), {"pending": "unknown", "unknown": "unknown"}),
        "refund": ((), {"succeeded": "refunded"}),
        "reverse": ((), {"succeeded": "reversed"}),
    },
    Return: {
        "succeed": ((NOW,), {"sending": "succeeded", "unknown": "succeeded"}),
        "fail": ((NOW, "refused"), {"sending": "failed", "unknown": "failed"}),
        "lose_sight": ((NOW,), {"sending": "unknown", "unknown": "unknown"}),
    },
    Refund: {
        "approve": (
            (NOW, "key:1"),
            {"waiting_for_merchant": "approved", "escalated": "approved"},
        ),
        "reject": (
            (NOW, "key:1", "worn"),
            {"waiting_for_merchant": "rejected", "escalated": "rejected"},
        ),
        "escalate": ((), {"rejected": "escalated"}),
        "arrive": ((NOW,), {"approved": "refunded"}),
        "fail": (("refunded",), {"approved": "failed"}),
        "try_again": ((NOW,), {"failed": "approved"}),
    },
    WebhookDelivery: {
        "deliver": ((NOW,), {"waiting": "delivered"}),
        "put_off": ((NOW,), {"waiting": "waiting"}),
        "give_up": ((NOW,), {"waiting": "given_up"}),
    },
}

SURFACE = {
    Coupon: {
        ("issued", "armed"),
        ("armed", "issued"),
        ("armed", "locked"),
        ("issued", "locked"),  # named with a live code instead of armed for a payment code
        ("locked", "used"),
        ("locked", "issued"),
        ("used", "issued"),
        ("used", "expired"),
        ("issued", "expired"),
        ("issued", "revoked"),
    },
    Refund: {
        ("waiting_for_merchant", "approved"),
        ("waiting_for_merchant", "rejected"),
        ("approved", "refunded"),
        ("approved", "failed"),
        ("failed", "approved"),
        ("rejected", "escalated"),
        ("escalated", "approved"),
        ("escalated", "rejected"),
    },
    Order: {
        ("placed", "paid"),
        ("placed", "cancelled"),
        ("placed", "expired"),
        ("paid", "redeemed"),
        ("redeemed", "paid"),
        ("paid", "expired"),
        ("paid", "refunded"),
        ("redeemed", "refunded"),
    },
    Item: {
        ("issued", "redeemed"),
        ("redeemed", "issued"),
        ("issued", "refunded"),
        ("redeemed", "refunded"),
    },
    Payment: {
        ("pending", "succeeded"),
        ("pending", "failed"),
        ("pending", "unknown"),
        ("unknown", "succeeded"),
        ("unknown", "failed"),
        ("succeeded", "reversed"),
        ("succeeded", "refunded"),
    },
}

LATER: dict[type[models.Model], set[tuple[str, str]]] = {}
"""Steps of SURFACE whose flows are not built: a verb that makes one must be taken out of here."""

FIRST = {
    Order: "placed",
    Item: "issued",
    Payment: "pending",
    Return: "sending",
    WebhookDelivery: "waiting",
    CallRecord: "waiting",
    Objection: "waiting",
    Campaign: "active",
    Coupon: "issued",
    SegmentRun: "gathering",
    Refund: "waiting_for_merchant",
}

FIELDS: dict[type[models.Model], dict[str, Any]] = {
    Payment: {"amount_minor": 100},
    Coupon: {"expires_at": NOW},
}
"""What a verb reads of a row."""

OTHER_TABLES = {"customers.StepRun"}
"""Models of the upper floors, whose tables stand beside their own tests."""


def states_of(model: type[models.Model]) -> list[str]:
    field = model._meta.get_field("state")
    assert isinstance(field, models.Field)
    return [str(value) for value, _label in field.choices or ()]


def verbs_of(model: type[models.Model]) -> set[str]:
    field = model._meta.get_field("state")
    assert isinstance(field, FSMField)
    return {step.name for step in field.get_all_transitions(model)}


def squares() -> Iterator[Any]:
    for model, verbs in TABLE.items():
        for verb, (arguments, leads) in verbs.items():
            for state in states_of(model):
                name = f"{model.__name__}-{state}-{verb}"
                yield pytest.param(model, state, verb, arguments, leads.get(state), id=name)


@pytest.mark.parametrize(("model", "state", "verb", "arguments", "target"), list(squares()))
def test_every_state_and_every_verb(
    model: type[models.Model], state: str, verb: str, arguments: tuple[Any, ...], target: str | None
) -> None:
    row: Any = model(state=state, **FIELDS.get(model, {}))
    if target is None:
        with pytest.raises(TransitionNotAllowed):
            getattr(row, verb)(*arguments)
        assert row.state == state
    else:
        getattr(row, verb)(*arguments)
        assert row.state == target


@pytest.mark.parametrize("model", TABLE, ids=lambda model: model.__name__)
def test_the_table_is_whole(model: type[models.Model]) -> None:
    assert verbs_of(model) == set(TABLE[model]), "a verb that the table does not know, or the other way"
    assert model().state == FIRST[model]  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", TABLE, ids=lambda model: model.__name__)
def test_only_verbs_change_a_state(model: type[models.Model]) -> None:
    row: Any = model()
    with pytest.raises(AttributeError, match="not allowed"):
        row.state = states_of(model)[-1]


@pytest.mark.parametrize("model", SURFACE, ids=lambda model: model.__name__)
def test_the_verbs_are_surfaces_words(model: type[models.Model]) -> None:
    assert steps_of(model) == SURFACE[model] - LATER.get(model, set())
    assert set(states_of(model)) == {word for step in SURFACE[model] for word in step}


def test_every_model_with_states_has_a_table() -> None:
    found = {
        model
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, FSMField)
    }
    assert {model for model in found if model._meta.label not in OTHER_TABLES} == set(TABLE)
