"""Twilio: its list of calls is asked, and its webhooks tell of calls and text messages by themselves."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, gettext_noop

from common.fields import moment_out, parse_moment
from orders.gateways.base import (
    Batch,
    CallFact,
    Feed,
    FeedError,
    Push,
    Pusher,
    PushRefused,
    PushUnreadable,
    Reading,
    Rejected,
    Setting,
)
from orders.models import Trust

OVERLAP = timedelta(minutes=5)
LONGEST_CALL = timedelta(hours=24)
PAGE_SIZE = 500
TIMEOUT = httpx.Timeout(10, connect=5)
MAX_ANSWER_BYTES = 8_000_000

TALKING = frozenset({"in-progress", "answered"})
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_WITHHELD = frozenset({"+266696687", "+7378742883", "+2562533", "+8656696", "+86282452253"})
"""What Twilio writes for callers who are anonymous, restricted, blocked, unknown, unavailable."""


class _PageGone(FeedError):
    """Twilio does not know this page (any more)."""


class Twilio(Feed, Pusher):
    """An account at Twilio."""

    name = "twilio"
    label: ClassVar[str | Promise] = _("Twilio")
    trust = Trust.TRUNK
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("account_sid", _("Account SID"), hint="AC…"),
        Setting("auth_token", _("Auth token"), is_secret=True),
    )
    max_bytes = 65_536
    host: ClassVar[str] = "https://api.twilio.com"

    def problems(self, settings: Mapping[str, str]) -> dict[str, str | Promise]:
        account = settings.get("account_sid", "")
        return {} if not account or _ACCOUNT.fullmatch(account) else {"account_sid": _("AC and 32 digits.")}

    # --- asking -------------------------------------------------------------------------

    def fetch(self, settings: Mapping[str, str], cursor: dict[str, Any], now: datetime) -> Generator[Batch]:
        """Newest calls come first: the window's begin moves when its last page was read, not before.

        It never passes a call that is still under way, whose end would be missed.
        """
        since = _moment(cursor.get("since")) or now
        newest, oldest_open = _moment(cursor.get("newest")) or since, _moment(cursor.get("open"))
        page = self._kept_page(settings, cursor) or self._first_page(settings, since)
        seen, is_resumed = set[str](), "page" in cursor
        with httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
            while page:
                if page in seen:
                    raise FeedError(gettext_noop("the list of calls leads back to itself"))
                seen.add(page)
                try:
                    answer = self._ask(client, settings, page)
                except _PageGone:
                    if not is_resumed:
                        raise
                    page, seen, is_resumed = self._first_page(settings, since), set(), False
                    continue
                calls, is_resumed = answer["calls"], False
                moments = [began for call in calls if (began := _start(call)) is not None]
                newest = min(max([newest, *moments]), now)
                under_way = [_start(call) or now for call in calls if _is_open(call)]
                oldest_open = min([*under_way, *([oldest_open] if oldest_open else [])], default=None)
                page = _next_page(answer)
                facts, rejected = _facts(calls)
                yield Batch(facts, _cursor(since, newest, oldest_open, page, now), rejected)

    def _kept_page(self, settings: Mapping[str, str], cursor: Mapping[str, Any]) -> str:
        """Where the last poll left off, unless that was in a list of another account."""
        page = cursor.get("page")
        return page if isinstance(page, str) and page.startswith(f"{self._path(settings)}?") else ""

    def _first_page(self, settings: Mapping[str, str], since: datetime) -> str:
        query = {"PageSize": str(PAGE_SIZE), "StartTime>": _written(since - OVERLAP)}
        return f"{self._path(settings)}?{httpx.QueryParams(query)}"

    def _path(self, settings: Mapping[str, str]) -> str:
        return f"/2010-04-01/Accounts/{settings['account_sid']}/Calls.json"

    def _ask(self, client: httpx.Client, settings: Mapping[str, str], page: str) -> dict[str, Any]:
        # The next page is an address of the account's calls and nothing else: it gets the token.
        if urlsplit(page).netloc or urlsplit(page).path != self._path(settings):
            raise FeedError(gettext_noop("the next page is not one of this account's calls"))
        auth = (settings["account_sid"], settings["auth_token"])
        try:
            with client.stream("GET", self.host + page, auth=auth) as response:
                if response.status_code in (400, 404, 410):
                    raise _PageGone(_refusal(response.status_code))
                if response.status_code != 200:
                    raise FeedError(_refusal(response.status_code))
                content = _content(response)
            answer = httpx.Response(200, content=content).json()
        except httpx.TimeoutException as error:
            raise FeedError(gettext_noop("no answer in time")) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FeedError(f"not reached: {type(error).__name__}") from error
        except (ValueError, RecursionError) as error:
            raise FeedError(gettext_noop("the answer is no JSON")) from error
        calls = answer.get("calls") if isinstance(answer, dict) else None
        if not isinstance(calls, list) or len(calls) > 1000:
            raise FeedError(gettext_noop("the answer holds no list of calls"))
        return {**answer, "calls": [call for call in calls if isinstance(call, dict)]}

    # --- being told ---------------------------------------------------------------------

    def read(self, settings: Mapping[str, str], push: Push) -> Reading:
        try:
            form = dict(parse_qsl(push.body.decode(), keep_blank_values=True, max_num_fields=200))
        except ValueError as error:
            raise PushRefused from error
        given = push.headers.get("X-Twilio-Signature", "")
        expected = [signature(settings["auth_token"], url, form) for url in _spellings(push.address)]
        if not any(hmac.compare_digest(given.encode(), one.encode()) for one in expected):
            raise PushRefused
        if "CallSid" in form:
            return _told_call(form, push.now)
        if sid := form.get("MessageSid") or form.get("SmsSid"):
            return _told_message(form, sid, push.now)
        raise PushUnreadable("neither a call nor a message")


def signature(token: str, address: str, form: Mapping[str, str]) -> str:
    """What Twilio writes into `X-Twilio-Signature`."""
    text = address + "".join(name + form[name] for name in sorted(form))
    return b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def _spellings(address: str) -> list[str]:
    """The address with its port and without: Twilio may sign either."""
    parts = urlsplit(address)
    usual = {"https": 443, "http": 80}.get(parts.scheme, 443)
    port = parts.port or usual
    hosts = [parts.netloc, f"{parts.hostname}:{port}", parts.hostname or ""]
    return list(dict.fromkeys(urlunsplit(parts._replace(netloc=host)) for host in hosts))


def _told_call(form: Mapping[str, str], now: datetime) -> Reading:
    status, at = form.get("CallStatus", ""), _mail_date(form.get("Timestamp")) or now
    lasted = timedelta(seconds=_seconds(form.get("CallDuration")))
    call = {"sid": form["CallSid"], "status": status, "from": form.get("From"), "to": form.get("To")}
    fact = _fact(call, at - lasted, at if status in OVER else None, lasted, form.get("StirVerstat"))
    return Reading([fact] if status in TALKING | OVER else [])


def _told_message(form: Mapping[str, str], sid: str, now: datetime) -> Reading:
    status = form.get("SmsStatus") or form.get("MessageStatus")
    fact = CallFact(
        Twilio.name, sid[:200], _number(form.get("From")), _number(form.get("To")), now,
        kind="sms", trust=Twilio.trust,
    )  # fmt: skip
    return Reading([fact] if status == "received" else [])


def _facts(calls: list[dict[str, Any]]) -> tuple[list[CallFact], list[Rejected]]:
    facts: list[CallFact] = []
    rejected: list[Rejected] = []
    for place, call in enumerate(calls):
        status, began = call.get("status"), _start(call)
        if status not in TALKING | OVER:
            continue  # it comes again when it is answered or over
        sid = call.get("sid")
        if not isinstance(sid, str) or not sid or began is None:
            rejected.append(Rejected(place, "malformed", "a call without sid or start_time", repr(call)))
            continue
        lasted = timedelta(seconds=_seconds(call.get("duration")))
        ended = (_mail_date(call.get("end_time")) or began + lasted) if status in OVER else None
        facts.append(_fact(call, began, ended, lasted, call.get("stir_verstat")))
    return facts, rejected


def _fact(
    call: Mapping[str, Any], began: datetime, ended: datetime | None, lasted: timedelta, verstat: object
) -> CallFact:
    answered = None
    if call["status"] in TALKING:
        answered = began
    elif call["status"] == "completed":
        answered = max(began, (ended or began) - lasted)
    return CallFact(
        provider=Twilio.name,
        call_id=str(call["sid"])[:200],
        caller=_number(call.get("from")),
        called=_number(call.get("to")),
        started_at=began,
        answered_at=answered,
        ended_at=max(ended, answered or began) if ended else None,
        trust=_trust(verstat),
    )


def _trust(verstat: object) -> Trust:
    """The network's own word of the caller's number; only the full attestation says that it is theirs."""
    word = verstat if isinstance(verstat, str) else ""
    if word.startswith("TN-Validation-Passed-A"):
        return Trust.VERIFIED
    return Trust.CLAIMED if word.startswith("TN-Validation-Failed") else Twilio.trust


def _number(text: object) -> str:
    return "" if not isinstance(text, str) or text in _WITHHELD else text


def _start(call: Mapping[str, Any]) -> datetime | None:
    return _mail_date(call.get("start_time"))


def _is_open(call: Mapping[str, Any]) -> bool:
    return call.get("status") not in OVER


def _mail_date(text: object) -> datetime | None:
    """RFC 2822, as Twilio writes times."""
    try:
        moment = parsedate_to_datetime(text) if isinstance(text, str) else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _seconds(text: object) -> int:
    word = str(text or "0")
    return min(int(word), 10**6) if word.isascii() and word.isdecimal() and len(word) < 10 else 0


def _next_page(answer: Mapping[str, Any]) -> str:
    page = answer.get("next_page_uri")
    return page if isinstance(page, str) else ""


def _cursor(
    since: datetime, newest: datetime, oldest_open: datetime | None, page: str, now: datetime
) -> dict[str, Any]:
    if page:
        kept = {"since": _written(since), "newest": _written(newest), "page": page}
        return {**kept, "open": _written(oldest_open)} if oldest_open else kept
    floor = max(since, now - LONGEST_CALL)
    moved = min(newest, max(oldest_open, floor)) if oldest_open else newest
    return {"since": _written(max(moved, since))}


def _moment(text: object) -> datetime | None:
    return parse_moment(text) if isinstance(text, str) else None


def _written(moment: datetime) -> str:
    return moment_out(moment.replace(microsecond=0)) or ""


def _content(response: httpx.Response) -> bytes:
    read = b""
    for chunk in response.iter_bytes():
        read += chunk
        if len(read) > MAX_ANSWER_BYTES:
            raise FeedError(gettext_noop("the answer is too large"))
    return read


def _refusal(status: int) -> str:
    if status in (401, 403):
        return gettext_noop("refused: account SID or auth token are not right")
    return gettext_noop("asked too often") if status == 429 else f"answered with status {status}"
