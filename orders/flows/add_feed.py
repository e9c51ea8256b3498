"""Adding a feed of call records: its settings are looked at, its secrets sealed (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from common import audit, clock, drains, locking
from common.refusals import FieldProblem, InvalidInput, NotFound
from merchants.models import Merchant
from orders.feeds import sealed
from orders.flows.poll_feeds import DRAIN
from orders.gateways import registry
from orders.gateways.base import Feed, Provider
from orders.models import PhoneFeed, Trust
from orders.refusals import TooManyFeeds

MAX_FEEDS = 20
MAX_SECONDS = 3600
MAX_SETTING = 1000


@dataclass(frozen=True, slots=True)
class FeedAsk:
    """What somebody fills in. `settings` has the secrets too; `trust` None is the provider's usual one."""

    kind: str
    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    trust: int | None = None
    poll_seconds: int = 5


def add_feed(merchant: Merchant, ask: FeedAsk) -> PhoneFeed:
    """From now on calls are read from there. Raises `InvalidInput`, `TooManyFeeds`."""
    if ask.kind not in registry.names():
        raise InvalidInput(FieldProblem("kind", "unknown_kind", _("No such provider.")))
    provider = registry.feed(ask.kind)
    settings = filled_in(provider, ask.settings)
    check_feed(provider, ask, settings)
    secrets = {one.name for one in provider.settings if one.is_secret}
    feed = PhoneFeed(
        merchant=merchant,
        kind=ask.kind,
        name=ask.name.strip(),
        settings={name: value for name, value in settings.items() if name not in secrets},
        credentials_sealed=sealed({name: settings[name] for name in secrets if name in settings}),
        trust=provider.trust if ask.trust is None else ask.trust,
        poll_seconds=ask.poll_seconds,
        due_at=clock.now() if isinstance(provider, Feed) else None,
    )
    with locking.transaction():
        # The merchant's row makes those who count wait for each other.
        if locking.lock_row(Merchant.objects.all(), pk=merchant.pk) is None:
            raise NotFound
        if PhoneFeed.objects.filter(merchant=merchant, ended_at=None).count() >= MAX_FEEDS:
            raise TooManyFeeds
        feed.save(force_insert=True)
        audit.record("feed.add", feed.public_id, merchant_id=merchant.pk, kind=feed.kind, name=feed.name)
        drains.poke(DRAIN)
    return feed


def filled_in(provider: Provider, given: Mapping[str, str]) -> dict[str, str]:
    """What the provider asks for, by name; what was left out is as usual."""
    return {
        one.name: str(given.get(one.name, one.default)).strip()
        for one in provider.settings
        if one.name in given or one.default
    }


def check_feed(provider: Provider, ask: FeedAsk, settings: Mapping[str, str]) -> None:
    """Raises `InvalidInput` with all that is wrong; fields of the provider as `settings.<name>`."""
    wrong: dict[str, str | Promise] = {
        f"settings.{one.name}": _("This is needed.")
        for one in provider.settings
        if one.is_required and not settings.get(one.name)
    }
    for name, value in settings.items():
        if len(value) > MAX_SETTING or not value.isprintable():
            wrong[f"settings.{name}"] = _("Too long, or with characters that can't be.")
    for name, text in provider.problems(settings).items():
        wrong.setdefault(f"settings.{name}", text)
    if not 0 < len(ask.name.strip()) <= 80 or not ask.name.isprintable():
        wrong["name"] = _("From 1 to 80 characters.")
    if not 1 <= ask.poll_seconds <= MAX_SECONDS:
        wrong["poll_seconds"] = _("From 1 to 3600 seconds.")
    if ask.trust is not None and ask.trust not in Trust.values:
        wrong["trust"] = _("No such trust.")
    if wrong:
        raise InvalidInput(*(FieldProblem(name, "invalid", text) for name, text in wrong.items()))
