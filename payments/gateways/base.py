"""What every payment gateway looks like from inside: asks go out, typed verdicts come back.

A gateway keeps no database of ours and is never called inside a transaction. Its answer is one
of four: it may not know yet (`PENDING`), and we may not know at all (`UNKNOWN`: a time-out, a
dropped connection), which is a state of its own and is asked again until it is known.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string


class Outcome(StrEnum):
    """How an ask stands."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gateway's answer; `received_minor` is what it says was truly paid (or sent back)."""

    outcome: Outcome
    received_minor: int = 0
    reference: str = ""
    failure_code: str = ""
    redirect_url: str = ""


UNKNOWN = Verdict(Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ChargeAsk:
    """Please take this much; `id` is our payment's id and the provider's idempotency key."""

    id: UUID
    amount_minor: int
    currency: str
    description: str
    return_url: str
    callback_url: str
    scenario: str = ""


@dataclass(frozen=True, slots=True)
class RefundAsk:
    """Please send this much of a charge back; `id` is our return's id, the idempotency key."""

    id: UUID
    charge_id: UUID
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Callback:
    """A verified message of the provider about one of our payments."""

    event_id: str
    payment_id: UUID
    verdict: Verdict


class BadCallback(Exception):
    """The signature or the form of a callback is wrong."""


class Gateway(ABC):
    """One provider. Methods never raise for what the provider does: they return a verdict."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    scenarios: ClassVar[Mapping[str, str | Promise]] = {}

    @abstractmethod
    def charge(self, ask: ChargeAsk) -> Verdict:
        """Begin a charge; asking again with the same id begins nothing new."""

    @abstractmethod
    def ask_charge(self, payment_id: UUID) -> Verdict:
        """How a charge stands; one that never reached the provider has failed (`never_started`)."""

    @abstractmethod
    def refund(self, ask: RefundAsk) -> Verdict:
        """Send money back; asking again with the same id sends nothing more."""

    @abstractmethod
    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Callback:
        """Check and read a callback; raises `BadCallback`."""

    @abstractmethod
    def read_stored(self, body: Any) -> Verdict:
        """The verdict of a callback's stored body, checked when it came."""


def names() -> tuple[str, ...]:
    """The configured gateways."""
    return tuple(settings.GATEWAYS)


@lru_cache(maxsize=16)
def gateway(name: str) -> Gateway:
    """The configured gateway of that name; `KeyError` for none."""
    made: Gateway = import_string(settings.GATEWAYS[name])()
    return made
