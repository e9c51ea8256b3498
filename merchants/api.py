"""The API of webhook endpoints: parse, one call, render."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import docs
from common.api import found_or_404
from common.ids import parse_public_id
from merchants import queries, serializers
from merchants.api_base import MerchantView
from merchants.flows.add_endpoint import add_endpoint
from merchants.flows.delete_endpoint import delete_endpoint


class EndpointsView(MerchantView):
    """Where the merchant wants to hear of events."""

    read_scope, write_scope = "webhooks:read", "webhooks:write"

    @extend_schema(
        operation_id="list_webhook_endpoints",
        parameters=[docs.LIMIT, docs.CURSOR],
        responses=docs.answers(200, docs.page("WebhookEndpointPage", serializers.EndpointOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List webhook endpoints, newest first."""
        return self.page(queries.endpoints_of(self.merchant), serializers.endpoint_out)

    @extend_schema(
        operation_id="add_webhook_endpoint",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=serializers.EndpointIn,
        responses=docs.answers(201, serializers.NewEndpointOut, 409, 415, 422),
        examples=[
            OpenApiExample(
                "Two events",
                value={"url": "https://shop.example/hook", "events": ["order.paid", "order.redeemed"]},
                request_only=True,
            ),
            OpenApiExample(
                "Everything", value={"url": "https://shop.example/hook", "events": ["*"]}, request_only=True
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Add a webhook endpoint; its secret is shown only in this answer."""
        asked = self.read(serializers.EndpointIn)
        added = add_endpoint(self.merchant, asked["url"], asked["events"])
        return Response({**serializers.endpoint_out(added.endpoint), "secret": added.secret}, status=201)


class EndpointView(MerchantView):
    """One webhook endpoint."""

    write_scope = "webhooks:write"

    @extend_schema(operation_id="delete_webhook_endpoint", responses=docs.answers(204, None, 404))
    def delete(self, request: Request, endpoint_id: str) -> Response:
        """Delete a webhook endpoint; what waits for it is not sent."""
        delete_endpoint(self.merchant, found_or_404(parse_public_id("whe", endpoint_id)))
        return Response(status=204)
