"""Addresses of what gathers several flows."""

from __future__ import annotations

from django.urls import path

import common.converters  # noqa: F401 - <token:…>
from desk import api, pages_me, pages_order, pages_public

api_urlpatterns = [
    path("me", api.MeView.as_view()),
    path("me/orders", api.MyOrdersView.as_view()),
]

page_urlpatterns = [
    path("", pages_public.landing, name="landing"),
    path("o/<token:token>", pages_order.order_page, name="order_page"),
    path("o/<token:token>/state", pages_order.order_state, name="order_state"),
    path("o/<token:token>/object", pages_order.order_object, name="order_object"),
    path("o/<token:token>/items/<digits:code>", pages_order.item_picture, name="item_picture"),
    path("pay/<token:token>/done", pages_order.receipt, name="pay_done"),
    path("pay/<token:token>/done/state", pages_order.receipt_state, name="receipt_state"),
    path("me/", pages_me.home, name="me"),
    path("me/state", pages_me.home_state, name="me_state"),
    path("me/movements", pages_me.movements, name="my_movements"),
    path("me/top-up", pages_me.top_up, name="top_up"),
    path("me/top-up/<str:payment_id>/go", pages_me.top_up_go, name="top_up_go"),
    path("me/orders", pages_me.my_orders, name="my_orders"),
    path("me/account", pages_me.account, name="my_account"),
]
