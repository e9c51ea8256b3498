"""The provider's side of the wire. It knows nothing of orders or wallets, only its own books.

Idempotent by the key that the client sends, as providers are. Writes commit on their own, since
nobody calls a provider inside a transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from common import clock, locking
from common.secrets import derived
from payments.gateways.base import ChargeAsk, RefundAsk
from payments.gateways.sandbox.scenarios import SCENARIOS
from payments.models import SandboxCharge, SandboxRefund

SIGNATURE_HEADER = "Sandbox-Signature"
SIGNATURE_TOLERANCE_SECONDS = 300
SESSION = timedelta(minutes=30)
CALLBACK_PAUSES_SECONDS = (1, 2, 4, 8, 16, 32, 60, 120, 300, 600, 1800, 3600)


class AnswerLost(Exception):
    """What the client sees of a time-out: nothing. The provider did its part all the same."""


@dataclass(frozen=True, slots=True)
class Message:
    """A callback as it goes over the wire."""

    url: str
    headers: dict[str, str]
    body: bytes


def charge(ask: ChargeAsk) -> SandboxCharge:
    """Begin a charge, or find the one begun under this key. Raises `AnswerLost`."""
    scenario = SCENARIOS[ask.scenario]
    with transaction.atomic():  # whole or not at all, though this provider dies when we do
        made, created = SandboxCharge.objects.get_or_create(
            key=ask.id,
            defaults={
                "amount_minor": ask.amount_minor,
                "currency": ask.currency,
                "scenario": ask.scenario,
                "return_url": ask.return_url,
                "callback_url": ask.callback_url,
            },
        )
        if created and not scenario.asks_payer:
            made = finish(made.pk, scenario.outcome) or made
    if scenario.answer_lost:
        raise AnswerLost
    return made


def finish(charge_id: UUID, outcome: str) -> SandboxCharge | None:
    """The payer (or the scenario) has decided; what came of it is called back if that is its way."""
    with transaction.atomic():
        made = SandboxCharge.objects.filter(pk=charge_id, outcome="open").first()
        if made is None:
            return None
        scenario = SCENARIOS[made.scenario]
        captured = made.amount_minor + scenario.amount_off_by_minor if outcome == "succeeded" else 0
        due = clock.now() + timedelta(seconds=scenario.callback_after_seconds)
        SandboxCharge.objects.filter(pk=charge_id, outcome="open").update(
            outcome=outcome,
            captured_minor=captured,
            callbacks_left=scenario.callbacks,
            callback_due_at=due if scenario.callbacks else None,
            visible_at=clock.now() if scenario.answers_at_once else due,
        )
        return SandboxCharge.objects.get(pk=charge_id)


def find(key: UUID) -> SandboxCharge | None:
    """The charge under the client's key; one whose payer never came back has failed."""
    found = SandboxCharge.objects.filter(key=key).first()
    if found is not None and found.outcome == "open" and found.created_at + SESSION < clock.now():
        return finish(found.pk, "failed")
    return found


def refund(ask: RefundAsk) -> SandboxRefund | None:
    """Send money back, once per key; None for a charge it does not know. Raises `AnswerLost`."""
    made = SandboxCharge.objects.filter(key=ask.charge_id).first()
    if made is None:
        return None
    scenario = SCENARIOS[made.scenario]
    earlier = SandboxRefund.objects.filter(key=ask.id).first()
    if earlier is not None:
        return earlier
    with transaction.atomic():
        possible = SandboxCharge.objects.filter(
            pk=made.pk, captured_minor__gte=F("refunded_minor") + ask.amount_minor
        )
        does = scenario.refund_outcome == "succeeded" and bool(
            possible.update(refunded_minor=F("refunded_minor") + ask.amount_minor)
        )
        sent, created = SandboxRefund.objects.get_or_create(
            key=ask.id,
            defaults={
                "charge": made,
                "amount_minor": ask.amount_minor,
                "outcome": "succeeded" if does else "failed",
            },
        )
        if not created:
            transaction.set_rollback(True)
    if created and scenario.refund_answer_lost:
        raise AnswerLost
    return sent


def due_callbacks(limit: int = 20) -> list[tuple[UUID, Message]]:
    """Claim callbacks whose time has come; each is tried again with growing pauses until heard."""
    moment = clock.now()
    with locking.transaction():
        due = SandboxCharge.objects.filter(callback_due_at__lte=moment).order_by("callback_due_at")
        charges = locking.claim_rows(due, limit)
        for made in charges:
            pause = CALLBACK_PAUSES_SECONDS[min(made.callback_attempts, len(CALLBACK_PAUSES_SECONDS) - 1)]
            SandboxCharge.objects.filter(pk=made.pk).update(
                callback_due_at=moment + timedelta(seconds=pause),
                callback_attempts=made.callback_attempts + 1,
            )
    return [(made.pk, message(made)) for made in charges]


def heard(charge_id: UUID) -> None:
    """A callback was acknowledged; a scenario of duplicates sends the next one soon."""
    made = SandboxCharge.objects.get(pk=charge_id)
    left = max(made.callbacks_left - 1, 0)
    SandboxCharge.objects.filter(pk=charge_id).update(
        callbacks_left=left, callback_due_at=clock.now() if left else None
    )


def message(made: SandboxCharge) -> Message:
    """The signed callback of a charge: HMAC-SHA256 over `timestamp.body`."""
    body = json.dumps(
        {
            "event": str(made.pk),
            "charge": str(made.key),
            "outcome": made.outcome,
            "captured": made.captured_minor,
            "currency": made.currency,
        }
    ).encode()
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        SIGNATURE_HEADER: f"t={timestamp},v1={sign(timestamp, body)}",
    }
    return Message(made.callback_url, headers, body)


def sign(timestamp: str, body: bytes) -> str:
    """The signature both sides compute."""
    secret = settings.SANDBOX_CALLBACK_SECRET.encode() or derived("sandbox-callback", 32)
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def checkout_url(made: SandboxCharge) -> str:
    """The provider's own page, where the payer decides."""
    return f"{settings.BASE_URL}/sandbox/checkout/{made.pk.hex}"
