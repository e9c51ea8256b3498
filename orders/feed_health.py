"""How a feed is doing, in the words of its page: what it told last, how far behind it is, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _

from orders.feeds import provider_of, secrets_of
from orders.gateways import registry
from orders.gateways.base import FeedError
from orders.models import PhoneFeed

LATE_SECONDS = 60
LATELY = timedelta(days=7)
MINUTES_FROM_SECONDS = 120

WHY: dict[str, str | Promise] = {
    "malformed": _("Damaged or incomplete, or at a time that can't be"),
    "invalid_phone": _("A number that is no phone number"),
    "in_future": _("More than five minutes ahead: the clock or the time zone is wrong"),
    "no_call_id": _("Without the call's id"),
    "unreadable": _("A message in which nothing can be read"),
}
"""Why a record could not be taken, as the counts at a feed name it → the same for people."""


@dataclass(frozen=True)
class Health:
    """How a feed is doing at a moment."""

    feed: PhoneFeed
    at: datetime

    @property
    def label(self) -> str | Promise:
        """The provider's name; its bare word where there is no such provider any more."""
        known = self.feed.kind in registry.names()
        return registry.feed(self.feed.kind).label if known else self.feed.kind

    @cached_property
    def error(self) -> str:
        """What is wrong with it; empty when nothing is."""
        if self.feed.ended_at:
            return ""
        try:
            provider_of(self.feed)
            secrets_of(self.feed)
        except FeedError as error:
            return gettext(str(error))
        return gettext(self.feed.error) if self.feed.error else ""

    @property
    def state(self) -> str:
        """`ended`, `failing`, `new` or `ok`."""
        if self.feed.ended_at:
            return "ended"
        if self.feed.failures or self.error:
            return "failing"
        return "ok" if self.feed.polled_at or self.feed.last_record_at else "new"

    @property
    def read_up_to(self) -> datetime:
        """What was written down before has been read."""
        return self.feed.caught_up_at or self.feed.created_at

    @property
    def late_seconds(self) -> int:
        """How long it has told of nothing new that is more than a poll's pace old; 0 if it isn't asked."""
        if self.feed.due_at is None or self.feed.ended_at:
            return 0
        due = self.read_up_to + timedelta(seconds=self.feed.poll_seconds)
        return max(0, int((self.at - due).total_seconds()))

    @property
    def is_far_behind(self) -> bool:
        """Whether that is rather said in minutes and hours."""
        return self.late_seconds >= MINUTES_FROM_SECONDS

    @property
    def is_late(self) -> bool:
        """Whether nobody asks it although it is time to: the worker stands still."""
        due, pace = self.feed.due_at, self.feed.poll_seconds
        overdue = self.at - due if due and not self.feed.ended_at else timedelta(0)
        return overdue > timedelta(seconds=LATE_SECONDS + pace)

    @property
    def is_rejecting(self) -> bool:
        """Whether it told lately of records that could not be read."""
        return self.feed.rejected_at is not None and self.feed.rejected_at > self.at - LATELY

    @property
    def rejected(self) -> list[tuple[str | Promise, int]]:
        """Why, and how many; the most frequent first."""
        counts = sorted(self.feed.rejected.items(), key=lambda one: -one[1])
        return [(WHY.get(code, code), many) for code, many in counts]

    @property
    def rejected_many(self) -> int:
        """How many in all since `rejected_from`."""
        return sum(self.feed.rejected.values())

    @property
    def is_refusing(self) -> bool:
        """Whether somebody pushed lately who could not prove to be the provider."""
        return self.feed.refused_at is not None and self.feed.refused_at > self.at - LATELY
