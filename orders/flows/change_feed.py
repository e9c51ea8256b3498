"""Changing a feed's name, settings, secrets, trust or pace (FLOWS 1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from common import audit, clock, drains, locking
from common.refusals import NotFound
from merchants.models import Merchant
from orders.feeds import provider_of, sealed, secrets_of
from orders.flows.add_feed import FeedAsk, check_feed, filled_in
from orders.flows.poll_feeds import DRAIN
from orders.gateways.base import Feed, FeedError
from orders.models import PhoneFeed

_FORGOTTEN: dict[str, Any] = {
    "failures": 0, "error": "", "rejected": {}, "rejected_from": None, "rejected_at": None, "refused_at": None
}  # fmt: skip
"""What is said of a feed until somebody has mended it."""


def change_feed(merchant: Merchant, feed_id: UUID, ask: FeedAsk) -> PhoneFeed:
    """As `ask` says; its kind stays, a secret left empty stays, and so does where the feed has come to.

    It is asked at once, whatever it failed at before. Raises `NotFound`, `InvalidInput`.
    """
    mine = PhoneFeed.objects.filter(merchant=merchant, ended_at=None)
    feed = mine.filter(pk=feed_id).first()
    if feed is None:
        raise NotFound
    provider = provider_of(feed)
    names = {one.name for one in provider.settings if one.is_secret}
    known = _known_secrets(feed)
    secrets = {name: ask.settings.get(name, "").strip() or known.get(name, "") for name in names}
    settings = filled_in(provider, {**ask.settings, **secrets})
    check_feed(provider, replace(ask, kind=feed.kind), settings)
    changed: dict[str, Any] = {
        "name": ask.name.strip(),
        "settings": {name: value for name, value in settings.items() if name not in names},
        "credentials_sealed": sealed({name: settings[name] for name in names if name in settings}),
        "trust": feed.trust if ask.trust is None else ask.trust,
        "poll_seconds": ask.poll_seconds,
        "due_at": clock.now() if isinstance(provider, Feed) else None,
    }
    what = [
        name for name in ("name", "settings", "trust", "poll_seconds") if changed[name] != getattr(feed, name)
    ]
    what += ["secrets"] if secrets != known else []
    with locking.transaction():
        if not mine.filter(pk=feed_id).update(**changed, **_FORGOTTEN):
            raise NotFound
        audit.record("feed.change", feed.public_id, merchant_id=merchant.pk, changed=what)
        drains.poke(DRAIN)
    return mine.get(pk=feed_id)


def _known_secrets(feed: PhoneFeed) -> dict[str, str]:
    try:
        return secrets_of(feed)
    except FeedError:
        return {}
