"""The interface of telephony servers and providers: what they tell, as facts; no database of ours here.

A provider is polled (`Feed.fetch`), or pushes to an address of its own (`Pusher.read`), or both. It
knows its own words, times and spellings and turns them into `CallFact`s; numbers stay as they were
written, since only the merchant's region says how to read them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.utils.functional import Promise

from orders.models import Trust


@dataclass(frozen=True, slots=True)
class CallFact:
    """One call or text message as a provider tells of it. Times are aware; a withheld number is empty.

    `call_id` is the provider's, the same in every report of this call.
    """

    provider: str
    call_id: str
    caller: str
    called: str
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    kind: str = "call"
    trust: int = Trust.CLAIMED


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that can't be read: where it stood, a stable word, and what is wrong in words.

    `mark` is something that it is known again by when it is told once more.
    """

    place: int
    code: str
    detail: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step of a poll found, and the cursor that leads on from it."""

    facts: list[CallFact]
    cursor: dict[str, Any]
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that a merchant fills in to use a provider; secrets are kept encrypted."""

    name: str
    label: str | Promise
    is_secret: bool = False
    is_required: bool = True
    hint: str | Promise = ""
    default: str = ""
    choices: tuple[str, ...] = ()


class FeedError(Exception):
    """The provider could not be asked, or gave no sensible answer; in words for the dashboard, no secrets.

    English, as they are stored; what `gettext_noop` marks is translated where it is shown.
    """


class PushRefused(Exception):
    """What was pushed does not prove where it comes from."""


class PushUnreadable(Exception):
    """What was pushed is signed well and says nothing that can be read; in words."""


@dataclass(frozen=True, slots=True)
class Push:
    """A request of a provider at a feed's own address; `address` is the whole one, as it was called."""

    feed: str
    address: str
    headers: Mapping[str, str]
    body: bytes
    now: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a push or a part of a file."""

    facts: list[CallFact] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class Provider(ABC):
    """Somebody who tells of calls, and what a merchant fills in for it."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    settings: ClassVar[tuple[Setting, ...]]
    trust: ClassVar[Trust] = Trust.CLAIMED
    """That of a fact of which the provider knows nothing particular; a merchant may say otherwise."""

    def problems(self, settings: Mapping[str, str]) -> dict[str, str | Promise]:
        """Setting → what is wrong with it, of those that are filled in."""
        return {}


class Feed(Provider):
    """A provider that is asked now and then."""

    @abstractmethod
    def fetch(self, settings: Mapping[str, str], cursor: dict[str, Any], now: datetime) -> Generator[Batch]:
        """What came since the cursor, in steps of at most two thousand, an overlap of the past included.

        `settings` has the secrets too. An empty cursor begins at `now`. Whoever asks stores each
        batch together with its cursor, so that dying in between loses nothing; what was seen twice is
        stored once. Raises `FeedError`.
        """


class Pusher(Provider):
    """A provider that tells by itself, at an address of the feed's own; its signature is the only key."""

    max_bytes: ClassVar[int] = 1_000_000
    answer: ClassVar[Mapping[str, Any]] = {}
    """What it wants to hear when all went well."""

    @abstractmethod
    def read(self, settings: Mapping[str, str], push: Push) -> Reading:
        """What it tells. Raises `PushRefused` for a signature that is not right, `PushUnreadable`."""

    def address_query(self, settings: Mapping[str, str], feed: str) -> str:
        """What belongs behind the feed's address when the merchant hands it to the provider."""
        return ""
