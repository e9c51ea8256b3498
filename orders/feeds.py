"""What all feeds share: their secrets, the addresses they push to, and sifting what they tell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography.fernet import InvalidToken
from django.conf import settings as project
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext_noop

from common.secrets import seal, unseal
from orders.gateways import registry
from orders.gateways.base import CallFact, FeedError, Provider, Pusher, Rejected
from orders.models import CallRecord, PhoneFeed

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=7)


def sealed(secrets: Mapping[str, str]) -> bytes:
    """Secrets as the database keeps them."""
    return seal(json.dumps(dict(secrets)).encode())


def secrets_of(feed: PhoneFeed) -> dict[str, str]:
    """The secrets in plain. Raises `FeedError` where the project's key is another one by now."""
    try:
        return dict(json.loads(unseal(bytes(feed.credentials_sealed))))
    except (InvalidToken, ValueError) as error:
        raise FeedError(gettext_noop("the credentials can't be read any more: enter them again")) from error


def settings_of(feed: PhoneFeed) -> dict[str, str]:
    """Everything that the provider asks for, secrets too."""
    return {**{name: str(value) for name, value in feed.settings.items()}, **secrets_of(feed)}


def provider_of(feed: PhoneFeed) -> Provider:
    """Who tells of calls there. Raises `FeedError` for one that there is no more."""
    try:
        return registry.feed(feed.kind)
    except KeyError as error:
        raise FeedError(f"no such provider: {feed.kind}") from error


def push_address(feed: PhoneFeed) -> str:
    """The address that the merchant hands to a provider that pushes; empty for others."""
    provider = provider_of(feed)
    if not isinstance(provider, Pusher):
        return ""
    query = provider.address_query(settings_of(feed), feed.public_id)
    address = f"{project.BASE_URL}/api/v1/feeds/{feed.public_id}/{feed.kind}"
    return f"{address}?{query}" if query else address


def sift(facts: Sequence[CallFact], moment: datetime) -> tuple[list[CallFact], list[Rejected]]:
    """What can be kept, and what no table holds: odd characters in an id, times before our time."""
    good, rejected = [], []
    for place, fact in enumerate(facts):
        if wrong := _wrong(fact, moment):
            rejected.append(Rejected(place, "malformed", wrong))
        else:
            good.append(fact)
    return good, rejected


def _wrong(fact: CallFact, moment: datetime) -> str:
    if not fact.call_id or not fact.call_id.isprintable():
        return "call_id: missing or unreadable"
    times = [time for time in (fact.started_at, fact.answered_at, fact.ended_at) if time is not None]
    if min(times) < _EARLIEST or max(times) > moment + _LONGEST:
        return "a time that can't be"
    return "" if times == sorted(times) else "it ends before it begins"


def trusted(facts: Iterable[CallFact], provider: Provider, feed: PhoneFeed) -> list[CallFact]:
    """The merchant's own word on the feed's callers, where the provider knows nothing particular."""
    if feed.trust == provider.trust:
        return list(facts)
    return [replace(fact, trust=feed.trust) if fact.trust == provider.trust else fact for fact in facts]


def newest_of(facts: Iterable[CallFact], moment: datetime) -> dict[str, Greatest]:
    """How the feed's last call moves on by these; never back, whoever else tells of calls meanwhile."""
    newest = max((min(fact.started_at, moment) for fact in facts), default=None)
    return {} if newest is None else {"last_record_at": Greatest(F("last_record_at"), Value(newest))}


class News(NamedTuple):
    """What a feed tells that is not known yet, and whether some of it is about calls that are."""

    facts: list[CallFact]
    is_about_known: bool


def news_among(feed: PhoneFeed, facts: Sequence[CallFact]) -> News:
    """Without what is known already: most of an overlap, found by one look into an index."""
    known = {
        (provider, call_id): (answered, ended)
        for provider, call_id, answered, ended in CallRecord.objects.filter(
            merchant_id=feed.merchant_id,
            provider__in={fact.provider for fact in facts},
            call_id__among=[fact.call_id for fact in facts],
        ).values_list("provider", "call_id", "answered_at", "ended_at")
    }
    news = [fact for fact in facts if _is_news(fact, known.get((fact.provider, fact.call_id)))]
    return News(news, any((fact.provider, fact.call_id) in known for fact in news))


def _is_news(fact: CallFact, known: tuple[datetime | None, datetime | None] | None) -> bool:
    if known is None:
        return True
    answered, ended = known
    return ended is None and (
        fact.ended_at is not None or (answered is None and fact.answered_at is not None)
    )


def scrubbed(text: str, secrets: Mapping[str, str]) -> str:
    """An error's words without any secret that stood in them."""
    for secret in sorted(secrets.values(), key=len, reverse=True):
        if len(secret) > 3:
            text = text.replace(secret, "…")
    return text.replace("\x00", "")[:500]
