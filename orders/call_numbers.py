"""Numbers as telephony writes them: withheld ones, SIP and tel addresses, any spelling."""

from __future__ import annotations

import re

from common.phones import is_e164, to_e164

WITHHELD = frozenset(
    {
        "",
        "anonymous",
        "restricted",
        "unknown",
        "private",
        "unavailable",
        "withheld",
        "blocked",
        "none",
        "null",
    }
)
_BRACKETS = re.compile(r"<([^<>]*)>")
_ADDRESS = re.compile(r"(?:sips?:|tel:)?([^@;]*)", re.IGNORECASE)
_LONGEST = len("+") + 15


def read_number(text: str | None, region: str) -> str | None:
    """E.164; empty for a number that was withheld, None for what is no number at all.

    `00…` is international everywhere, whatever the region itself dials for that.
    """
    plain = (text or "").strip()
    named = _BRACKETS.search(plain)
    address = _ADDRESS.match(named[1] if named else plain)
    plain = address[1].strip() if address else plain
    if plain.lower() in WITHHELD:
        return ""
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    number = plain if is_e164(plain) else to_e164(plain, region)
    return number if number and len(number) <= _LONGEST else None
