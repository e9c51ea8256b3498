"""`/api/problems`: what each code of a problem means; every problem's `type` leads here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common import refusals


def problem_list(request: HttpRequest) -> HttpResponse:
    """Every refusal of the house, by its code."""
    return render(request, "desk/problems.html", {"problems": sorted(_known(), key=lambda one: one.code)})


def _known() -> list[type[refusals.Refusal]]:
    """One class for each code, found among all that the running house has."""
    found: dict[str, type[refusals.Refusal]] = {}
    waiting = [refusals.Refusal]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind is not refusals.Refusal:
            found.setdefault(kind.code, kind)
    return list(found.values())
