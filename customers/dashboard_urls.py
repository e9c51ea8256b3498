"""Addresses of the dashboard's pages of customers; under `/dashboard/`."""

from __future__ import annotations

from django.urls import path

from customers import views, views_merge, views_segments, views_steps

urlpatterns = [
    path("customers", views.customer_list, name="dashboard_customers"),
    path("customers/export", views.customer_export, name="dashboard_customers_export"),
    path("customers/<str:customer_id>", views.customer_detail, name="dashboard_customer"),
    path("customers/<str:customer_id>/note", views.customer_note, name="dashboard_customer_note"),
    path("customers/<str:customer_id>/tags", views.customer_tags, name="dashboard_customer_tags"),
    path("customers/<str:customer_id>/assign", views.customer_assign, name="dashboard_customer_assign"),
    path("customers/<str:customer_id>/erase", views.customer_erase, name="dashboard_customer_erase"),
    path("customers/<str:customer_id>/merge", views_merge.customer_merge, name="dashboard_customer_merge"),
    path(
        "customers/<str:customer_id>/merges/<str:merge_id>/undo",
        views_merge.merge_undo,
        name="dashboard_merge_undo",
    ),
    path(
        "customers/<str:customer_id>/steps/<str:step_id>/retry",
        views.customer_retry,
        name="dashboard_step_retry",
    ),
    path("steps", views_steps.steps, name="dashboard_steps"),
    path("campaigns/<str:campaign_id>/segment", views_segments.segment_new, name="dashboard_segment_new"),
    path("segments/<str:run_id>", views_segments.segment_detail, name="dashboard_segment"),
    path("segments/<str:run_id>/stop", views_segments.segment_stop, name="dashboard_segment_stop"),
]
