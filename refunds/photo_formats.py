"""Which files are pictures that we take: told by their bytes, before any decoder sees them.

Every part of a file costs its decoder time, and some decoders read all of them before the first
pixel: a JPEG of a few kilobytes can ask for thousands of passes over fifty million pixels (progressive
scans), and eight megabytes hold two million empty parts. No camera and no editor makes such files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

JPEG, PNG, WEBP = "JPEG", "PNG", "WEBP"
MAX_SCANS = 20
MAX_JPEG_PARTS = 1_000
MAX_PNG_PARTS = 10_000

_PNG_START = b"\x89PNG\r\n\x1a\n"
_SCAN, _END = 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset({0x01, 0xD8})
# In a scan's data 0xFF stands before 0x00 (a plain 0xFF) or a restart mark; anything else is a marker.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")


def format_of(data: bytes) -> str | None:
    """`JPEG`, `PNG` or `WEBP` by the first bytes; None for any other file."""
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(_PNG_START):
        return PNG
    return WEBP if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def is_overgrown(data: bytes, kind: str) -> bool:
    """Whether the file has more parts than pictures have, so that decoding it could take minutes."""
    judge = _JUDGES.get(kind)
    return judge is not None and judge(data)


def _jpeg_is_overgrown(data: bytes) -> bool:
    parts = list(islice(_jpeg_markers(data), MAX_JPEG_PARTS + 1))
    return len(parts) > MAX_JPEG_PARTS or parts.count(_SCAN) > MAX_SCANS


def _jpeg_markers(data: bytes) -> Iterator[int]:
    """The markers of the first picture in a JPEG file (ITU-T T.81, B.1); decoders stop at its end, too."""
    place = 2
    while found := _MARKER.search(data, place):
        marker = found[1][0]
        if marker == _END:
            return
        yield marker
        place = found.end()
        if marker not in _WITHOUT_LENGTH:
            place += int.from_bytes(data[place : place + 2])


def _png_is_overgrown(data: bytes) -> bool:
    return sum(1 for _part in islice(_png_chunks(data), MAX_PNG_PARTS + 1)) > MAX_PNG_PARTS


def _png_chunks(data: bytes) -> Iterator[int]:
    """Where each chunk begins up to the last (PNG, 5.3: length, name, contents, check)."""
    place = len(_PNG_START)
    while place < len(data) and data[place + 4 : place + 8] != b"IEND":
        yield place
        place += 12 + int.from_bytes(data[place : place + 4])


_JUDGES: dict[str, Callable[[bytes], bool]] = {JPEG: _jpeg_is_overgrown, PNG: _png_is_overgrown}
