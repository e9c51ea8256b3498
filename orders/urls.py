"""Addresses of products and orders."""

from __future__ import annotations

from django.urls import path

import common.converters  # noqa: F401 - <token:…>
from orders import api, api_calls, feeds_api, qr_views, shop_views

api_urlpatterns = [
    path("orders", api.OrdersView.as_view()),
    path("orders/<str:order_id>", api.OrderView.as_view()),
    path("orders/<str:order_id>/cancel", api.CancelView.as_view()),
    path("orders/<str:order_id>/redeem", api.RedeemView.as_view()),
    path("products", api.ProductsView.as_view()),
    path("call-records", api_calls.CallRecordsView.as_view()),
    path("service-numbers", api_calls.ServiceNumbersView.as_view()),
    path("feeds/<str:feed_id>/<str:kind>", feeds_api.FeedPushView.as_view()),
]

page_urlpatterns = [
    path("s/<slug:slug>", shop_views.shop, name="shop"),
    path("c/<token:token>", shop_views.printed_code, name="printed_code"),
    path("qr/<token:token>", qr_views.code_picture, name="code_picture"),
]
