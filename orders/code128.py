"""Code 128 as pictures (ISO/IEC 15417), drawn by zxing-cpp, which also reads them."""

from __future__ import annotations

import re
from io import BytesIO

import zxingcpp
from PIL import Image

PNG_MODULE_PIXELS = 3
_SIZE = re.compile(r'<svg width="([0-9]+)" height="([0-9]+)"')
_PATH = re.compile(r'<path d="([^"]+)"')


def svg(digits: str) -> str:
    """An SVG of one path, black on white, with its quiet zones; stretches to any size."""
    drawn = _code(digits).to_svg(add_quiet_zones=True)
    size, path = _SIZE.search(drawn), _PATH.search(drawn)
    assert size is not None
    assert path is not None
    width, height = int(size[1]), int(size[2])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * 3}" height="{height * 3}"'
        f' viewBox="0 0 {width} {height}" preserveAspectRatio="none" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{width}v{height}H0z"/><path d="{path[1]}"/></svg>'
    )


def png(digits: str) -> bytes:
    """A PNG, 3 pixels a module."""
    out = BytesIO()
    drawn = _code(digits).to_image(scale=PNG_MODULE_PIXELS, add_quiet_zones=True)
    Image.fromarray(drawn).save(out, "PNG")
    return out.getvalue()


def _code(digits: str) -> zxingcpp.Barcode:
    return zxingcpp.create_barcode(digits, zxingcpp.BarcodeFormat.Code128)
