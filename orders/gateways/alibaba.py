"""Alibaba Cloud's number protection: it pushes the records of calls that have ended (SecretReport).

The published format of these pushes has no signature. Where Alibaba signs (as it does in its X mode:
parameters of the address, HMAC-SHA1), the signature is checked; otherwise the address that the merchant
hands to Alibaba holds a word that only the two of them know.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.gateways.base import (
    CallFact,
    Push,
    Pusher,
    PushRefused,
    PushUnreadable,
    Reading,
    Rejected,
    Setting,
)
from orders.models import Trust

CHINA = timezone(timedelta(hours=8))
SIGNED_FOR = timedelta(minutes=15)
MAX_RECORDS = 1000

_FROM_A, _FROM_B = ("phone_no", "secret_no"), ("peer_no", "secret_no")
WAYS: dict[int, tuple[tuple[str, str], str]] = {
    0: (_FROM_A, "call"),
    1: (_FROM_B, "call"),
    4: (_FROM_A, "call"),
    2: (_FROM_A, "sms"),
    3: (_FROM_B, "sms"),
    5: (_FROM_A, "sms"),
}
"""call_type → who reached whom (A is bound, B the other side, X the number between them), and how.

4 and 5 were stopped on their way: no binding at Alibaba, a black list, a limit.
"""


class Alibaba(Pusher):
    """A pool of numbers at Alibaba Cloud."""

    name = "alibaba"
    label: ClassVar[str | Promise] = _("Alibaba Cloud number protection")
    trust = Trust.TRUNK
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "signing_key",
            _("Signing key"),
            is_secret=True,
            hint=_("The one that Alibaba gave you; without one, any long word that nobody guesses."),
        ),
    )
    answer: ClassVar[Mapping[str, Any]] = {"code": 0, "msg": "接收成功"}

    def problems(self, settings: Mapping[str, str]) -> dict[str, str | Promise]:
        key = settings.get("signing_key", "")
        return {"signing_key": _("At least 16 characters.")} if 0 < len(key) < 16 else {}

    def address_query(self, settings: Mapping[str, str], feed: str) -> str:
        return f"key={_address_key(settings['signing_key'], feed)}"

    def read(self, settings: Mapping[str, str], push: Push) -> Reading:
        query = dict(parse_qsl(urlsplit(push.address).query, keep_blank_values=True))
        if "signature" in query:
            _check_signature(settings["signing_key"], query, push.now)
        else:
            expected = _address_key(settings["signing_key"], push.feed)
            if not hmac.compare_digest(query.get("key", "").encode(), expected.encode()):
                raise PushRefused
        return _reading(push.body)


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def _quoted_by_java(text: str) -> str:
    return quote_plus(text, safe="-_.*").replace("~", "%7E")


def signature(key: str, query: Mapping[str, str], quoted: Callable[[str], str] = _quoted) -> str:
    """How Alibaba signs the parameters of an address."""
    pairs = sorted((name, value) for name, value in query.items() if name != "signature" and value)
    text = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs)
    return b64encode(hmac.digest(key.encode(), quoted(text).encode(), "sha1")).decode()


def _check_signature(key: str, query: Mapping[str, str], now: datetime) -> None:
    try:
        signed_at = datetime.strptime(query.get("timestamp", ""), "%Y-%m-%dT%H:%M:%S%z")
    except ValueError as error:
        raise PushRefused from error
    # Its words say "URL-encoded" and its example is Java, which writes a space and ~ in its own way.
    expected = [signature(key, query, quoted) for quoted in (_quoted, _quoted_by_java)]
    is_right = any(hmac.compare_digest(query["signature"].encode(), one.encode()) for one in expected)
    if not is_right or abs(now - signed_at) > SIGNED_FOR:
        raise PushRefused


def _address_key(key: str, feed: str) -> str:
    return hmac.digest(key.encode(), f"feed:{feed}".encode(), hashlib.sha256).hex()


def _reading(body: bytes) -> Reading:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PushUnreadable("no JSON") from error
    if not isinstance(data, list):
        raise PushUnreadable("no JSON array")
    if len(data) > MAX_RECORDS:
        raise PushUnreadable("too many records at once")
    reading = Reading()
    for place, one in enumerate(data):
        fact = _fact(one) if isinstance(one, dict) else "not an object"
        if isinstance(fact, str):
            reading.rejected.append(Rejected(place, "malformed", fact, repr(one)))
        else:
            reading.facts.append(fact)
    return reading


def _fact(one: Mapping[str, Any]) -> CallFact | str:
    """A record's fact, or what is wrong with it."""
    way = WAYS.get(_digit(one.get("call_type")))
    call_id = one.get("call_id")
    began, start, release = (_moment(one.get(name)) for name in ("call_time", "start_time", "release_time"))
    began = began or start
    if way is None or not isinstance(call_id, str | int) or not str(call_id) or began is None:
        missing = {"call_type": way, "call_id": call_id, "call_time": began}
        return ", ".join(name for name, value in missing.items() if not value) + ": missing or unreadable"
    (caller, called), kind = way
    ended = max(release, began) if release else None
    is_connected = not _digit(one.get("unconnected_cause"), 0) and _digit(one.get("call_type")) != 4
    answered = None
    if kind == "call" and is_connected and start and release and release > start:
        answered = max(start, began)
    return CallFact(
        provider=Alibaba.name,
        call_id=str(call_id)[:200],
        caller=_number(one.get(caller)),
        called=_number(one.get(called)),
        started_at=began,
        answered_at=answered,
        ended_at=ended,
        kind=kind,
        trust=Alibaba.trust,
    )


def _digit(value: object, missing: int = -1) -> int:
    text = str(missing if value is None else value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else -1


def _moment(text: object) -> datetime | None:
    """`2017-09-01 12:00:00` as the clocks in China show it."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S") if isinstance(text, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=CHINA) if moment else None


def _number(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""
