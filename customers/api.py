"""The API of customers: parse, one call, render."""

from __future__ import annotations

from functools import partial

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import docs
from common.api import found_or_404
from common.ids import parse_public_id
from customers import queries, serializers
from merchants.api_base import MerchantView


class CustomersView(MerchantView):
    """The merchant's customers."""

    read_scope = "customers:read"

    @extend_schema(
        operation_id="list_customers",
        parameters=[
            docs.LIMIT,
            docs.CURSOR,
            OpenApiParameter(
                "phone", OpenApiTypes.STR, description="In any spelling of the merchant's region."
            ),
            OpenApiParameter("tag", OpenApiTypes.STR, description="A tag's name, in any case."),
            OpenApiParameter("channel", OpenApiTypes.STR, description="The channel of the first order."),
            OpenApiParameter("q", OpenApiTypes.STR, description="Phone, part of the name, or tag."),
        ],
        responses=docs.answers(200, docs.page("CustomerPage", serializers.CustomerOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List customers, newest first."""
        narrowed = queries.CustomerFilter.of_query(self.merchant, request.query_params.dict())
        return self.page(
            queries.customers_of(self.merchant, narrowed),
            serializers.customer_out,
            beside=partial(queries.totals_of, self.merchant),
        )


class CustomerView(MerchantView):
    """One customer."""

    read_scope = "customers:read"

    @extend_schema(operation_id="get_customer", responses=docs.answers(200, serializers.CustomerOut, 404))
    def get(self, request: Request, customer_id: str) -> Response:
        """One customer; merged and erased ones are not there."""
        customer = found_or_404(queries.customer_of(self.merchant, parse_public_id("cus", customer_id)))
        totals = queries.totals_of(self.merchant, [customer])
        return Response(serializers.customer_out(customer, totals[customer.pk]))
