"""The intake of photos: whatever was uploaded becomes a plain JPEG of ours, or a named refusal.

JPEG, PNG and WebP are read, nothing else (HEIC would need a decoder of its own). What is kept is
drawn anew from the pixels: no metadata, no place where it was taken, nothing that was hung on behind
the picture. Checks come in the order of their cost; nothing is decoded before its size is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from threading import BoundedSemaphore

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from PIL import Image

from common.refusals import FieldProblem, InvalidInput
from refunds.likeness import ALIKE_BITS, distance, perceptual_hash
from refunds.photo_formats import JPEG, PNG, WEBP, format_of, is_overgrown

__all__ = ["ALIKE_BITS", "MAX_BYTES", "PhotoRefused", "Picture", "clean", "distance", "upright"]

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 50_000_000
LONGEST_PIXELS = 2_000
QUALITY = 85
DECODERS = 2
"""Photos that one process decodes at the same time: the largest need some 450 MB while it is shrunk."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation (Exif 2.3, 4.6.4)."""

PROBLEMS: dict[str, str | Promise] = {
    "photo_empty": _("There is nothing in this file."),
    "photo_too_large": _("A photo may have at most 8 MB."),
    "photo_too_many_pixels": _("This photo has more than 50 million pixels. Send a smaller one."),
    "photo_animated": _("This picture moves. Send a still photo."),
    "photo_unsupported": _("This file is not a photo that can be read. Send a JPEG, PNG or WebP picture."),
    "photo_damaged": _("This photo is damaged or was cut short. Take it again."),
}
"""Why a file is not taken, by the code of the field's problem."""

_decoders = BoundedSemaphore(DECODERS)


class PhotoRefused(InvalidInput):
    """An upload that is not taken: 422 with one problem, whose code is a key of `PROBLEMS`."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(FieldProblem(field, reason, PROBLEMS[reason]))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as it is kept. Hashes in hexadecimal digits, but for `perceptual_hash`, a signed 64-bit number.

    `sha256` is of the upload's bytes, `content_sha256` of the pixels that were read from it: that one
    stays the same when only metadata changed or something was hung on behind.
    """

    jpeg: bytes
    width: int
    height: int
    sha256: str
    content_sha256: str
    perceptual_hash: int


def clean(data: bytes, field: str = "photo") -> Picture:
    """The photo in an upload, upright, without metadata, at most 2,000 pixels on its longer side.

    Raises `PhotoRefused`, naming `field`, for whatever is not one still, whole photo within the limits.
    """
    image = upright(data, LONGEST_PIXELS, field)
    out = BytesIO()
    image.save(out, JPEG, quality=QUALITY)
    size = b"%dx%d:" % image.size
    return Picture(
        jpeg=out.getvalue(),
        width=image.width,
        height=image.height,
        sha256=hashlib.sha256(data).hexdigest(),
        content_sha256=hashlib.sha256(size + image.tobytes()).hexdigest(),
        perceptual_hash=perceptual_hash(image),
    )


def upright(data: bytes, longest: int, field: str = "photo") -> Image.Image:
    """An upload's pixels as RGB, turned as its EXIF says, at most `longest` on the longer side.

    Raises `PhotoRefused`. What is transparent becomes white; colour profiles are dropped, not applied.
    """
    kind = _checked_format(data, field)
    with _decoders, _decoding(field):
        image = Image.open(BytesIO(data), formats=(kind,))
        _check_header(image, kind, field)
        turn = _turn_of(image)
        plain = _on_white(_shrunk(image, longest))
        return plain if turn is None else plain.transpose(turn)


def _checked_format(data: bytes, field: str) -> str:
    if not data:
        raise PhotoRefused("photo_empty", field)
    if len(data) > MAX_BYTES:
        raise PhotoRefused("photo_too_large", field)
    kind = format_of(data)
    if kind is None or is_overgrown(data, kind):
        raise PhotoRefused("photo_unsupported", field)
    return kind


@contextmanager
def _decoding(field: str) -> Iterator[None]:
    """Decoders say "no" to broken files in every way that Python knows; to a person it is all the same."""
    try:
        yield
    except PhotoRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoRefused("photo_too_many_pixels", field) from error
    except Exception as error:
        raise PhotoRefused("photo_damaged", field) from error


def _check_header(image: Image.Image, kind: str, field: str) -> None:
    """What the header says, before memory is taken for it.

    A JPEG may hold further pictures (depth, a preview); its first one is the photo.
    """
    if image.width * image.height > MAX_PIXELS:
        raise PhotoRefused("photo_too_many_pixels", field)
    if kind in (PNG, WEBP) and getattr(image, "n_frames", 1) > 1:
        raise PhotoRefused("photo_animated", field)


def _turn_of(image: Image.Image) -> Image.Transpose | None:
    """How to turn it upright; metadata that can't be read turn nothing."""
    try:
        told: object = image.getexif().get(_ORIENTATION)
        return _TURNS.get(told) if isinstance(told, int) else None
    except Exception:
        return None


def _shrunk(image: Image.Image, longest: int) -> Image.Image:
    """At most `longest` pixels wide and high, with transparency where there was some."""
    longer = max(image.size)
    if longer > longest:  # a JPEG is decoded at a half, a quarter or an eighth where that is enough
        image.draft(None, (2 * image.width * longest // longer, 2 * image.height * longest // longer))
    pixels = _eight_bit(image)
    wanted = "RGBA" if pixels.has_transparency_data else "RGB"
    if pixels.mode != wanted:  # a copy of fifty million pixels is worth avoiding
        pixels = pixels.convert(wanted)
    pixels.thumbnail((longest, longest), reducing_gap=2.0)
    return pixels


def _eight_bit(image: Image.Image) -> Image.Image:
    """The higher byte of 16-bit greys: converting them would cut everything bright to white."""
    if image.mode == "I;16":
        return Image.frombytes("L", image.size, image.tobytes()[1::2])
    return image


def _on_white(image: Image.Image) -> Image.Image:
    """A new picture, so that nothing but pixels is taken along."""
    fresh = Image.new("RGB", image.size, "white")
    fresh.paste(image, mask=image if image.mode == "RGBA" else None)
    return fresh
