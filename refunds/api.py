"""The API of refunds: parse, one call, render."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common import docs
from common.api import found_or_404, query_word
from common.ids import parse_public_id
from common.refusals import FieldProblem, InvalidInput
from merchants.api_base import BuyerView, MerchantView
from orders.dashboard_queries import read_item_code
from refunds import queries, serializers
from refunds.code_reading import read_item_codes
from refunds.flows.ask_refund import MAX_PHOTOS, RefundAsk, ask_refund
from refunds.flows.decide_refund import approve_refund, reject_refund
from refunds.models import RefundState
from refunds.photos import clean

MAX_REASON = 500
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
        refund = ask_refund(
            RefundAsk(
                buyer=self.buyer,
                code=_code(request),
                photos=[clean(photo.read()) for photo in _photos(request)],
                reason=_reason(request),
                id=self.subject_id,
            )
        )
        return Response(serializers.my_refund_out(refund), status=201)


def _code(request: Request) -> str:
    typed, picture = _text(request, "item_code"), request.FILES.get("code_photo")
    if typed:
        return read_item_code(typed) or typed[:40]
    if picture is None:
        raise InvalidInput(FieldProblem("item_code", "required", _("The item's code, or a picture of it.")))
    found = read_item_codes(picture.read())
    if not found:
        raise InvalidInput(
            FieldProblem("code_photo", "no_code_found", _("No item's code can be read in this picture."))
        )
    return found[0]


def _photos(request: Request) -> list[Any]:
    photos: list[Any] = request.FILES.getlist("photo")
    if not 1 <= len(photos) <= MAX_PHOTOS:
        text = _("One to %(most)d photos of what is wrong.") % {"most": MAX_PHOTOS}
        raise InvalidInput(FieldProblem("photo", "photos_needed" if not photos else "too_many", text))
    return photos


def _reason(request: Request) -> str:
    reason = _text(request, "reason")
    if not reason or len(reason) > MAX_REASON or "\x00" in reason:
        text = _("What is wrong with it, in up to 500 characters.")
        raise InvalidInput(FieldProblem("reason", "required", text))
    return reason


def _text(request: Request, name: str) -> str:
    assert isinstance(request.data, QueryDict)  # whatever was not multipart was refused
    return str(request.data.get(name, "")).strip()


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
        asked = self.read(serializers.RejectIn)
        refund = reject_refund(self.merchant, parse_public_id("rfd", refund_id), asked["reason"])
        return Response(serializers.refund_out(refund))
