"""API views for each kind of key: who calls, whether this key may, and how often."""

from __future__ import annotations

from typing import Any, ClassVar

import structlog
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from common import actors
from common.api import ApiView
from merchants import keys
from merchants.models import App, Key, Merchant, Person


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`."""

    def authenticate(self, request: Request) -> tuple[Any, Key]:
        """The key's owner and the key; raises what becomes a 401."""
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise exceptions.NotAuthenticated(_("Send the key as: Authorization: Bearer <key>."))
        key = keys.recognise(secret.strip())
        if key is None or (key.person is not None and not key.person.is_active):
            raise exceptions.AuthenticationFailed(_("This key is not known, or was revoked."))
        return key.person or AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says of how to authenticate."""
        return 'Bearer realm="api"'


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names the keys."""

    target_class = KeyAuthentication
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "mk_… | ak_… | bt_…"}


class KeyView(ApiView):
    """A view that one kind of key may call, with a scope for reading and one for changing."""

    authentication_classes: Any = (KeyAuthentication,)
    kind: ClassVar[str]
    read_scope: ClassVar[str] = ""
    write_scope: ClassVar[str] = ""

    @property
    def key(self) -> Key:
        """The key that calls."""
        assert isinstance(self.request.auth, Key)
        return self.request.auth

    def credential(self) -> str:
        return f"key:{self.key.pk.hex}"

    def requests_per_second(self) -> int:
        return self.key.requests_per_second

    def check_permissions(self, request: Request) -> None:
        """Wrong kind or missing scope is 403; the actor is known from here on."""
        actors.become(self.credential())
        structlog.contextvars.bind_contextvars(actor=self.credential())
        if self.key.kind != self.kind:
            raise exceptions.PermissionDenied(_("This kind of key has no business here."))
        scope = self.read_scope if request.method in ("GET", "HEAD") else self.write_scope
        if scope and scope not in self.key.scopes:
            raise exceptions.PermissionDenied(_("This key lacks the scope %(scope)s.") % {"scope": scope})


class MerchantView(KeyView):
    """For a merchant's key."""

    kind = "mk"

    @property
    def merchant(self) -> Merchant:
        """Whose key it is."""
        assert self.key.merchant is not None
        return self.key.merchant


class BuyerView(KeyView):
    """For a buyer's token."""

    kind = "bt"

    @property
    def buyer(self) -> Person:
        """Whose token it is."""
        assert self.key.person is not None
        return self.key.person


class AppView(KeyView):
    """For a third-party app's key."""

    kind = "ak"

    @property
    def app(self) -> App:
        """Whose key it is."""
        assert self.key.app is not None
        return self.key.app
