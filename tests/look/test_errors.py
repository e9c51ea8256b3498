"""Error pages as Django itself answers them: ours, with the request's id, and without the database."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.urls import path
from django.utils import translation

from config.urls import urlpatterns as project


def breaks(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken on purpose")


def forbidden(_request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def suspicious(_request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation


urlpatterns = [
    path("breaks", breaks),
    path("forbidden", forbidden),
    path("suspicious", suspicious),
    *project,
]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "status"), [("/breaks", 500), ("/forbidden", 403), ("/suspicious", 400), ("/nowhere", 404)]
)
def test_errors_look_like_ours_and_name_the_request(address: str, status: int) -> None:
    answer = Client(raise_request_exception=False).get(address, headers={"X-Request-ID": "asked-by-a-test"})
    assert answer.status_code == status
    html = answer.content.decode()
    assert f'<p class="lt-quiet-code">{status}</p>' in html
    assert "<code>asked-by-a-test</code>" in html
    assert "broken on purpose" not in html


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "429", "500", "503"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_error_pages_need_nothing_but_themselves(code: str, language: str) -> None:
    with translation.override(language):
        assert f'lang="{language}"' in render_to_string(f"{code}.html")


def test_a_stale_form_is_answered_kindly() -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x", "password": "y"})
    assert answer.status_code == 403
    assert "lt-quiet" in answer.content.decode()
