"""Item codes read from pictures: QR and Code 128, as a phone's camera sees them on a label.

Lines read well only where a row of pixels crosses all bars: so a picture in which nothing is found
is turned (rows and columns are tried by the reader itself, which leaves ±45°), then tried with more
contrast and with a light blur against noise. The number of tries and their size are bounded, and so
is the time that a hostile picture takes.
"""

from __future__ import annotations

from collections.abc import Iterator

import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from common.ids import luhn_digit
from orders.dashboard_queries import read_item_code
from refunds.photos import upright

LONGEST_PIXELS = 1_600
ANGLES_DEGREES = (0, 20, -20, 40, -40)
BLUR_PIXELS = 1
_FORMATS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128])


def read_item_codes(data: bytes, field: str = "code_photo") -> list[str]:
    """The item codes (16 digits) that an uploaded picture shows, each once; none where none can be read.

    Raises `refunds.photos.PhotoRefused`, naming `field`, for a file that is not a picture within the limits.
    """
    grey = upright(data, LONGEST_PIXELS, field).convert("L")
    return next((codes for view in _views(grey) if (codes := _codes_in(view))), [])


def item_code_in(text: str) -> str | None:
    """The item code in the text of a scanned code; None where its digits can't be one of ours."""
    code = read_item_code(text)
    return code if code and code[0] != "0" and luhn_digit(code[:-1]) == code[-1] else None


def _views(grey: Image.Image) -> Iterator[Image.Image]:
    """The picture as it is, then each way in which it may read better, the likelier first."""
    yield from _turned(grey)
    yield from _turned(ImageOps.autocontrast(grey, cutoff=1))
    yield from _turned(grey.filter(ImageFilter.GaussianBlur(BLUR_PIXELS)))


def _turned(grey: Image.Image) -> Iterator[Image.Image]:
    yield grey
    for angle in ANGLES_DEGREES[1:]:
        yield grey.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def _codes_in(grey: Image.Image) -> list[str]:
    found = zxingcpp.read_barcodes(grey, formats=_FORMATS, text_mode=zxingcpp.TextMode.Plain)
    codes = [item_code_in(barcode.text) for barcode in found]
    return list(dict.fromkeys(code for code in codes if code))
