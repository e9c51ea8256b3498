"""Twilio's list of calls as its API tells it: real HTTP on loopback, newest calls first, in pages."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.feeds.stage import CALLED, CALLER

ACCOUNT, TOKEN = "AC" + "0123456789abcdef" * 2, "0123456789abcdef0123456789abcdef"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"


def a_call(
    sid: str, began: datetime, status: str = "completed", seconds: int = 30, **more: Any
) -> dict[str, Any]:
    """A call as the list shows it."""
    is_over = status not in ("queued", "ringing", "in-progress")
    known = {
        "sid": sid,
        "account_sid": ACCOUNT,
        "from": CALLER,
        "to": CALLED,
        "status": status,
        "start_time": format_datetime(began),
        "end_time": format_datetime(began + timedelta(seconds=seconds)) if is_over else None,
        "duration": str(seconds) if status == "completed" else None,
        "direction": "inbound",
        "stir_verstat": None,
    }
    return {**known, **more}


@dataclass
class Twilio:
    """What it knows, how it answers, what it was asked."""

    url: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 2
    plan: list[tuple[int, float, bytes | None]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def answer(self, target: str) -> dict[str, Any]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        since = datetime.fromisoformat(query["StartTime>"])
        fitting = [call for call in self.calls if parsedate_to_datetime(call["start_time"]) >= since]
        fitting.sort(key=lambda call: parsedate_to_datetime(call["start_time"]), reverse=True)
        first = int(query.get("Page", 0)) * self.page_size
        following = urlencode({**query, "Page": int(query.get("Page", 0)) + 1, "PageToken": "PAx"})
        has_more = first + self.page_size < len(fitting)
        return {
            "calls": fitting[first : first + self.page_size],
            "next_page_uri": f"{PATH}?{following}" if has_more else None,
        }


@contextmanager
def twilio_server() -> Iterator[Twilio]:
    twilio = Twilio()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            twilio.asked.append(self.path)
            status, seconds, body = twilio.plan.pop(0) if twilio.plan else (200, 0.0, None)
            time.sleep(seconds)
            given = b64decode(self.headers.get("Authorization", "Basic ").partition(" ")[2]).decode()
            if given != f"{ACCOUNT}:{TOKEN}" or urlsplit(self.path).path != PATH:
                status = 401 if status == 200 else status
            if body is None:
                body = json.dumps(twilio.answer(self.path)).encode() if status == 200 else b'{"code": 1}'
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, *_args: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    twilio.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield twilio
    finally:
        server.shutdown()
        server.server_close()
