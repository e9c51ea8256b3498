"""Lines of CSV for spreadsheets, harmless whatever buyers have typed into a cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

BYTE_ORDER_MARK = "\ufeff"
"""At the very beginning: spreadsheets then read UTF-8."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def line(cells: Sequence[Any]) -> str:
    """One row. A cell that a spreadsheet would take for a formula is written with an apostrophe before it."""
    out = io.StringIO()
    csv.writer(out).writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: Any) -> Any:
    """The cell, unable to begin a formula; numbers are ours and stay numbers."""
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return "'" + cell
    return cell
