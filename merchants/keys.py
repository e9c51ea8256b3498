"""Making and recognising keys. A key is 256 random bits, so a plain hash of it is safe to keep."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from datetime import timedelta

from common import clock
from common.rows import read_rows
from common.secrets import derived
from merchants.models import App, Key, Merchant, Person
from merchants.scopes import BY_KIND

USED_GRAIN = timedelta(minutes=1)
_OWNERS = {"mk": (Merchant, "merchant"), "ak": (App, "app"), "bt": (Person, "person")}
_FIND = (
    "SELECT {{0}}, {{1}} FROM merchants_key t0 JOIN merchants_{0} t1 ON t1.id = t0.{0}_id"
    " WHERE t0.hash = %s AND t0.kind = %s AND t0.revoked_at IS NULL"
)


def digest(secret: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(secret.encode()).digest()


def new_secret(kind: str) -> str:
    """A new key of a kind: `mk_`, `ak_` or `bt_` and 43 random characters."""
    return f"{kind}_{secrets.token_urlsafe(32)}"


def demo_secret(kind: str, owner: str) -> str:
    """The demo's key of an owner: the same at every call, known only with the project's secret key."""
    return f"{kind}_{urlsafe_b64encode(derived(f'demo-key:{kind}:{owner}', 32)).decode().rstrip('=')}"


def make_key(
    owner: Merchant | App | Person, *, secret: str, name: str = "", scopes: list[str] | None = None
) -> Key:
    """An unsaved key of its owner; without scopes it may all that its kind can."""
    kind = secret.split("_", 1)[0]
    return Key(
        kind=kind,
        merchant=owner if isinstance(owner, Merchant) else None,
        app=owner if isinstance(owner, App) else None,
        person=owner if isinstance(owner, Person) else None,
        name=name,
        hash=digest(secret),
        hint=secret[:8],
        scopes=list(BY_KIND[kind]) if scopes is None else scopes,
    )


def recognise(secret: str) -> Key | None:
    """The live key behind a secret, its owner loaded; notes its use about once a minute."""
    kind = secret[:2]
    if kind not in _OWNERS:
        return None
    owner_model, name = _OWNERS[kind]
    rows = read_rows(_FIND.format(name), [digest(secret), kind], Key, owner_model)
    if not rows:
        return None
    found, owner = rows[0]
    assert isinstance(found, Key)
    setattr(found, name, owner)
    moment = clock.now()
    if found.last_used_at is None or moment - found.last_used_at > USED_GRAIN:
        Key.objects.filter(pk=found.pk).update(last_used_at=moment)
    return found
