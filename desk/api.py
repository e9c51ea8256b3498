"""The API of what belongs to the buyer across flows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock, docs
from merchants.api_base import BuyerView
from orders.models import Order
from orders.queries import orders_bought_by
from orders.serializers import OrderOut, order_out
from payments.queries import wallet_of
from refunds.deciding import PLATFORM
from refunds.standing import score_of


class WalletOut(serializers.Serializer[Any]):
    """A buyer's money."""

    balance = serializers.IntegerField()
    currency = serializers.CharField()


class ReputationOut(serializers.Serializer[Any]):
    """A buyer's standing."""

    score = serializers.IntegerField()
    threshold_note = serializers.CharField()


class MeOut(serializers.Serializer[Any]):
    """The buyer; `account` is what a third-party app names the buyer by."""

    phone = serializers.CharField(allow_null=True)
    account = serializers.CharField()
    wallet = WalletOut()
    reputation = ReputationOut()


class MeView(BuyerView):
    """Who I am here."""

    read_scope = "me:read"

    @extend_schema(operation_id="get_me", responses=docs.answers(200, MeOut))
    def get(self, request: Request) -> Response:
        """Phone, account, wallet, reputation."""
        buyer, currency = self.buyer, settings.CURRENCIES[0]
        return Response(
            {
                "phone": buyer.phone,
                "account": buyer.account,
                "wallet": {"balance": wallet_of(buyer, currency), "currency": currency},
                "reputation": {
                    "score": score_of(buyer.pk, clock.now()),
                    "threshold_note": _("From %(threshold)d on most shops refund by themselves.")
                    % {"threshold": PLATFORM.threshold},
                },
            }
        )


class BuyerOrderOut(OrderOut):
    """An order as its buyer sees it."""

    merchant = serializers.CharField()


def buyer_order_out(order: Order) -> dict[str, Any]:
    """What `BuyerOrderOut` describes."""
    return {**order_out(order), "merchant": order.merchant.name}


class MyOrdersView(BuyerView):
    """What I bought."""

    read_scope = "me:read"

    @extend_schema(
        operation_id="list_my_orders",
        parameters=[docs.LIMIT, docs.CURSOR],
        responses=docs.answers(200, docs.page("MyOrderPage", BuyerOrderOut), 422),
    )
    def get(self, request: Request) -> Response:
        """List my orders, newest first."""
        return self.page(orders_bought_by(self.buyer).prefetch_related("items"), buyer_order_out)
