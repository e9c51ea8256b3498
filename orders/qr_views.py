"""The picture of a code: no key, for whoever holds the token."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from orders import qr
from orders.models import Order, PrintedCode

_DRAW: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "svg": (qr.svg, "image/svg+xml"),
    "png": (qr.png, "image/png"),
}


@require_safe
@cache_control(public=True, max_age=3600)
def code_picture(request: HttpRequest, token: str) -> HttpResponse:
    """The QR of an order's live code or of a printed code; SVG, or PNG with `?format=png`."""
    address = _address(token)
    how = _DRAW.get(request.GET.get("format", "svg"))
    if address is None or how is None:
        raise Http404
    draw, media_type = how
    return picture(draw(address), media_type)


def picture(drawn: str | bytes, media_type: str = "image/svg+xml") -> HttpResponse:
    """A drawn code as an answer that search engines leave alone."""
    return HttpResponse(drawn, content_type=media_type, headers={"X-Robots-Tag": "noindex"})


def _address(token: str) -> str | None:
    order = Order.objects.filter(live_token=token).only("live_token").first()
    if order is not None:
        return order.live_url
    code = PrintedCode.objects.filter(token=token).only("token").first()
    return code.url if code is not None else None
