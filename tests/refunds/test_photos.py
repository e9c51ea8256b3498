"""What may be uploaded as a photo, what comes out of it, and the name of every "no"."""

from __future__ import annotations

import hashlib
from functools import cache
from io import BytesIO

import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageChops, ImageEnhance, ImageStat

from common.problems import of_refusal
from refunds import photo_formats
from refunds.photos import ALIKE_BITS, MAX_BYTES, PhotoRefused, clean, distance, upright
from tests.refunds import pictures
from tests.refunds.pictures import photo, saved

# Pillow remarks on metadata that it can't read.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def why_not(data: bytes) -> str:
    with pytest.raises(PhotoRefused) as refused:
        clean(data)
    return refused.value.reason


# --- what is refused, by name ------------------------------------------------------------

REFUSED = {
    "nothing": (b"", "photo_empty"),
    "huge": (pictures.png_of(1, 1, b"\0\0") + bytes(MAX_BYTES), "photo_too_large"),
    "svg": (pictures.SVG, "photo_unsupported"),
    "html": (pictures.HTML, "photo_unsupported"),
    "pdf": (pictures.PDF, "photo_unsupported"),
    "zip": (pictures.ZIP, "photo_unsupported"),
    "program": (pictures.PROGRAM, "photo_unsupported"),
    "text": (b"no picture at all", "photo_unsupported"),
    "gif": (saved(photo(1, (40, 30)), "GIF"), "photo_unsupported"),
    "moving gif": (pictures.moving("GIF"), "photo_unsupported"),
    "bmp": (saved(photo(1, (40, 30)), "BMP"), "photo_unsupported"),
    "tiff": (saved(photo(1, (40, 30)), "TIFF"), "photo_unsupported"),
    "ico": (saved(photo(1, (40, 30)), "ICO"), "photo_unsupported"),
    "page before a picture": (pictures.HTML + saved(photo(1, (40, 30))), "photo_unsupported"),
    "moving webp": (pictures.moving("WEBP"), "photo_animated"),
    "moving png": (pictures.moving("PNG"), "photo_animated"),
    "bomb": (pictures.png_of(30_000, 30_000), "photo_too_many_pixels"),
    "small bomb": (pictures.png_of(10_000, 10_000), "photo_too_many_pixels"),
    "one pixel too many": (pictures.png_of(50_000_001, 1), "photo_too_many_pixels"),
    "empty png": (pictures.png_of(0, 0), "photo_damaged"),
    "png without pixels": (pictures.png_of(40, 30), "photo_damaged"),
    "start of a jpeg": (b"\xff\xd8\xff\xe0", "photo_damaged"),
    "start of a png": (b"\x89PNG\r\n\x1a\n", "photo_damaged"),
    "start of a webp": (b"RIFF\x24\0\0\0WEBPVP8 ", "photo_damaged"),
    "webp of nothing": (b"RIFF\x04\0\0\0WEBP" + bytes(400), "photo_damaged"),
    "passes without end": (pictures.many_scans(100), "photo_unsupported"),
    "parts without end": (
        b"\xff\xd8" + b"\xff\xfe\0\x02" * 100_000 + saved(photo(1, (40, 30)))[2:],
        "photo_unsupported",
    ),
    "chunks without end": (
        pictures.png_of(8, 8, bytes(72), pictures.chunk(b"teXt", b"") * 20_000),
        "photo_unsupported",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_taken(name: str) -> None:
    data, reason = REFUSED[name]
    assert why_not(data) == reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.99])
def test_photos_that_were_cut_short(kind: str, share: float) -> None:
    whole = saved(photo(2, (320, 240)), kind)
    assert why_not(whole[: int(len(whole) * share)]) == "photo_damaged"


def test_a_refusal_is_a_problem_of_its_field() -> None:
    with pytest.raises(PhotoRefused) as refused:
        clean(pictures.HTML, "photo.1")
    body, _headers = of_refusal(refused.value)
    assert (body["status"], body["code"]) == (422, "invalid")
    assert [(error["field"], error["code"]) for error in body["errors"]] == [("photo.1", "photo_unsupported")]
    assert "JPEG, PNG or WebP" in body["errors"][0]["detail"]


def test_the_limits_themselves_are_allowed() -> None:
    small = pictures.png_of(8, 8, bytes(72))
    assert clean(small + bytes(MAX_BYTES - len(small))).width == 8
    wide = pictures.png_of(50_000, 1_000, bytes(50_001) * 1_000)
    assert (clean(wide).width, clean(wide).height) == (2_000, 40)


