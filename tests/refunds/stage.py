"""What tests of refunds begin with: buyers of some reputation, photos, and the asking itself."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import encode_multipart
from PIL import Image, ImageDraw

from common import drains
from merchants.models import Merchant, Person
from refunds.models import RefundPolicy
from refunds.standing import adjust
from tests.cast import Answer, Caller

_seeds = itertools.count(1)
GOOD, BAD = 40, -20


def a_photo(seed: int | None = None) -> bytes:
    """A small JPEG that looks like no other."""
    seed = next(_seeds) if seed is None else seed
    image = Image.new("RGB", (96, 72), (seed * 37 % 256, seed * 91 % 256, seed * 151 % 256))
    draw = ImageDraw.Draw(image)
    for n in range(12):
        x, y = (seed * (n + 3) * 7919) % 96, (seed * (n + 5) * 104729) % 72
        draw.rectangle(
            (x, y, x + 5 + seed * n % 31, y + 5 + seed * n % 23), fill=(n * 20, 255 - n * 20, x * 2)
        )
    out = BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def ask(
    caller: Caller,
    code: str | None,
    photos: Sequence[bytes] | None = None,
    once: str | None = None,
    **more: Any,
) -> Answer:
    """A refund asked for through the API, with a boundary of its own as clients draw them."""
    photos = [a_photo()] if photos is None else photos
    body: dict[str, Any] = {"reason": "It is torn.", **more}
    if code is not None:
        body["item_code"] = code
    body["photo"] = [SimpleUploadedFile(f"{n}.jpg", one, "image/jpeg") for n, one in enumerate(photos)]
    boundary = secrets.token_hex(16)
    return caller.call(
        "POST",
        "me/refunds",
        encode_multipart(boundary, body),
        content_type=f"multipart/form-data; boundary={boundary}",
        headers={"Idempotency-Key": once} if once else None,
    )


def trust(buyer: Person, weight: int = GOOD) -> None:
    """Staff's word on a buyer."""
    adjust(buyer, weight, "Of a test.", decays=False)


def rules(merchant: Merchant, **own: Any) -> None:
    """A merchant's own rules."""
    RefundPolicy.objects.update_or_create(merchant=merchant, defaults=own)


def carry_out() -> None:
    """What the workers do about refunds, until they rest."""
    names = ("send_refunds", "decide_overdue_refunds", "send_returns", "outbox")
    while sum(drains.run(name) for name in names):
        pass
