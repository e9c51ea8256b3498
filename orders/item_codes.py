"""An item's code in what was typed or scanned: for the counter, and for whoever asks for money back."""

from __future__ import annotations

import re
import unicodedata

_CODE = re.compile(r"(?<![0-9])[0-9]{16}(?![0-9])")


def read_item_code(text: str) -> str | None:
    """The 16 digits in what was typed or scanned: blanks, hyphens, full-width digits, an address around."""
    plain = re.sub(r"[\s\-\u2009]", "", unicodedata.normalize("NFKC", text[:500]))
    found = _CODE.search(plain)
    return found[0] if found else None
