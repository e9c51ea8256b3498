"""Text messages: one sender behind a setting, so that a provider is a file and not a rewrite."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Protocol

import structlog
from django.conf import settings
from django.utils.module_loading import import_string

from common import clock

log = structlog.get_logger(__name__)

KEPT_MESSAGES = 500


class Sender(Protocol):
    """What `SMS_SENDER` names: a class whose instances hand a text to somebody who delivers it."""

    def send(self, phone: str, text: str) -> None:
        """Deliver `text` to `phone` (E.164), or raise."""


class DevelopmentSender:
    """Prints messages and, while `DEBUG`, keeps the last ones in `VAR_DIR/sms.log`, one JSON a line.

    Outside of `DEBUG` nothing is printed or kept, because a text holds a code to sign in with:
    there only its absence is reported, so that a forgotten setting is noticed.
    """

    def send(self, phone: str, text: str) -> None:
        """Print and keep the message."""
        if not settings.DEBUG:
            log.error("sms_not_sent", reason="SMS_SENDER names no provider")
            return
        log.info("sms", phone=phone, text=text)
        _keep(Path(settings.VAR_DIR) / "sms.log", phone, text)


def _keep(path: Path, phone: str, text: str) -> None:
    line = json.dumps({"at": clock.now().isoformat(), "phone": phone, "text": text}, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = [*file.read().splitlines(), line][-KEPT_MESSAGES:]
        file.seek(0)
        file.truncate()
        file.write("\n".join(lines) + "\n")
    path.chmod(0o600)


def send(phone: str, text: str) -> None:
    """Send a text by the configured sender; call it outside of transactions."""
    sender: Sender = import_string(settings.SMS_SENDER)()
    sender.send(phone, text)