# --- what comes out ------------------------------------------------------------------------


def looks_like(data: bytes, expected: Image.Image) -> bool:
    """Whether a cleaned photo shows this, but for what JPEG changes."""
    shown = pictures.opened(data)
    assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", expected.size)
    difference = ImageChops.difference(shown.reduce(4), expected.reduce(4))
    return max(ImageStat.Stat(difference).mean) < 6


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_format_comes_out_as_jpeg(kind: str) -> None:
    image = photo(3, (640, 480))
    data = saved(image, kind)
    picture = clean(data)
    assert looks_like(picture.jpeg, image)
    assert (picture.width, picture.height) == (640, 480)
    assert picture.sha256 == hashlib.sha256(data).hexdigest()
    assert -(2**63) <= picture.perceptual_hash < 2**63


@pytest.mark.parametrize(
    ("size", "kept"), [((2_000, 1_500), (2_000, 1_500)), ((2_400, 3_600), (1_333, 2_000))]
)
def test_large_photos_are_shrunk(size: tuple[int, int], kept: tuple[int, int]) -> None:
    picture = clean(saved(photo(4, size)))
    assert (picture.width, picture.height) == pictures.opened(picture.jpeg).size == kept


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_upright_and_say_nothing_more(kind: str, orientation: int) -> None:
    data = pictures.with_exif(photo(5, (240, 160)), orientation, kind)
    assert b"a remark about me" in data
    picture = clean(data)
    shown = pictures.opened(picture.jpeg)
    assert shown.size == ((160, 240) if orientation > 4 else (240, 160))
    assert dict(shown.getexif()) == {}
    assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive"}
    for secret in (b"Exif", b"remark", b"GPS"):
        assert secret not in picture.jpeg


def test_the_turn_is_the_right_one() -> None:
    """A white corner, top left on the thing itself, as eight kinds of camera hold it (Exif 2.3, 4.6.4)."""
    corners = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}
    for orientation, (x, y) in corners.items():
        image = Image.new("RGB", (80, 80))
        image.paste("white", (x * 40, y * 40, x * 40 + 40, y * 40 + 40))
        shown = upright(pictures.with_exif(image, orientation, "PNG"), 100)
        assert shown.getpixel((10, 10)) == (255, 255, 255), orientation
        assert shown.getpixel((70, 70)) == (0, 0, 0), orientation


def test_metadata_that_can_not_be_read_do_no_harm() -> None:
    for rubbish in (b"Exif\0\0" + b"\xff" * 40, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(30)):
        assert clean(saved(photo(6, (60, 40)), exif=rubbish)).width == 60


