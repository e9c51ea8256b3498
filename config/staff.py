"""Staff's admin: unfold's site with our sign-in, and its colours from a file instead of an inline style."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import sites
from django.http import HttpRequest, HttpResponse
from unfold.apps import BasicAppConfig


def _site() -> Any:
    from allauth.account.decorators import secure_admin_login
    from unfold.sites import UnfoldAdminSite

    class StaffSite(UnfoldAdminSite):  # type: ignore[misc]
        """Signs in where everybody does: the same limits of rate, the same second factor."""

        def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
            """To the common page, and back."""
            answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
            return answer

        def each_context(self, request: HttpRequest) -> dict[str, Any]:
            """Without `colors`: they stand in static/css/admin.css, the policy allows no inline style."""
            return {**super().each_context(request), "colors": None}

    return StaffSite()


class StaffConfig(BasicAppConfig):  # type: ignore[misc]
    """Unfold's app, with our site for the admin."""

    def ready(self) -> None:
        """Before any admin.py is read."""
        admin.site = sites.site = _site()
