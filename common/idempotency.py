"""`Idempotency-Key`: the first answer is the answer (SURFACE, "API conventions").

A request holds a session lock on (credential, key) while it runs, so a second one at the same
time hears `request_in_flight`. Two ways to remember:

- "atomic": the answer is written in the transaction of the change itself: both or neither.
- "stepwise" (a provider is called between two transactions): a row with a `subject_id` is
  written first, and the flow makes its object under that id; a repeat after a crash finds it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.utils.translation import gettext_lazy as _

from common import clock, ids, locking
from common.models import RememberedAnswer
from common.refusals import Refusal
from common.secrets import seal, unseal

KEPT = timedelta(hours=24)
MAX_KEY_LENGTH = 255
NOT_REMEMBERED = frozenset({401, 429})


class IdempotencyKeyReused(Refusal):
    """The same key came with another request."""

    code = "idempotency_key_reused"
    status = 422
    title = _("This Idempotency-Key was used for another request.")


class IdempotencyKeyInvalid(Refusal):
    """Not a usable key."""

    code = "idempotency_key_invalid"
    status = 422
    title = _("An Idempotency-Key is 1 to 255 visible ASCII characters.")


class RequestInFlight(Refusal):
    """The first request with this key has not been answered yet."""

    code = "request_in_flight"
    status = 409
    title = _("The first request with this Idempotency-Key is still being worked on.")

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class AnswerUnreadable(Refusal):
    """What was remembered was sealed with a secret key that is no longer known; nothing is run again."""

    code = "answer_unreadable"
    status = 409
    title = _("The first answer to this Idempotency-Key can no longer be read; what it did stands.")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it goes over the wire."""

    status: int
    body: bytes
    headers: dict[str, str]

    def sealed(self) -> bytes:
        """Encrypted, with its headers."""
        return seal(json.dumps(self.headers).encode() + b"\n" + self.body)

    @classmethod
    def opened(cls, status: int, sealed: bytes) -> Answer:
        """The answer that `sealed` was made of; raises `AnswerUnreadable`."""
        try:
            head, _sep, body = unseal(sealed).partition(b"\n")
        except InvalidToken as error:
            raise AnswerUnreadable from error
        return cls(status, body, json.loads(head))


class Refused(Exception):
    """Carries a refusal's answer out of the transaction, which it thereby rolls back."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks, under which key, for what."""

    credential: str
    key: str
    fingerprint: bytes

    @classmethod
    def of(cls, credential: str, key: str, *content: bytes) -> Ask:
        """The fingerprint covers everything that makes the request what it is."""
        if not (0 < len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
            raise IdempotencyKeyInvalid
        digest = hashlib.sha256()
        for part in content:
            digest.update(len(part).to_bytes(8, "big") + part)
        return cls(credential, key, digest.digest())


def answer_once(ask: Ask, run: Callable[[UUID | None], Answer], *, stepwise: bool) -> Answer:
    """The remembered answer to this ask, or the one that `run` gives, remembered.

    `run` gets the id to make its object under (stepwise only) and raises `Refused` for a "no".
    Raises `IdempotencyKeyReused`, `RequestInFlight`, `AnswerUnreadable`.
    """
    with _alone(ask):
        remembered = _recall(ask)
        if remembered is not None and remembered.sealed is not None:
            return Answer.opened(remembered.status or 500, bytes(remembered.sealed))
        return _run_stepwise(ask, run, remembered) if stepwise else _run_atomic(ask, run)


def _run_atomic(ask: Ask, run: Callable[[UUID | None], Answer]) -> Answer:
    try:
        return _run_once(ask, run)
    except locking.TryAgain:
        return _run_once(ask, run)


def _run_once(ask: Ask, run: Callable[[UUID | None], Answer]) -> Answer:
    try:
        with locking.transaction():
            answer = run(None)
            _remember(ask, answer)
            return answer
    except Refused as refused:
        if _worth_remembering(refused.answer):
            _remember(ask, refused.answer)
        return refused.answer


def _run_stepwise(
    ask: Ask, run: Callable[[UUID | None], Answer], remembered: RememberedAnswer | None
) -> Answer:
    row = remembered or RememberedAnswer.objects.create(
        credential=ask.credential, key=ask.key, fingerprint=ask.fingerprint, subject_id=ids.new_id()
    )
    try:
        answer = run(row.subject_id)
    except Refused as refused:
        answer = refused.answer
    if _worth_remembering(answer):
        RememberedAnswer.objects.filter(pk=row.pk).update(status=answer.status, sealed=answer.sealed())
    return answer


def _worth_remembering(answer: Answer) -> bool:
    return answer.status not in NOT_REMEMBERED and answer.status < 500


def _remember(ask: Ask, answer: Answer) -> None:
    RememberedAnswer(
        credential=ask.credential,
        key=ask.key,
        fingerprint=ask.fingerprint,
        status=answer.status,
        sealed=answer.sealed(),
    ).save(force_insert=True)


def _recall(ask: Ask) -> RememberedAnswer | None:
    row = RememberedAnswer.objects.filter(credential=ask.credential, key=ask.key).first()
    if row is None:
        return None
    if row.created_at < clock.now() - KEPT:
        row.delete()
        return None
    if bytes(row.fingerprint) != ask.fingerprint:
        raise IdempotencyKeyReused
    return row


@contextmanager
def _alone(ask: Ask) -> Iterator[None]:
    """Hold a session's lock on the ask, or raise `RequestInFlight`."""
    with locking.alone(f"answer:{ask.credential}\n{ask.key}") as got:
        if not got:
            raise RequestInFlight
        yield