@pytest.mark.parametrize(
    "hung_on", [pictures.HTML, pictures.ZIP, pictures.PROGRAM, b"<?php system($_GET[0])"]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_hangs_on_behind_is_left_behind(kind: str, hung_on: bytes) -> None:
    data = saved(photo(7, (60, 40)), kind)
    alone, both = clean(data), clean(data + hung_on)
    assert both.jpeg == alone.jpeg
    assert hung_on not in both.jpeg
    assert both.sha256 != alone.sha256
    assert both.content_sha256 == alone.content_sha256


def test_code_in_a_comment_is_left_behind() -> None:
    assert b"script" not in clean(saved(photo(7, (60, 40)), comment=pictures.HTML)).jpeg


def test_other_metadata_are_the_same_content() -> None:
    image = photo(8, (60, 40))
    told, silent = clean(pictures.with_exif(image, 1, "PNG")), clean(saved(image, "PNG"))
    assert told.sha256 != silent.sha256
    assert told.content_sha256 == silent.content_sha256
    assert clean(saved(photo(9, (60, 40)), "PNG")).content_sha256 != silent.content_sha256


def test_colours_of_print() -> None:
    """CMYK, as some editors save it."""
    image = photo(10, (120, 80))
    shown = clean(saved(image.convert("CMYK"))).jpeg
    assert looks_like(shown, image.convert("CMYK").convert("RGB"))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_other_kinds_of_pixels(mode: str) -> None:
    image = photo(11, (120, 80)).convert(mode)
    assert looks_like(clean(saved(image, "PNG")).jpeg, image.convert("RGB"))


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    few = Image.new("P", (40, 40), 0)
    few.putpalette([255, 0, 0, 0, 0, 255])
    for data in (saved(clear, "PNG"), saved(clear, "WEBP", lossless=True), saved(few, "PNG", transparency=0)):
        assert looks_like(clean(data).jpeg, Image.new("RGB", (40, 40), "white"))


def test_sixteen_bits_a_pixel_keep_their_greys() -> None:
    shown = pictures.opened(clean(pictures.deep_png()).jpeg).convert("L")
    greys = [shown.getpixel((x, 20)) for x in (1, 16, 32, 48, 62)]
    assert greys == pytest.approx([4, 65, 130, 194, 251], abs=6)


def test_further_pictures_in_a_jpeg_are_left_out() -> None:
    """Phones put previews and depth behind the photo; the first one is it."""
    first, second = photo(12, (120, 80)), photo(13, (120, 80))
    data = saved(first, "MPO", save_all=True, append_images=[second])
    assert looks_like(clean(data).jpeg, first)
    assert not looks_like(clean(data).jpeg, second)


# --- whatever it is, a photo or a named "no" --------------------------------------------------


@cache
def sound() -> tuple[bytes, ...]:
    image = photo(14, (48, 32))
    few = saved(image.convert("P"), "PNG", transparency=0)
    return (
        *(saved(image, kind) for kind in ("JPEG", "PNG", "WEBP")),
        pictures.with_exif(image, 6),
        saved(image, "WEBP", lossless=True),
        saved(image, progressive=True),
        few,
        pictures.deep_png(),
        pictures.moving("WEBP"),
        pictures.moving("PNG"),
        saved(image, "MPO", save_all=True, append_images=[image]),
    )


def taken_or_refused(data: bytes) -> None:
    try:
        picture = clean(data)
    except PhotoRefused:
        return
    assert pictures.opened(picture.jpeg).size == (picture.width, picture.height)


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\0\0\0WEBPVP8X"]),
    st.binary(max_size=400),
)
def test_any_bytes(start: bytes, rest: bytes) -> None:
    taken_or_refused(start + rest)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_photos_with_wrong_bytes_in_them(data: st.DataObject) -> None:
    file = bytearray(data.draw(st.sampled_from(sound())))
    places = st.integers(0, min(len(file), 600) - 1) | st.integers(0, len(file) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=12)):
        file[place] = value
    taken_or_refused(bytes(file))


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_photos_with_parts_missing_or_twice(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sound()))
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(file))] * 2)))
    again = data.draw(st.integers(0, 3))
    taken_or_refused(file[:first] + file[first:last] * again + file[last:])


def test_parts_are_counted_as_decoders_do() -> None:
    whole = saved(photo(15, (64, 64)), progressive=True, comment=b"\xff\xda" * 2_000, exif=b"Exif\0\0")
    assert not photo_formats.is_overgrown(whole, "JPEG")
    assert not photo_formats.is_overgrown(whole + b"\xff\xda" * 2_000, "JPEG")
    assert not photo_formats.is_overgrown(saved(photo(15, (900, 700)), "PNG"), "PNG")


# --- the same photo again -------------------------------------------------------------------


def bits_between(one: Image.Image, other: Image.Image, quality: int) -> int:
    files = (saved(one, quality=92), saved(other, quality=quality))
    hashes = [clean(data).perceptual_hash for data in files]
    return distance(*hashes)


CHANGED = {
    "saved again": lambda image: image,
    "half as large": lambda image: image.resize((image.width // 2, image.height // 2)),
    "a tenth larger": lambda image: image.resize((image.width * 11 // 10, image.height * 11 // 10)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.85),
    "more contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.15),
    "less colour": lambda image: ImageEnhance.Color(image).enhance(0.5),
    "cut by one in a hundred": lambda image: image.crop((4, 3, image.width - 4, image.height - 3)),
}


@pytest.mark.parametrize("name", CHANGED)
def test_the_same_photo_is_known_again(name: str) -> None:
    distances = [
        bits_between(photo(seed), CHANGED[name](photo(seed)), quality=60)  # type: ignore[no-untyped-call]
        for seed in range(12)
    ]
    assert max(distances) <= ALIKE_BITS


def test_other_photos_are_others() -> None:
    hashes = [clean(saved(photo(seed, (400, 300)))).perceptual_hash for seed in range(100)]
    distances = [distance(one, other) for place, one in enumerate(hashes) for other in hashes[:place]]
    assert min(distances) > ALIKE_BITS


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_distances(one: int, other: int) -> None:
    assert distance(one, one) == 0
    assert 0 <= distance(one, other) == distance(other, one) <= 64
    assert distance(one, ~one) == 64


def test_a_picture_of_nothing_has_a_hash() -> None:
    out = BytesIO()
    Image.new("RGB", (1, 1), "black").save(out, "PNG")
    assert clean(out.getvalue()).perceptual_hash == 0
