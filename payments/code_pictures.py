"""A payment code as QR and Code 128, under an address that holds it sealed: logs learn nothing of it."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.fernet import InvalidToken
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.secrets import seal, unseal
from orders import code128, qr

_PURPOSE = b"payment-code:"
_DRAW: dict[tuple[str, str], tuple[Callable[[str], str | bytes], str]] = {
    ("qr", "svg"): (qr.svg, "image/svg+xml"),
    ("qr", "png"): (qr.png, "image/png"),
    ("barcode", "svg"): (code128.svg, "image/svg+xml"),
    ("barcode", "png"): (code128.png, "image/png"),
}


def picture_token(digits: str) -> str:
    """What stands in the address of a code's pictures."""
    return seal(_PURPOSE + digits.encode()).decode().rstrip("=")


def _digits_of(token: str) -> str:
    try:
        plain = unseal((token + "=" * (-len(token) % 4)).encode())
    except (InvalidToken, ValueError) as error:
        raise Http404 from error
    if not plain.startswith(_PURPOSE):
        raise Http404
    return plain.removeprefix(_PURPOSE).decode()


@require_safe
@never_cache
def payment_code_picture(request: HttpRequest, token: str, kind: str) -> HttpResponse:
    """The picture; SVG, or PNG with `?format=png`."""
    how = _DRAW.get((kind, request.GET.get("format", "svg")))
    if how is None:
        raise Http404
    draw, media_type = how
    drawn = draw(_digits_of(token))
    return HttpResponse(drawn, content_type=media_type, headers={"X-Robots-Tag": "noindex"})
