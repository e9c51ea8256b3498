"""Sending one message: an e-mail, a text, a signed webhook. No database; one error for all."""

from __future__ import annotations

from email.utils import parseaddr

from django.conf import settings
from django.core import mail

from merchants import sms
from merchants.gateways.endpoints import Courier, Letter

EMAIL_TIMEOUT_SECONDS = 10


class NotSent(Exception):
    """It was not taken, or nobody knows whether it was."""


def send_email(to: str, subject: str, text: str, *, key: str) -> None:
    """Hand an e-mail to the mail server. A repeat has the same Message-ID. Raises `NotSent`."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    connection = mail.get_connection(timeout=EMAIL_TIMEOUT_SECONDS)
    message = mail.EmailMessage(
        subject, text, to=[to], connection=connection, headers={"Message-ID": f"<{key}@{domain}>"}
    )
    try:
        message.send()
    except (OSError, ValueError) as error:  # smtplib's errors are OSErrors
        raise NotSent(_without(to, error)) from error


def send_text(phone: str, text: str) -> None:
    """Hand a text message to the sender that `SMS_SENDER` names. Raises `NotSent`."""
    try:
        sms.send(phone, text)
    except Exception as error:  # whatever a replaceable sender raises is its own way to say no
        raise NotSent(_without(phone, error)) from error


def send_webhook(letter: Letter) -> None:
    """POST a webhook, signed; bounded in time, no redirects. Raises `NotSent`."""
    with Courier() as courier:
        answer = courier.send(letter).result()
    if not answer.is_yes:
        raise NotSent(answer.error or f"HTTP {answer.status}")


def _without(address: str, error: Exception) -> str:
    """What went wrong, without the address: errors outlive an erasure."""
    return f"{type(error).__name__}: {error}".replace(address, "…")
