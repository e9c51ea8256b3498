"""Pictures made for tests: photos, hostile files, and codes as a camera sees them. All from a seed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from math import cos, pi, sin
from random import Random
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from common import ids, qr
from orders import code128

GPS, ORIENTATION, DESCRIPTION = 0x8825, 0x0112, 0x010E


def photo(seed: int, size: tuple[int, int] = (800, 600)) -> Image.Image:
    """What might be a photo: coarse and fine stains of colour, with some hard edges."""
    rng = Random(seed)
    image = stains(rng, 4, size)
    for grains, share in ((11, 0.4), (40, 0.2)):
        image = Image.blend(image, stains(rng, grains, size), share)
    draw = ImageDraw.Draw(image)
    for _number in range(6):
        x, y = rng.randrange(size[0]), rng.randrange(size[1])
        corner = (x + rng.randrange(20, 300), y + rng.randrange(20, 300))
        draw.ellipse(((x, y), corner), fill=tuple(rng.randbytes(3)))
    return image


def stains(rng: Random, grains: int, size: tuple[int, int]) -> Image.Image:
    small = Image.frombytes("RGB", (grains, grains), rng.randbytes(3 * grains * grains))
    return small.resize(size, Image.Resampling.BICUBIC)


def saved(image: Image.Image, kind: str = "JPEG", **how: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


# --- files that lie ------------------------------------------------------------------------


def with_exif(image: Image.Image, orientation: int, kind: str = "JPEG") -> bytes:
    """As a phone saves it: which way up, where, and a remark."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[DESCRIPTION] = "a remark about me"
    exif[GPS] = {1: "N", 2: (31.0, 14.0, 5.0), 3: "E", 4: (121.0, 28.0, 1.0)}
    remark = {"comment": b"a remark about me"} if kind == "JPEG" else {}
    return saved(image, kind, exif=exif.tobytes(), **remark)


def chunk(name: bytes, contents: bytes) -> bytes:
    """One part of a PNG file."""
    check = zlib.crc32(name + contents)
    return struct.pack(">I", len(contents)) + name + contents + struct.pack(">I", check)


def png_of(width: int, height: int, rows: bytes = b"", parts: bytes = b"") -> bytes:
    """A PNG of 8-bit greys that says what size it has, whatever follows."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + parts + pixels + chunk(b"IEND", b"")


def deep_png(size: tuple[int, int] = (64, 48)) -> bytes:
    """16 bits a pixel, from black on the left to white on the right."""
    width, height = size
    row = b"\0" + b"".join(struct.pack(">H", x * 65535 // (width - 1)) for x in range(width))
    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(row * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def many_scans(scans: int) -> bytes:
    """A progressive JPEG that asks for its last pass again and again."""
    whole = saved(photo(1, (64, 64)), progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * scans + whole[-2:]


def moving(kind: str) -> bytes:
    frames = [photo(seed, (40, 30)) for seed in (1, 2, 3)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


SVG = b"""<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"""
HTML = b"<!doctype html><script>alert(document.cookie)</script>"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF"
ZIP = b"PK\x05\x06" + bytes(18)
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(57)


# --- codes as a camera sees them --------------------------------------------------------------


@dataclass(frozen=True)
class Shot:
    """How a code was photographed. Angles in degrees, lengths in pixels, light and noise from 0 to 1."""

    angle: float = 0
    tilt: float = 0
    blur: float = 0
    noise: float = 0
    light: float = 1
    quality: int = 80
    width: int = 1400
    height: int = 1050
    share: float = 0.4
    """The label's part of the picture's width."""


def label(digits: str, kind: str) -> Image.Image:
    """A white label with the code on it: `qr` or `code128`."""
    drawn = qr.png(digits) if kind == "qr" else code128.png(digits)
    code = opened(drawn).convert("L")
    if kind == "code128":
        code = code.resize((code.width * 3, code.width * 3 // 4), Image.Resampling.NEAREST)
    paper = Image.new("L", (code.width * 5 // 4, code.height * 5 // 4), 250)
    paper.paste(code, (code.width // 8, code.height // 8))
    return paper


def shoot(digits: str, kind: str, shot: Shot, seed: int) -> bytes:
    """A photo of a label: lying on something, seen from the side, in that light, by that camera."""
    rng = Random(seed)
    size = (shot.width, shot.height)
    scene = stains(rng, 9, size).convert("L").point(lambda grey: 40 + grey // 3)
    paper = label(digits, kind)
    seen = [
        image.transform(size, Image.Transform.PERSPECTIVE, _view(paper, shot), Image.Resampling.BICUBIC)
        for image in (paper, Image.new("L", paper.size, 255))
    ]
    scene.paste(seen[0], mask=seen[1])
    return _exposed(scene, shot, rng)


def _view(paper: Image.Image, shot: Shot) -> tuple[float, ...]:
    """From a place in the picture back to a place on the label: turned, scaled and tilted."""
    turn, scale = shot.angle * pi / 180, paper.width / (shot.width * shot.share)
    right, down = scale * cos(turn), scale * sin(turn)
    x, y = shot.width / 2, shot.height / 2
    g, h = shot.tilt / shot.width, shot.tilt / shot.height / 2
    middle_x, middle_y = paper.width / 2, paper.height / 2
    w = 1 - g * x - h * y  # the divisor is 1 in the middle of the picture
    a, b = right + middle_x * g, down + middle_x * h
    d, e = -down + middle_y * g, right + middle_y * h
    c, f = middle_x - a * x - b * y, middle_y - d * x - e * y
    return tuple(part / w for part in (a, b, c, d, e, f, g, h))


def _exposed(scene: Image.Image, shot: Shot, rng: Random) -> bytes:
    image = scene.point(lambda grey: round(grey * shot.light))
    if shot.blur:
        image = image.filter(ImageFilter.GaussianBlur(shot.blur))
    if shot.noise:
        grain = Image.frombytes("L", image.size, rng.randbytes(image.width * image.height))
        deep = grain.point(lambda grey: round(128 + (grey - 128) * shot.noise))
        image = ImageChops.add(image, deep, offset=-128)
    return saved(image.convert("RGB"), quality=shot.quality)


def shots(seed: int, count: int) -> Iterator[tuple[str, Shot]]:
    """Item codes and ways of photographing them, as a phone in a hand does it."""
    rng = Random(seed)
    for _number in range(count):
        body = str(rng.randrange(10**14, 10**15))
        shot = Shot(
            angle=rng.uniform(-180, 180),
            tilt=rng.uniform(-0.35, 0.35),
            blur=rng.choice((0, 0, 0.6, 1.0)),
            noise=rng.choice((0, 0.1, 0.2)),
            light=rng.choice((1, 1, 0.6, 0.3)),
            quality=rng.choice((85, 60, 40)),
            share=rng.uniform(0.35, 0.6),
        )
        yield body + ids.luhn_digit(body), shot
