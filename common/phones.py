"""Phone numbers in any spelling, kept as E.164."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

MAX_SPELLING = 40
MAX_E164 = 16
"""A plus and fifteen digits (ITU-T E.164); some countries' own plans have longer numbers."""


@lru_cache(maxsize=4096)
def to_e164(text: str, region: str = "CN") -> str | None:
    """The number in E.164 (`+86138…`), or None for what is no valid number in that region."""
    if len(text) > MAX_SPELLING:
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written if len(written) <= MAX_E164 else None


def is_e164(text: str) -> bool:
    """Whether it is a valid number, written in full already, that `to_e164` would leave as it is.

    False also where that takes a longer look: zones that countries share, numbers that may begin with a
    prefix of their country. A tenth of the time of `to_e164`, which matters where a million calls come in.
    """
    if len(text) > MAX_E164 or not _IN_FULL.fullmatch(text):
        return False
    for end in (2, 3, 4):
        plan = _plan(text[1:end])
        if plan is not None:
            return plan.holds(text[end:])
    return False


_IN_FULL = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "voip", "pager", "uan", "voicemail"),
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The numbers of one country that has its zone for itself."""

    numbers: re.Pattern[str]
    valid: re.Pattern[str]
    prefix: re.Pattern[str] | None

    def holds(self, national: str) -> bool:
        if self.prefix is not None and self.prefix.match(national):
            return False
        return bool(self.numbers.fullmatch(national) and self.valid.fullmatch(national))


@lru_cache(maxsize=1024)
def _plan(code: str) -> _Plan | None:
    """The plan of a country's code; None for what is no code, and for codes that countries share."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    if len(regions) != 1 or regions[0] == "001":
        return None
    data = phonenumbers.PhoneMetadata.metadata_for_region(regions[0])
    if data is None or data.general_desc is None or not data.general_desc.national_number_pattern:
        return None
    kinds = [getattr(data, kind) for kind in _KINDS]
    patterns = [kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern]
    return _Plan(
        re.compile(data.general_desc.national_number_pattern),
        re.compile("|".join(f"(?:{pattern})" for pattern in patterns)),
        re.compile(data.national_prefix_for_parsing) if data.national_prefix_for_parsing else None,
    )
