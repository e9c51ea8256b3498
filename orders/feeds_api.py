"""Where providers push call records: an address a feed, without a key; the signature proves the sender."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView
from common.ids import parse_public_id
from orders.flows.receive_push import pushing_feed, receive_push


@extend_schema(exclude=True)
class FeedPushView(ApiView):
    """One feed's address for its provider."""

    remembers = False
    authentication_classes: Any = ()

    def credential(self) -> str:
        feed_id = parse_public_id("fed", self.kwargs["feed_id"])
        return f"feed:{feed_id.hex if feed_id else 'unknown'}"

    def requests_per_second(self) -> int:
        return int(settings.CALLBACKS_PER_SECOND)

    def post(self, request: Request, feed_id: str, kind: str) -> Response:
        """Take in what the provider tells; anything but a 2xx makes it tell again."""
        feed, provider = pushing_feed(parse_public_id("fed", feed_id), kind)
        body = request._request.body
        if len(body) > provider.max_bytes:
            raise RequestDataTooBig
        address = settings.BASE_URL + request._request.get_full_path()
        return Response(receive_push(feed, provider, address, request.headers, body))
