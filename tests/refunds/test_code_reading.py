"""Item codes are read from pictures, and nothing else is."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from django.conf import settings
from hypothesis import given, settings as hypothesis, strategies as st
from PIL import Image

from common import ids, qr
from orders import code128
from refunds.code_reading import item_code_in, read_item_codes
from refunds.photos import PhotoRefused
from tests.refunds import pictures
from tests.refunds.pictures import Shot, saved, shoot

CODE, OTHER = "4929031877215066", "7408655322280854"
KINDS = ("qr", "code128")


# --- which texts are item codes ------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        "4929 0318 7721 5066",
        "4929-0318-7721-5066",
        f"{settings.BASE_URL}/refund?code={CODE}",
        f"https://shop.example/i/{CODE}#top",
        "４９２９０３１８７７２１５０６６",
    ],
)
def test_texts_with_an_item_code(text: str) -> None:
    assert item_code_in(text) == CODE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4929031877215067",  # its last digit does not check
        "0000000000000000",  # ours never begin so
        CODE[:-1],
        CODE + "1",
        "https://shop.example/pay/x3Q_1ab",
        "WIFI:S:shop;T:WPA;P:secret;;",
        "(01)09501101020917",
        "\x1d\x00\ud800",
    ],
)
def test_texts_without(text: str) -> None:
    assert item_code_in(text) is None


def test_every_code_that_is_given_out_is_known() -> None:
    codes = [ids.new_digit_code() for _number in range(200)]
    assert [item_code_in(code) for code in codes] == codes


# --- pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("angle", [0, 15, 30, 45, 60, 90, 135, 180, 225, 270, 315])
def test_a_label_that_lies_as_it_likes(kind: str, angle: int) -> None:
    assert read_item_codes(shoot(CODE, kind, Shot(angle=angle), seed=1)) == [CODE]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "shot",
    [
        Shot(blur=1.2),
        Shot(noise=0.3),
        Shot(light=0.2),
        Shot(quality=25),
        Shot(tilt=0.5),
        Shot(width=4000, height=3000),
        Shot(angle=25, tilt=0.3, blur=0.8, noise=0.15, light=0.4, quality=50),
    ],
    ids=["blur", "noise", "dark", "jpeg", "tilt", "large", "all"],
)
def test_photos_that_are_not_good(kind: str, shot: Shot) -> None:
    assert read_item_codes(shoot(CODE, kind, shot, seed=2)) == [CODE]


def test_a_small_code_in_a_large_picture() -> None:
    """A QR code on a twenty-fifth of the frame."""
    assert read_item_codes(shoot(CODE, "qr", Shot(share=0.22, width=3000, height=2250), seed=3)) == [CODE]


@pytest.mark.parametrize("draw", [qr.png, code128.png])
def test_a_drawn_code_itself(draw: Callable[[str], bytes]) -> None:
    assert read_item_codes(draw(CODE)) == [CODE]


def test_light_bars_on_a_dark_label() -> None:
    drawn = pictures.opened(qr.png(CODE)).convert("L").point(lambda grey: 255 - grey)
    assert read_item_codes(saved(drawn, "PNG")) == [CODE]


def test_several_labels_in_one_picture() -> None:
    sheet = Image.new("L", (1200, 900), 255)
    for place, (code, kind) in enumerate([(CODE, "qr"), (OTHER, "code128"), (CODE, "code128")]):
        label = pictures.label(code, kind)
        sheet.paste(label.resize((500, 500 * label.height // label.width)), (40, 40 + 280 * place))
    assert sorted(read_item_codes(saved(sheet))) == [CODE, OTHER]


@pytest.mark.parametrize(
    "text", ["https://shop.example/pay/x3Q_1ab", "4929031877215067", "13 98 17", "ACME-0042"]
)
def test_codes_of_others_are_no_answer(text: str) -> None:
    assert read_item_codes(qr.png(text)) == []
    assert read_item_codes(code128.png(text)) == []


def test_a_code_of_others_beside_ours() -> None:
    sheet = Image.new("L", (1200, 600), 255)
    for place, text in enumerate(["https://shop.example/4929031877215067", CODE]):
        sheet.paste(pictures.opened(qr.png(text)).convert("L").resize((500, 500)), (50 + 600 * place, 50))
    assert read_item_codes(saved(sheet)) == [CODE]


def test_a_picture_without_a_code() -> None:
    assert read_item_codes(saved(pictures.photo(4))) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "photo_empty"),
        (pictures.PDF, "photo_unsupported"),
        (saved(pictures.photo(5))[:900], "photo_damaged"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(PhotoRefused) as refused:
        read_item_codes(data)
    assert refused.value.reason == reason
    assert refused.value.problems[0].field == "code_photo"


@hypothesis(deadline=None, max_examples=25)
@given(st.binary(min_size=64, max_size=64), st.integers(1, 30))
def test_patterns_are_no_codes(dots: bytes, scale: int) -> None:
    image = Image.frombytes("L", (8, 8), dots).resize((8 * scale, 8 * scale), Image.Resampling.NEAREST)
    assert read_item_codes(saved(image, "PNG")) == []


# --- slow: many photos, hostile ones ---------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "least"), [("qr", 0.99), ("code128", 0.95)])
def test_two_hundred_photos(kind: str, least: float) -> None:
    """Any turn, tilt, light blur, noise, JPEG, low light, together; no wrong reading at all."""
    outcomes: Counter[str] = Counter()
    for number, (code, shot) in enumerate(pictures.shots(2026, 200)):
        found = read_item_codes(shoot(code, kind, shot, seed=number))
        outcomes["right" if found == [code] else "wrong" if found else "unread"] += 1
    assert outcomes["wrong"] == 0
    assert outcomes["right"] >= least * 200, outcomes


def checks(size: tuple[int, int], square: int) -> Image.Image:
    tile = Image.new("1", (2 * square, 2 * square))
    tile.paste(1, (0, 0, square, square))
    tile.paste(1, (square, square, 2 * square, 2 * square))
    return tiled(tile, size)


def corners(size: tuple[int, int], module: int) -> Image.Image:
    """Nothing but what marks the corners of QR codes."""
    tile = Image.new("1", (9 * module, 9 * module), 1)
    for inset, grey in ((1, 0), (2, 1), (3, 0)):
        tile.paste(grey, (inset * module, inset * module, (9 - inset) * module, (9 - inset) * module))
    return tiled(tile, size)


def bars(size: tuple[int, int], module: int) -> Image.Image:
    """Nothing but beginnings of Code 128."""
    line = Image.new("1", (11 * module, 1))
    for place, bit in enumerate("00101101111"):
        line.paste(int(bit), (place * module, 0, (place + 1) * module, 1))
    return tiled(line, size)


def static(size: tuple[int, int], module: int) -> Image.Image:
    grain = max(module, 2)  # finer noise is refused as too large a file
    small = (size[0] // grain, size[1] // grain)
    dots = Image.frombytes("L", small, Random(6).randbytes(small[0] * small[1]))
    return dots.resize(size, Image.Resampling.NEAREST)


def tiled(tile: Image.Image, size: tuple[int, int]) -> Image.Image:
    image = Image.new("L", size)
    grown = tile.convert("L")
    image.paste(grown)
    while (done := grown.width) < size[0]:
        grown = image.crop((0, 0, done, tile.height))
        image.paste(grown, (done, 0))
        grown = image.crop((0, 0, min(2 * done, size[0]), tile.height))
    while (done := grown.height) < size[1]:
        image.paste(grown, (0, done))
        grown = image.crop((0, 0, size[0], min(2 * done, size[1])))
    return image


@pytest.mark.slow
@pytest.mark.parametrize("draw", [checks, corners, bars, static])
@pytest.mark.parametrize("size", [(6000, 4000), (1600, 1600)], ids=["large", "as read"])
@pytest.mark.parametrize("module", [1, 2, 4, 12])
def test_hostile_pictures_take_bounded_time(
    draw: Callable[[tuple[int, int], int], Image.Image], size: tuple[int, int], module: int
) -> None:
    data = saved(draw(size, module), "PNG")
    started = time.process_time()
    assert read_item_codes(data) == []
    assert time.process_time() - started < 10
