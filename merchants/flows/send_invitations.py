"""Sending invitations: claimed in one transaction, sent with nothing locked, noted in another.

Dying in between sends the same link again; a mail server that is away is asked again, until the
invitation is past.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from common import clock, drains, locking
from common.secrets import unseal
from merchants.models import Invitation

DRAIN = "invitations"
JOIN_PATH = "/dashboard/join/"
CHUNK = 20
MAX_PAUSE_MINUTES = 60

_log = structlog.get_logger(__name__)


@drains.register(DRAIN, every_seconds=5)
def send_invitations() -> int:
    """Send one chunk of what is due; how many were tried."""
    claimed = _claim()
    for invitation in claimed:
        try:
            _message(invitation).send()
        except Exception as error:  # whatever a mail server may say: it is tried again
            _log.warning("invitation_not_sent", invitation=invitation.public_id, error=repr(error))
        else:
            _note_sent(invitation)
    return len(claimed)


def _claim() -> list[Invitation]:
    moment = clock.now()
    due = Invitation.objects.filter(send_at__lte=moment, expires_at__gt=moment, accepted_at=None)
    with locking.transaction():
        rows = due.select_related("merchant").order_by("send_at")
        claimed = locking.claim_rows(rows, CHUNK)
        for invitation in claimed:
            minutes = min(2**invitation.send_attempts, MAX_PAUSE_MINUTES)
            invitation.send_attempts += 1
            invitation.send_at = moment + timedelta(minutes=minutes)
            invitation.save(update_fields=["send_attempts", "send_at"])
    return claimed


def _note_sent(invitation: Invitation) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(send_at=None, sent_at=clock.now(), token_sealed=None)


def _message(invitation: Invitation) -> EmailMessage:
    token = unseal(bytes(invitation.token_sealed or b"")).decode()
    context = {"invitation": invitation, "link": f"{settings.BASE_URL}{JOIN_PATH}{token}"}
    with translation.override(invitation.language or settings.LANGUAGE_CODE):
        subject = render_to_string("merchants/invitation_subject.txt", context)
        body = render_to_string("merchants/invitation.txt", context)
    return EmailMessage(" ".join(subject.split()), body, to=[invitation.email])
