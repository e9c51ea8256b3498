"""Codes that were never issued: how many a till may send before it has to wait (FLOWS 2)."""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache

from common import clock
from merchants.models import Merchant
from payments.models import CodeGuess
from payments.payment_codes import is_code
from payments.refusals import TooManyGuesses

WINDOW = timedelta(minutes=10)
ALLOWED = 60
ALLOWED_WHEN_MANY = 5
MANY = 1000
COUNTED_FOR_SECONDS = 5


def guesses_allowed() -> int:
    """How many a till may make; while many tills guess, few, which no honest one makes."""
    since = clock.now() - WINDOW
    all_over = cache.get_or_set(
        "payment_code_guesses",
        CodeGuess.objects.filter(at__gt=since)[:MANY].count,
        COUNTED_FOR_SECONDS,
    )
    return ALLOWED_WHEN_MANY if (all_over or 0) >= MANY else ALLOWED


def note_guess(merchant: Merchant, code: str) -> None:
    """Count a guess; what can't be a code is a slip and counts for nothing. Raises `TooManyGuesses`."""
    since, limit = clock.now() - WINDOW, guesses_allowed()
    if CodeGuess.objects.filter(merchant=merchant, at__gt=since)[:limit].count() >= limit:
        raise TooManyGuesses(headers={"Retry-After": str(int(WINDOW.total_seconds()))})
    if is_code(code):
        CodeGuess.objects.create(merchant=merchant)
