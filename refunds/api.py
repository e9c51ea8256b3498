"""The API of refunds: parse, one call, render."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common import docs
from common.api import found_or_404, query_word
from common.ids import parse_public_id
from merchants.api_base import BuyerView, MerchantView
from refunds import queries, serializers
from refunds.asking import asked_by
from refunds.flows.ask_refund import ask_refund
from refunds.flows.decide_refund import approve_refund, reject_refund
from refunds.models import RefundState

_STATES = frozenset(RefundState.values)


class MyRefundsView(BuyerView):
    """Asking for money back, and what became of it."""

    read_scope = "me:read"
    write_scope = "me:write"
    parser_classes: Any = (MultiPartParser,)
    stepwise = True

    @extend_schema(
        operation_id="list_my_refunds",
        parameters=[docs.LIMIT, docs.CURSOR],
        responses=docs.answers(200, docs.page("MyRefundPage", serializers.RefundOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List one's refunds, newest first."""
        return self.page(queries.refunds_asked_by(self.buyer), serializers.my_refund_out)

    @extend_schema(
        operation_id="ask_refund",
        parameters=[docs.IDEMPOTENCY_KEY],
        request={"multipart/form-data": serializers.RefundIn},
        responses=docs.answers(201, serializers.RefundOut, 404, 409, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Ask for the money of one item back, by its code and one to five photos of the defect."""
        refund = ask_refund(asked_by(self.buyer, request.POST, request.FILES, self.subject_id))
        return Response(serializers.my_refund_out(refund), status=201)


class RefundsView(MerchantView):
    """The merchant's refunds."""

    read_scope = "refunds:read"

    @extend_schema(
        operation_id="list_refunds",
        parameters=[
            docs.LIMIT,
            docs.CURSOR,
            OpenApiParameter("state", OpenApiTypes.STR, enum=RefundState.values),
        ],
        responses=docs.answers(200, docs.page("RefundPage", serializers.RefundOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List refunds, newest first."""
        state = query_word(request.query_params.dict(), "state", _STATES)
        return self.page(queries.refunds_of(self.merchant, state), serializers.refund_out)


class RefundView(MerchantView):
    """One refund."""

    read_scope = "refunds:read"

    @extend_schema(operation_id="get_refund", responses=docs.answers(200, serializers.RefundOut, 404))
    def get(self, request: Request, refund_id: str) -> Response:
        """One refund with what decided it."""
        found = found_or_404(queries.refund_of(self.merchant, parse_public_id("rfd", refund_id)))
        return Response(serializers.refund_out(found))


class ApproveView(MerchantView):
    """Giving the money back."""

    write_scope = "refunds:write"

    @extend_schema(
        operation_id="approve_refund",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=None,
        responses=docs.answers(200, serializers.RefundOut, 404, 409, 422),
    )
    def post(self, request: Request, refund_id: str) -> Response:
        """Approve a refund that waits for the merchant."""
        refund = approve_refund(self.merchant, parse_public_id("rfd", refund_id))
        return Response(serializers.refund_out(refund))


class RejectView(MerchantView):
    """Refusing it."""

    write_scope = "refunds:write"

    @extend_schema(
        operation_id="reject_refund",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=serializers.RejectIn,
        responses=docs.answers(200, serializers.RefundOut, 404, 409, 415, 422),
    )
    def post(self, request: Request, refund_id: str) -> Response:
        """Reject a refund that waits for the merchant, with a reason that the buyer reads."""
        found = found_or_404(queries.refund_of(self.merchant, parse_public_id("rfd", refund_id)))
        asked = self.read(serializers.RejectIn)
        refund = reject_refund(self.merchant, found.pk, asked["reason"])
        return Response(serializers.refund_out(refund))
