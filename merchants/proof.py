"""Whether whoever is signed in has proved lately who they are: an open session alone proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common import clock

PROVED_FOR = timedelta(minutes=5)
View = Callable[[HttpRequest], HttpResponse]


def proved_at(request: HttpRequest) -> datetime | None:
    """When they last did, in this session: by a code, a password or a second factor; None for never.

    A key of the API proves nothing here: it has no session.
    """
    records = get_authentication_records(request, request.user) if request.user.is_authenticated else []
    return datetime.fromtimestamp(records[-1]["at"], UTC) if records else None


def is_fresh(proved: datetime | None) -> bool:
    """Whether a proof of that moment still counts."""
    return proved is not None and clock.now() - proved < PROVED_FOR


def to_prove(address: str) -> HttpResponse:
    """On to the page where one proves it, and from there back to an address of ours."""
    return HttpResponseRedirect(f"{reverse('prove')}?{urlencode({'next': address})}")


def proof_required(view: View) -> View:
    """A page for whoever has proved lately who they are; others do so first."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        return view(request) if is_fresh(proved_at(request)) else to_prove(request.path)

    return login_required(guarded)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest) -> HttpResponse:
    """Ways to prove it: the password, or signing in anew with a code; the latter ends the session first."""
    asked = request.POST.get("next") or request.GET.get("next", "")
    is_ours = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, {request.get_host()})
    address = asked if is_ours else "/"
    if request.method == "POST":
        logout(request)
        return HttpResponseRedirect(f"{reverse('account_request_login_code')}?{urlencode({'next': address})}")
    return render(request, "merchants/prove.html", {"next": address, "query": urlencode({"next": address})})
