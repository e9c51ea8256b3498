"""Our client of the sandbox provider."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common import clock
from payments.gateways.base import (
    UNKNOWN,
    BadCallback,
    Callback,
    ChargeAsk,
    Gateway,
    Outcome,
    RefundAsk,
    Verdict,
)
from payments.gateways.sandbox import provider
from payments.gateways.sandbox.scenarios import SCENARIOS
from payments.models import SandboxCharge

_OUTCOMES = {"succeeded": Outcome.SUCCEEDED, "failed": Outcome.FAILED}


class SandboxGateway(Gateway):
    """Play money that behaves like real money."""

    name = "sandbox"
    label: ClassVar[str | Promise] = _("Sandbox bank card")
    scenarios: ClassVar[Mapping[str, str | Promise]] = {
        name: scenario.label for name, scenario in SCENARIOS.items() if name
    }

    def charge(self, ask: ChargeAsk) -> Verdict:
        try:
            return _verdict(provider.charge(ask))
        except provider.AnswerLost:
            return UNKNOWN

    def ask_charge(self, payment_id: UUID) -> Verdict:
        found = provider.find(payment_id)
        if found is None:
            return Verdict(Outcome.FAILED, failure_code="never_started")
        return _verdict(found)

    def refund(self, ask: RefundAsk) -> Verdict:
        try:
            sent = provider.refund(ask)
        except provider.AnswerLost:
            return UNKNOWN
        if sent is None:
            return Verdict(Outcome.FAILED, failure_code="unknown_charge")
        return Verdict(_OUTCOMES[sent.outcome], sent.amount_minor, str(sent.pk), "refused")

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Callback:
        _check_signature(headers.get(provider.SIGNATURE_HEADER, ""), body)
        try:
            said = json.loads(body)
            return Callback(str(said["event"]), UUID(str(said["charge"])), self.read_stored(said))
        except (ValueError, KeyError, TypeError) as error:
            raise BadCallback("not a message of the sandbox") from error

    def read_stored(self, body: Any) -> Verdict:
        outcome = _OUTCOMES.get(body["outcome"], Outcome.PENDING)
        return Verdict(outcome, int(body["captured"]), str(body["event"]), "declined")


def _verdict(made: SandboxCharge) -> Verdict:
    if made.outcome == "open":
        return Verdict(Outcome.PENDING, reference=str(made.pk), redirect_url=provider.checkout_url(made))
    if made.visible_at > clock.now():
        return Verdict(Outcome.PENDING, reference=str(made.pk))
    return Verdict(_OUTCOMES[made.outcome], made.captured_minor, str(made.pk), "declined")


def _check_signature(header: str, body: bytes) -> None:
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    timestamp = parts.get("t", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 15):
        raise BadCallback("no timestamp")
    if not hmac.compare_digest(provider.sign(timestamp, body).encode(), parts.get("v1", "").encode()):
        raise BadCallback("wrong signature")
    if abs(time.time() - int(timestamp)) > provider.SIGNATURE_TOLERANCE_SECONDS:
        raise BadCallback("too old")
