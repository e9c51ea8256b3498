"""Who is working where: the merchant at hand, what its member may, and the frame of every page.

A page of the dashboard is a function under `@dashboard("capability")`. It gets a request that
knows `merchant` and `member`; somebody else's things are `NotFound`, which becomes a 404.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode, urlsplit

import structlog
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.functional import SimpleLazyObject

from common import actors
from common.paging import Place
from common.refusals import InvalidInput, NotFound, Refusal
from merchants import roles
from merchants.dashboard_nav import nav_for
from merchants.models import Member, Merchant, Person
from merchants.queries import memberships_of

SESSION_KEY = "merchant"
PAGE_ROWS = 25

P = ParamSpec("P")


class DashboardRequest(HttpRequest):
    """A request of somebody at work."""

    user: Person
    merchant: Merchant
    member: Member
    memberships: list[Member]

    def may(self, capability: str) -> bool:
        """Whether the member's role has the capability."""
        raise NotImplementedError


View = Callable[Concatenate[DashboardRequest, P], HttpResponseBase]
PlainView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def signed_in(view: Callable[Concatenate[Any, P], HttpResponseBase]) -> PlainView[P]:
    """For pages of whoever is signed in, at work or not."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, Person):
            return _to_sign_in(request)
        actor = f"person:{request.user.pk.hex}"
        structlog.contextvars.bind_contextvars(actor=actor)
        with actors.acting_as(actor):
            response = _answer(view, request, *args, **kwargs)
        add_never_cache_headers(response)  # what a shop earns is for no shared cache, and no back button
        return response

    return guarded


def dashboard(capability: str) -> Callable[[View[P]], PlainView[P]]:
    """A page for members of the merchant at hand whose role has the capability.

    Nobody is sent to sign in; who works nowhere gets 404 (on the overview: the way to open a shop);
    whose role lacks the capability gets 403.
    """

    def decorate(view: View[P]) -> PlainView[P]:
        @wraps(view)
        def at_work(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            working = cast("DashboardRequest", request)
            _stand_at_work(working)
            if not roles.may(working.member.role, capability):
                raise PermissionDenied
            return view(working, *args, **kwargs)

        return signed_in(at_work)

    return decorate


def sent_to(route: str, name: str = "") -> Callable[[View[P]], View[P]]:
    """What only takes a sent form: whoever opens its address in the browser is led to the form's page.

    `name` is the part of the address that the page's own address has as well.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def sent(request: DashboardRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method != "POST":
                return redirect(route, *([kwargs[name]] if name else []))
            return view(request, *args, **kwargs)

        return sent

    return decorate


def _answer(
    view: Callable[..., HttpResponseBase], request: HttpRequest, *args: Any, **kw: Any
) -> HttpResponseBase:
    try:
        return view(request, *args, **kw)
    except WorksNowhere:
        if request.method == "GET" and request.path == reverse("dashboard"):
            return redirect("dashboard_open")
        raise Http404 from None
    except NotFound as error:
        raise Http404 from error


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """The sign-in page; a part that refreshes itself takes its whole page there."""
    here = request.get_full_path()
    if request.headers.get("HX-Request"):
        here = urlsplit(request.headers.get("HX-Current-URL", "")).path or reverse("dashboard")
    address = f"{reverse('account_login')}?{urlencode({'next': here})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    return redirect(address if request.method in ("GET", "HEAD") else reverse("account_login"))


class WorksNowhere(NotFound):
    """Signed in, but a member of no merchant (or not of the one asked for)."""


def _stand_at_work(request: DashboardRequest) -> None:
    """Find the merchant at hand: the one asked for, else the last one, else the first.

    A page that somebody opens is where they go on; a part that a page asks for by itself moves nobody.
    """
    request.memberships = list(memberships_of(request.user))
    if not request.memberships:
        raise WorksNowhere
    by_slug = {member.merchant.slug: member for member in request.memberships}
    asked = request.GET.get("merchant")
    if asked is not None:
        if asked not in by_slug:
            raise NotFound
        if not request.headers.get("HX-Request"):
            request.session[SESSION_KEY] = asked
    wanted = request.session.get(SESSION_KEY, "") if asked is None else asked
    member = by_slug.get(wanted, request.memberships[0])
    request.member, request.merchant = member, member.merchant


def may(request: DashboardRequest, capability: str) -> bool:
    """Whether whoever works here may do this, for what a page shows."""
    return roles.may(request.member.role, capability)


def page(
    request: DashboardRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    nav: str,
    status: int = 200,
) -> HttpResponse:
    """Draw a page in the dashboard's frame; `nav` is the key of the entry that it belongs to."""
    frame = {
        "merchant": request.merchant,
        "merchants": [member.merchant for member in request.memberships],
        "switch_url": reverse("dashboard"),
        "role_label": request.member.get_role_display(),
        # Parts that refresh themselves draw no menu: nothing is counted for them.
        "nav": SimpleLazyObject(lambda: nav_for(request.merchant, lambda wanted: may(request, wanted))),
        "nav_key": nav,
        "may": roles.of(request.member.role),
    }
    return render(request, template, {**frame, **context}, status=status)


def attempt(request: HttpRequest, run: Callable[[], object], *, back: str, done: str = "") -> HttpResponse:
    """Press a button: run a flow, go back to a page, and say there what came of it."""
    try:
        run()
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, _words(refusal))
    else:
        if done:
            messages.success(request, done)
    return redirect(back)


def _words(refusal: Refusal) -> str:
    if isinstance(refusal, InvalidInput) and refusal.problems:
        return " ".join(str(problem.detail) for problem in refusal.problems)
    return str(refusal.detail)


def place_of(request: HttpRequest, limit: int = PAGE_ROWS) -> Place:
    """Where a list of a page begins; an address that somebody mangled begins at the newest."""
    try:
        asked = Place.of_query({"cursor": request.GET.get("cursor", "")})
    except InvalidInput:
        return Place(limit)
    return Place(limit, asked.direction, asked.key)


def found(value: Any) -> Any:
    """The value, or a 404 for what is not there or not this merchant's."""
    if value is None:
        raise NotFound
    return value
