"""Item codes read from pictures: QR and Code 128, as a phone's camera sees them on a label.

QR codes read as they lie. Lines read only where a row of pixels crosses all bars: so a picture in
which nothing is found is turned (rows and columns are tried by the reader itself, which leaves ±45°),
then averaged along the bars, which takes away noise and leaves them sharp, then lightly blurred. The
number of tries and their size are bounded, and so is the time that a hostile picture takes.
"""

from __future__ import annotations

from collections.abc import Iterator

import zxingcpp
from PIL import Image, ImageFilter, ImageStat

from common.ids import luhn_digit
from orders.item_codes import read_item_code
from refunds.photos import upright

LONGEST_PIXELS = 1_600
ANGLES_DEGREES = (18, -18, 36, -36)
"""Steps that leave no bar further than 9° from upright or level."""

AVERAGED_PIXELS = 4
BLUR_PIXELS = 1
_LINES = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.Code128])
_EITHER = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128])


def read_item_codes(data: bytes, field: str = "code_photo") -> list[str]:
    """The item codes (16 digits) that an uploaded picture shows, each once; none where none can be read.

    Raises `refunds.photos.PhotoRefused`, naming `field`, for a file that is not a picture within the limits.
    """
    grey = upright(data, LONGEST_PIXELS, field).convert("L")
    return next((codes for tried in _tries(grey) if (codes := _codes_in(*tried))), [])


def item_code_in(text: str) -> str | None:
    """The item code in the text of a scanned code; None where its digits can't be one of ours."""
    code = read_item_code(text)
    return code if code and code[0] != "0" and luhn_digit(code[:-1]) == code[-1] else None


def _tries(grey: Image.Image) -> Iterator[tuple[Image.Image, zxingcpp.BarcodeFormats]]:
    """The picture as it is, then each way in which bars may read better, the likelier first."""
    yield grey, _EITHER
    views = [grey]
    for angle in ANGLES_DEGREES:
        views.append(_turned(grey, angle))
        yield views[-1], _LINES
    for view in views:
        yield view.reduce((1, AVERAGED_PIXELS)), _LINES
        yield view.reduce((AVERAGED_PIXELS, 1)), _LINES
    for view in views:
        yield view.filter(ImageFilter.GaussianBlur(BLUR_PIXELS)), _EITHER if view is grey else _LINES


def _turned(grey: Image.Image, degrees: int) -> Image.Image:
    """Corners filled with a middling grey: the reader tells dark from light row by row, and white
    corners make a label in dim light look dark."""
    middling = ImageStat.Stat(grey).median[0]
    return grey.rotate(degrees, Image.Resampling.BILINEAR, expand=True, fillcolor=middling)


def _codes_in(grey: Image.Image, formats: zxingcpp.BarcodeFormats) -> list[str]:
    found = zxingcpp.read_barcodes(grey, formats=formats, text_mode=zxingcpp.TextMode.Plain)
    codes = [item_code_in(barcode.text) for barcode in found]
    return list(dict.fromkeys(code for code in codes if code))
