"""The API of products and orders: parse, one call, render."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import docs
from common.api import found_or_404
from common.ids import parse_public_id
from merchants.api_base import MerchantView
from merchants.flows.find_or_make_buyer import find_or_make_buyer
from orders import queries, serializers
from orders.flows.cancel_order import cancel_order
from orders.flows.create_product import create_product
from orders.flows.place_order import Placement, place_order
from orders.flows.redeem_order import redeem_order
from orders.models import OrderState


class ProductsView(MerchantView):
    """What the merchant sells."""

    read_scope, write_scope = "products:read", "products:write"

    @extend_schema(
        operation_id="list_products",
        parameters=[docs.LIMIT, docs.CURSOR],
        responses=docs.answers(200, docs.page("ProductPage", serializers.ProductOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List products, newest first."""
        return self.page(queries.products_of(self.merchant), serializers.product_out)

    @extend_schema(
        operation_id="create_product",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=serializers.ProductIn,
        responses=docs.answers(201, serializers.ProductOut, 409, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Create a product."""
        product = create_product(self.merchant, **self.read(serializers.ProductIn, merchant=self.merchant))
        return Response(serializers.product_out(product), status=201)


class OrdersView(MerchantView):
    """The merchant's orders."""

    read_scope, write_scope = "orders:read", "orders:write"

    @extend_schema(
        operation_id="list_orders",
        parameters=[
            docs.LIMIT,
            docs.CURSOR,
            OpenApiParameter("state", OpenApiTypes.STR, enum=OrderState.values),
            OpenApiParameter("created_after", OpenApiTypes.DATETIME),
            OpenApiParameter("created_before", OpenApiTypes.DATETIME),
            OpenApiParameter("q", OpenApiTypes.STR, description="Id, number, item code, phone or note."),
        ],
        responses=docs.answers(200, docs.page("OrderPage", serializers.OrderOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List orders, newest first."""
        narrowed = queries.OrderFilter.of_query(request.query_params.dict())
        orders = queries.orders_of(self.merchant, narrowed).prefetch_related("items")
        return self.page(orders, serializers.order_out)

    @extend_schema(
        operation_id="place_order",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=serializers.OrderIn,
        responses=docs.answers(201, serializers.OrderOut, 409, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Place an order: its prices are fixed, its live code is born."""
        asked = self.read(serializers.OrderIn, merchant=self.merchant)
        phone = asked.get("buyer_phone")
        placed = place_order(
            Placement(
                merchant=self.merchant,
                lines=asked["lines"],
                buyer=find_or_make_buyer(phone) if phone else None,
                note=asked.get("note", ""),
            )
        )
        return Response(serializers.order_out(placed.order, placed.items), status=201)


class OrderView(MerchantView):
    """One order."""

    read_scope = "orders:read"

    @extend_schema(operation_id="get_order", responses=docs.answers(200, serializers.OrderOut, 404))
    def get(self, request: Request, order_id: str) -> Response:
        """One order with its items."""
        order = found_or_404(queries.order_of(self.merchant, parse_public_id("ord", order_id)))
        return Response(serializers.order_out(order))


class CancelView(MerchantView):
    """Taking an unpaid order back."""

    write_scope = "orders:write"

    @extend_schema(
        operation_id="cancel_order",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=None,
        responses=docs.answers(200, serializers.OrderOut, 404, 409, 422),
    )
    def post(self, request: Request, order_id: str) -> Response:
        """Cancel an order before it is paid."""
        order = cancel_order(self.merchant, found_or_404(parse_public_id("ord", order_id)))
        return Response(serializers.order_out(order))


class RedeemView(MerchantView):
    """The counter's way to redeem."""

    write_scope = "orders:redeem"

    @extend_schema(
        operation_id="redeem_order",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=serializers.RedeemIn,
        responses=docs.answers(200, serializers.OrderOut, 404, 409, 415, 422),
    )
    def post(self, request: Request, order_id: str) -> Response:
        """Redeem one item by its code, or the whole order; the money leaves escrow."""
        asked = self.read(serializers.RedeemIn)
        redeemed = redeem_order(
            self.merchant, found_or_404(parse_public_id("ord", order_id)), asked.get("item_code")
        )
        return Response(serializers.order_out(redeemed.order))
