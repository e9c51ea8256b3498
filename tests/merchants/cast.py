"""The standing cast: a merchant with a key, a stranger with another, and how they speak to the API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.test import Client

from common import outbox
from common.models import OutboxEvent
from merchants.keys import make_key, new_secret
from merchants.models import App, Merchant, Person


def a_merchant() -> Merchant:
    """A merchant of its own."""
    return Merchant.objects.create(slug=f"m-{uuid4().hex[:12]}", name="Teahouse")


def a_person(name: str = "Lin") -> Person:
    """Somebody who signs in by e-mail."""
    return Person.objects.create_user(
        f"{name.lower()}-{uuid4().hex[:10]}@example.com", "wood-fire-tea", name=name
    )


def an_app(owner: Merchant) -> App:
    """A third party's app."""
    return App.objects.create(owner=owner, name="Game", webhook_secret_sealed=b"x")


@dataclass
class Caller:
    """A program with a key."""

    secret: str | None

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {**({"Authorization": f"Bearer {self.secret}"} if self.secret else {}), **more}

    def get(self, path: str) -> Any:
        """GET under /api/v1/."""
        return Client().get(f"/api/v1/{path}", headers=self._headers({}))

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """POST of JSON (bytes go as they are) under /api/v1/."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client().post(
            f"/api/v1/{path}", content, content_type="application/json", headers=self._headers(named)
        )

    def delete(self, path: str) -> Any:
        """DELETE under /api/v1/."""
        return Client().delete(f"/api/v1/{path}", headers=self._headers({}))


def caller(owner: Merchant | App | Person, scopes: list[str] | None = None) -> Caller:
    """A program of this owner, with a new key."""
    kind = "mk" if isinstance(owner, Merchant) else "ak" if isinstance(owner, App) else "bt"
    secret = new_secret(kind)
    make_key(owner, secret=secret, scopes=scopes).save(force_insert=True)
    return Caller(secret)


def happen(merchant: Merchant, name: str = "order.placed", **payload: Any) -> OutboxEvent:
    """Something happens at the merchant's, and the outbox hands it on."""
    event = outbox.event(name, "ord_x", merchant_id=merchant.pk, **payload)
    event.save(force_insert=True)
    while outbox.drain_outbox():
        pass
    return event
