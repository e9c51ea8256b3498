"""The API of the counter: payment codes and PINs of buyers, collecting and reversing at the till."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import docs
from common.api import found_or_404
from common.ids import parse_public_id
from merchants.api_base import BuyerView, MerchantView
from payments import serializers, till_serializers
from payments.flows.collect_at_till import collect_at_till
from payments.flows.make_payment_code import make_payment_code
from payments.flows.reverse_payment import reverse_payment
from payments.flows.set_pin import set_pin


class CollectView(MerchantView):
    """Collecting with a payment code."""

    write_scope = "till"
    stepwise = True

    @extend_schema(
        operation_id="collect_at_till",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=till_serializers.CollectIn,
        responses=docs.answers(201, serializers.PaymentOut, 402, 409, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Collect; an armed coupon comes off. The same `reference` again is the same payment."""
        asked = self.read(till_serializers.CollectIn, merchant=self.merchant)
        payment = collect_at_till(till_serializers.collect_ask(self.merchant, asked))
        return Response(serializers.payment_out(payment), status=201)


class ReverseView(MerchantView):
    """Taking a sale at the till back."""

    write_scope = "till"

    @extend_schema(
        operation_id="reverse_payment",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=till_serializers.ReverseIn,
        responses=docs.answers(200, serializers.PaymentOut, 404, 409, 415, 422),
    )
    def post(self, request: Request, payment_id: str) -> Response:
        """Give the money and the coupon back. An order's payment is refunded, not reversed (409)."""
        asked = self.read(till_serializers.ReverseIn)
        wanted = found_or_404(parse_public_id("pay", payment_id))
        payment = reverse_payment(self.merchant, wanted, asked.get("reason", ""))
        return Response(serializers.payment_out(payment))


class PinView(BuyerView):
    """The buyer's PIN."""

    write_scope = "me:write"

    @extend_schema(
        operation_id="set_pin",
        request=till_serializers.PinIn,
        responses=docs.answers(200, till_serializers.PinOut, 415, 422),
    )
    def put(self, request: Request) -> Response:
        """Set or change the PIN."""
        asked = self.read(till_serializers.PinIn)
        return Response(till_serializers.pin_out(set_pin(self.buyer, asked["pin"], asked.get("old_pin"))))


class PaymentCodesView(BuyerView):
    """Codes to pay with at the till."""

    write_scope = "pay"
    stepwise = True  # a wrong PIN counts though the request is refused

    @extend_schema(
        operation_id="make_payment_code",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=till_serializers.PaymentCodeIn,
        responses=docs.answers(201, till_serializers.PaymentCodeOut, 409, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Make a code of one use, good for about a minute; it ends the one before."""
        asked = self.read(till_serializers.PaymentCodeIn)
        shown = make_payment_code(self.buyer, asked.get("pin"))
        return Response(till_serializers.payment_code_out(shown), status=201)
