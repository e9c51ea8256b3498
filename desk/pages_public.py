"""The front page: what this is."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from desk.flows.make_demo import MERCHANTS
from merchants.models import Merchant, Person


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """What Livetill is; while `DEBUG` with a way into the demo shop."""
    context = {"demo_shop": _demo_shop(), "home_url": _home_of(request.user)}
    return render(request, "desk/landing.html", context)


def _demo_shop() -> Merchant | None:
    if not settings.DEBUG:
        return None
    return Merchant.objects.filter(slug=MERCHANTS[0].slug).first()


def _home_of(person: object) -> str:
    """One's work, or one's wallet."""
    works = isinstance(person, Person) and person.memberships.exists()
    return "/dashboard/" if works else "/me/"
