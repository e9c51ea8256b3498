"""Addresses of the dashboard's pages of money; under `/dashboard/`."""

from __future__ import annotations

from django.urls import path

from payments import dashboard_till as till, dashboard_views as money

urlpatterns = [
    path("payments", money.payment_list, name="dashboard_payments"),
    path("money", money.money, name="dashboard_money"),
    path("till", till.till, name="dashboard_till"),
    path("till/items", till.till_items, name="dashboard_till_items"),
    path("till/today", till.till_day, name="dashboard_till_day"),
    path("till/sales/<slug:reference>", till.till_sale, name="dashboard_till_sale"),
    path("till/sales/<slug:reference>/give-up", till.till_give_up, name="dashboard_till_give_up"),
    path("till/payments/<str:sale_id>", till.till_payment, name="dashboard_till_payment"),
    path("till/payments/<str:sale_id>/reverse", till.till_reverse, name="dashboard_till_reverse"),
]
