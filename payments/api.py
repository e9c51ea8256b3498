"""The API of paying: live codes, payments, the merchant's balance, gateways' callbacks."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock, docs
from common.api import ApiView, found_or_404
from common.ids import parse_public_id
from common.refusals import NotFound
from merchants.api_base import BuyerView, MerchantView
from orders.flows.note_scan import note_live_scan
from orders.models import OrderState
from orders.queries import order_by_live_code
from payments import queries, serializers
from payments.checkout_coupon import Chosen
from payments.flows.pay_order import PayAsk, pay_order
from payments.flows.receive_callback import receive_callback
from payments.flows.top_up_wallet import TopUpAsk, top_up_wallet
from payments.gateways.base import BadCallback, names
from payments.refusals import CallbackRefused


class LiveCodeView(BuyerView):
    """What a live code would have paid."""

    read_scope = "me:read"

    @extend_schema(operation_id="get_live_code", responses=docs.answers(200, serializers.LiveOrderOut, 404))
    def get(self, request: Request, token: str) -> Response:
        """Merchant, lines, amount, state and expiry of the order behind a live code."""
        order = found_or_404(order_by_live_code(token))
        note_live_scan(order)
        state = OrderState.EXPIRED if order.is_overdue(clock.now()) else order.state
        return Response(serializers.live_order_out(order, state))


class PayView(BuyerView):
    """Paying a live code."""

    write_scope = "pay"
    stepwise = True

    @extend_schema(
        operation_id="pay_live_code",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=serializers.PayIn,
        responses=docs.answers(201, serializers.PaymentOut, 402, 404, 409, 415, 422),
    )
    def post(self, request: Request, token: str) -> Response:
        """Pay from the wallet at once, or begin a payment through a gateway."""
        asked = self.read(serializers.PayIn)
        payment = pay_order(
            PayAsk(
                live_token=token,
                payer=self.buyer,
                source=asked["source"],
                consent=asked["consent"],
                scenario=asked.get("scenario", ""),
                id=self.subject_id,
                coupon=Chosen(asked["coupon"]) if asked.get("coupon") else None,
            )
        )
        return Response(serializers.payment_out(payment), status=201)


class TopUpsView(BuyerView):
    """Money into the wallet."""

    write_scope = "me:write"
    stepwise = True

    @extend_schema(
        operation_id="top_up_wallet",
        parameters=[docs.IDEMPOTENCY_KEY],
        request=serializers.TopUpIn,
        responses=docs.answers(201, serializers.PaymentOut, 402, 409, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Put money into the wallet through a gateway."""
        asked = self.read(serializers.TopUpIn)
        payment = top_up_wallet(
            TopUpAsk(
                person=self.buyer,
                amount_minor=asked["amount"],
                currency=asked["currency"],
                gateway=asked.get("gateway", settings.DEFAULT_GATEWAY),
                scenario=asked.get("scenario", ""),
                id=self.subject_id,
            )
        )
        return Response(serializers.payment_out(payment), status=201)


class PaymentsView(MerchantView):
    """The merchant's payments."""

    read_scope = "payments:read"

    @extend_schema(
        operation_id="list_payments",
        parameters=[docs.LIMIT, docs.CURSOR],
        responses=docs.answers(200, docs.page("PaymentPage", serializers.PaymentOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List payments, newest first."""
        return self.page(queries.payments_of(self.merchant), serializers.payment_out)


class PaymentView(MerchantView):
    """One payment."""

    read_scope = "payments:read"

    @extend_schema(operation_id="get_payment", responses=docs.answers(200, serializers.PaymentOut, 404))
    def get(self, request: Request, payment_id: str) -> Response:
        """One payment."""
        payment = found_or_404(queries.payment_of(self.merchant, parse_public_id("pay", payment_id)))
        return Response(serializers.payment_out(payment))


class BalanceView(MerchantView):
    """The merchant's money."""

    read_scope = "balance:read"

    @extend_schema(operation_id="get_balance", responses=docs.answers(200, serializers.BalanceOut))
    def get(self, request: Request) -> Response:
        """Money released, in escrow, owed."""
        balance = queries.balance_of(self.merchant)
        return Response(
            {
                "available": balance.available_minor,
                "held": balance.held_minor,
                "debt": balance.debt_minor,
                "currency": balance.currency,
            }
        )


@extend_schema(exclude=True)
class CallbackView(ApiView):
    """Where gateways call back; they prove themselves by their signature."""

    remembers = False
    authentication_classes: Any = ()

    def credential(self) -> str:
        return f"gateway:{self.kwargs['name'] if self.kwargs['name'] in names() else 'unknown'}"

    def requests_per_second(self) -> int:
        return int(settings.CALLBACKS_PER_SECOND)

    def post(self, request: Request, name: str) -> Response:
        """Take a callback in; anything but a 2xx makes the provider send it again."""
        if name not in names():
            raise NotFound
        body = request._request.body
        try:
            receive_callback(name, request.headers, body, json.loads(body))
        except (BadCallback, ValueError, RecursionError) as error:
            raise CallbackRefused from error
        return Response({"received": True})
