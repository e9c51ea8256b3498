"""The project's addresses, and an empty view: bare, and where it passes the API's middlewares."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import urlpatterns as project


def empty(_request: HttpRequest) -> HttpResponse:
    """Nothing at all."""
    return HttpResponse(b"{}", content_type="application/json", headers={"Content-Length": "2"})


urlpatterns = [path("bare", empty), path("api/v1/empty", empty), *project]
