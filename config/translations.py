"""Compiled translations (`.mo`), made from the written ones (`.po`) where missing or older."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_all(folders: Iterable[Path]) -> list[Path]:
    """Compile what has changed below these locale folders; which files were made."""
    sources = (source for folder in folders for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")))
    return [_compile(source) for source in sources if _stale(source)]


def _stale(source: Path) -> bool:
    made = source.with_suffix(".mo")
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def _compile(source: Path) -> Path:
    made = source.with_suffix(".mo")
    fresh = made.with_name(f".{made.name}.{os.getpid()}")
    with source.open("rb") as text, fresh.open("wb") as binary:
        write_mo(binary, read_po(text, locale=source.parts[-3]))
    fresh.replace(made)
    return made
