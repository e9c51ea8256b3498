"""The API of call records and service numbers: parse, one call, render."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import docs
from common.refusals import FieldProblem, InvalidInput
from merchants.api_base import MerchantView
from orders import call_serializers as words
from orders.call_queries import MATCHES, CallFilter, calls_of
from orders.flows.add_numbers import add_numbers
from orders.flows.receive_calls import receive_calls
from orders.gateways.base import Rejected
from orders.number_queries import numbers_of
from orders.refusals import NumberExists


class CallRecordsView(MerchantView):
    """Calls that took place."""

    read_scope, write_scope = "calls:read", "calls:write"

    @extend_schema(
        operation_id="list_call_records",
        parameters=[
            docs.LIMIT,
            docs.CURSOR,
            OpenApiParameter("match", OpenApiTypes.STR, enum=list(MATCHES)),
        ],
        responses=docs.answers(200, docs.page("CallPage", words.CallOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List call records, newest first, each with what it did or why it did nothing."""
        narrowed = CallFilter.of_query(request.query_params.dict())
        return self.page(calls_of(self.merchant, narrowed), words.call_out)

    @extend_schema(
        operation_id="push_call_records",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=words.CallIn(many=True),
        responses=docs.answers(200, words.ReceivedOut, 409, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Tell of calls; each is stored once, and redeems the order that its numbers mean."""
        facts, rejected = words.read_calls(self._array(request.data))
        received = receive_calls(self.merchant, [fact for _place, fact in facts])
        rejected += [Rejected(facts[one.place][0], one.code, one.detail) for one in received.rejected]
        told = [
            {"index": one.place, "code": one.code, "detail": one.detail}
            for one in sorted(rejected, key=lambda one: one.place)
        ]
        return Response(
            {
                "accepted": received.accepted,
                "duplicates": received.duplicates,
                "rejected": told,
                "redeemed": received.redeemed,
            }
        )

    def _array(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            raise InvalidInput(FieldProblem("", "invalid", _("A JSON array is expected.")))
        if len(data) > words.MAX_RECORDS:
            text = _("At most %(most)d records at once.") % {"most": words.MAX_RECORDS}
            raise InvalidInput(FieldProblem("", "max_length", text))
        return data


class ServiceNumbersView(MerchantView):
    """The merchant's pool of numbers."""

    read_scope, write_scope = "numbers:read", "numbers:write"

    @extend_schema(
        operation_id="list_service_numbers",
        parameters=[docs.LIMIT, docs.CURSOR],
        responses=docs.answers(200, docs.page("NumberPage", words.NumberOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List the pool, newest first."""
        return self.page(numbers_of(self.merchant), words.number_out)

    @extend_schema(
        operation_id="add_service_number",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=words.NumberIn,
        responses=docs.answers(201, words.NumberOut, 409, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Add a number to the pool."""
        result = add_numbers(self.merchant, [self.read(words.NumberIn)["number"]])
        if result.refused:
            _text, code = result.refused[0]
            if code == NumberExists.code:
                raise NumberExists
            raise InvalidInput(FieldProblem("number", code, _("Not a phone number.")))
        return Response(words.number_out(result.added[0]), status=201)
