"""Addresses of the dashboard's pages of orders, products, codes, numbers and calls; under `/dashboard/`."""

from __future__ import annotations

from django.urls import path

from orders import (
    dashboard_calls as calls,
    dashboard_codes as codes,
    dashboard_feeds as feeds,
    dashboard_products as products,
    dashboard_redeem as counter,
    dashboard_views as orders,
)

urlpatterns = [
    path("orders", orders.order_list, name="dashboard_orders"),
    path("orders/new", orders.order_new, name="dashboard_order_new"),
    path("orders/<str:order_id>/show", orders.order_show, name="dashboard_order_show"),
    path("orders/<str:order_id>/cancel", orders.order_cancel, name="dashboard_order_cancel"),
    path("redeem", counter.redeem, name="dashboard_redeem"),
    path("redeem/<str:order_id>", counter.redeem_order_page, name="dashboard_redeem_order"),
    path("redeem/<str:order_id>/undo", counter.redeem_undo, name="dashboard_redeem_undo"),
    path("products", products.product_list, name="dashboard_products"),
    path("products/new", products.product_new, name="dashboard_product_new"),
    path("products/<str:product_id>", products.product_edit, name="dashboard_product"),
    path("products/<str:product_id>/save", products.product_save, name="dashboard_product_save"),
    path("products/<str:product_id>/stock", products.product_stock, name="dashboard_product_stock"),
    path("products/<str:product_id>/archive", products.product_archive, name="dashboard_product_archive"),
    path("codes/new", codes.code_new, name="dashboard_code_new"),
    path("codes/sheet", codes.code_sheet, name="dashboard_code_sheet"),
    path("codes/<str:code_id>/retire", codes.code_retire, name="dashboard_code_retire"),
    path("calls", calls.call_list, name="dashboard_calls"),
    path("calls/rules", calls.call_rules, name="dashboard_call_rules"),
    path("calls/objections/<str:objection_id>", calls.objection_decide, name="dashboard_objection"),
    path("calls/set-aside", calls.calls_set_aside, name="dashboard_calls_set_aside"),
    path("calls/<str:record_id>", calls.call_detail, name="dashboard_call"),
    path("calls/<str:record_id>/assign", calls.call_assign, name="dashboard_call_assign"),
    path("feeds", feeds.feed_list, name="dashboard_feeds"),
    path("feeds/new", feeds.feed_new, name="dashboard_feed_new"),
    path("feeds/<str:feed_id>", feeds.feed_detail, name="dashboard_feed"),
    path("feeds/<str:feed_id>/end", feeds.feed_end, name="dashboard_feed_end"),
]
