"""Addresses of the dashboard's pages of refunds; under `/dashboard/`."""

from __future__ import annotations

from django.urls import path

from refunds import dashboard_policy as policy, dashboard_refunds as refunds

urlpatterns = [
    path("refunds", refunds.refund_list, name="dashboard_refunds"),
    path("refunds/decide", refunds.refunds_decide, name="dashboard_refunds_decide"),
    path("refunds/<str:refund_id>", refunds.refund_detail, name="dashboard_refund"),
    path("refunds/<str:refund_id>/approve", refunds.refund_approve, name="dashboard_refund_approve"),
    path("refunds/<str:refund_id>/reject", refunds.refund_reject, name="dashboard_refund_reject"),
    path("settings/refunds", policy.refund_policy, name="dashboard_refund_policy"),
]
