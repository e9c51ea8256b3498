"""Addresses of the dashboard's pages that gather several flows; under `/dashboard/`."""

from __future__ import annotations

from django.urls import path

from desk import dashboard_codes, dashboard_numbers, dashboard_order, pages_funnel, pages_overview

urlpatterns = [
    path("", pages_overview.overview, name="dashboard"),
    path("newest", pages_overview.newest_orders, name="dashboard_newest"),
    path("funnel", pages_funnel.funnel_page, name="dashboard_funnel"),
    path("codes", dashboard_codes.code_list, name="dashboard_codes"),
    path("numbers", dashboard_numbers.number_list, name="dashboard_numbers"),
    path("numbers/add", dashboard_numbers.number_add, name="dashboard_number_add"),
    path("numbers/<str:number_id>/retire", dashboard_numbers.number_retire, name="dashboard_number_retire"),
    path("orders/<str:order_id>", dashboard_order.order_detail, name="dashboard_order"),
]
