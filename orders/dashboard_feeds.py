"""The dashboard's pages of feeds: where calls are told from, and how that goes (FLOWS 1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import clock
from common.forms import add_refusal
from common.ids import parse_public_id
from common.refusals import InvalidInput, NotFound, Refusal
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, page, sent_to
from orders import dashboard_queries as reads
from orders.feed_forms import FeedForm
from orders.feed_health import Health
from orders.feeds import provider_of, push_address
from orders.flows.add_feed import add_feed
from orders.flows.change_feed import change_feed
from orders.flows.end_feed import end_feed
from orders.gateways import registry
from orders.gateways.base import Feed, FeedError, Provider, Pusher
from orders.models import PhoneFeed

SECONDS = 5


@dashboard("feeds:read")
@require_safe
def feed_list(request: DashboardRequest) -> HttpResponseBase:
    """Each feed with its health, which keeps itself fresh."""
    moment = clock.now()
    feeds = [Health(feed, moment) for feed in reads.feeds_of(request.merchant)]
    context = {"feeds": feeds, "stamp": _stamp(feeds), "seconds": SECONDS}
    part = "orders/feeds_part.html"
    template = part if request.headers.get("HX-Request") else "orders/feeds.html"
    return page(request, template, context, nav="feeds")


def _stamp(feeds: Sequence[Health]) -> str:
    told = "".join(
        f"{one.feed.pk}{one.state}{one.feed.polled_at}{one.feed.last_record_at}{one.error}{one.is_late}"
        f"{one.late_seconds}{one.feed.rejected_at}{one.rejected_many}{one.feed.refused_at}"
        for one in feeds
    )
    return hashlib.sha256(told.encode()).hexdigest()[:16]


@dashboard("feeds:write")
def feed_new(request: DashboardRequest) -> HttpResponseBase:
    """Choose a provider, then fill in what it asks for."""
    kind = (request.POST if request.method == "POST" else request.GET).get("kind", "")
    if kind not in registry.names():
        providers = [registry.feed(name) for name in registry.names()]
        return page(request, "orders/feeds_kinds.html", {"providers": providers}, nav="feeds")
    provider = registry.feed(kind)
    form = FeedForm(provider, data=request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        added = _try(form, lambda: add_feed(request.merchant, form.ask()))
        if added is not None:
            messages.success(request, _("Calls are read from “%(name)s” from now on.") % {"name": added.name})
            return redirect("dashboard_feed", added.public_id)
    status = 422 if form.is_bound else 200
    context = {"form": form, **_traits(provider)}
    return page(request, "orders/feeds_new.html", context, nav="feeds", status=status)


def _traits(provider: Provider) -> dict[str, Any]:
    return {
        "provider": provider,
        "is_polled": isinstance(provider, Feed),
        "is_pushed": isinstance(provider, Pusher),
    }


def _try(form: FeedForm, run: Callable[[], PhoneFeed]) -> PhoneFeed | None:
    """What the flow made of it, or what is wrong, beside the fields."""
    try:
        return run()
    except InvalidInput as refused:
        add_refusal(form, refused, form.of_flow())
    except NotFound:
        raise
    except Refusal as refused:
        form.add_error(None, str(refused.detail))
    return None


@dashboard("feeds:write")
def feed_detail(request: DashboardRequest, feed_id: str) -> HttpResponseBase:
    """One feed: its health, its address where the provider pushes, and changing it."""
    feed: PhoneFeed = found(reads.feed_of(request.merchant, parse_public_id("fed", feed_id)))
    context: dict[str, Any] = {"feed": feed, "health": Health(feed, clock.now())}
    status = 200
    if feed.ended_at is None and feed.kind in registry.names():
        form = FeedForm(provider_of(feed), feed, request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _change(request, feed, form):
            return redirect("dashboard_feed", feed.public_id)
        status = 422 if form.is_bound else 200
        context |= {"form": form, "address": _address(feed), **_traits(form.provider)}
    return page(request, "orders/feeds_one.html", context, nav="feeds", status=status)


def _change(request: DashboardRequest, feed: PhoneFeed, form: FeedForm) -> bool:
    changed = _try(form, lambda: change_feed(request.merchant, feed.pk, form.ask()))
    if changed is not None:
        messages.success(request, _("Saved. It is asked at once with what you entered."))
    return changed is not None


def _address(feed: PhoneFeed) -> str:
    try:
        return push_address(feed)
    except FeedError:
        return ""


@dashboard("feeds:write")
@sent_to("dashboard_feed", "feed_id")
def feed_end(request: DashboardRequest, feed_id: str) -> HttpResponseBase:
    """It is asked no more, and its secrets are forgotten."""
    wanted = found(parse_public_id("fed", feed_id))
    return attempt(
        request,
        lambda: end_feed(request.merchant, wanted),
        back=reverse("dashboard_feeds"),
        done=_("The feed ended. What it told of stays."),
    )
