"""QR codes as pictures: the only place that draws them (ISO/IEC 18004, dark on white, quiet zone)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from io import BytesIO

import qrcode
from qrcode.constants import ERROR_CORRECT_M

QUIET_MODULES = 4
PNG_BOX_PIXELS = 10
MAX_TEXT = 1000


def svg(text: str) -> str:
    """An SVG of one path, black on white, with its quiet zone; scales to any size.

    Drawn here: the library makes a square of each module, and between squares that do not fall on
    whole pixels browsers leave hairs of light.
    """
    rows = _code(text).get_matrix()
    modules, pixels = len(rows), len(rows) * PNG_BOX_PIXELS
    path = "".join(f"M{x} {y}h{long}v1h-{long}z" for y, row in enumerate(rows) for x, long in _runs(row))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}"'
        f' viewBox="0 0 {modules} {modules}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{modules}v{modules}H0z"/><path d="{path}"/></svg>'
    )


def png(text: str) -> bytes:
    """A PNG, 10 pixels a module."""
    out = BytesIO()
    _code(text).make_image().save(out, "PNG")
    return out.getvalue()


def data_uri(text: str) -> str:
    """The SVG as an address for `<img>`, so that a sheet of codes is one request."""
    return "data:image/svg+xml;base64," + b64encode(svg(text).encode()).decode()


def _runs(row: Sequence[bool | None]) -> Iterator[tuple[int, int]]:
    """Where dark stretches of a row begin and how long they are."""
    start = None
    for place, dark in enumerate((*row, False)):
        if dark and start is None:
            start = place
        elif not dark and start is not None:
            yield start, place - start
            start = None


def _code(text: str) -> qrcode.QRCode:  # type: ignore[type-arg]
    if len(text) > MAX_TEXT:
        raise ValueError(f"a code holds at most {MAX_TEXT} characters")
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=PNG_BOX_PIXELS, border=QUIET_MODULES)
    code.add_data(text)
    code.make(fit=True)
    return code
