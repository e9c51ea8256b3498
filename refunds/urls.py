"""Addresses of refunds."""

from __future__ import annotations

from django.urls import path

from refunds import api, views

api_urlpatterns = [
    path("refunds", api.RefundsView.as_view()),
    path("refunds/<str:refund_id>", api.RefundView.as_view()),
    path("refunds/<str:refund_id>/approve", api.ApproveView.as_view()),
    path("refunds/<str:refund_id>/reject", api.RejectView.as_view()),
    path("me/refunds", api.MyRefundsView.as_view()),
]

page_urlpatterns = [
    path("refund-photo/<str:token>", views.photo, name="refund_photo"),
]
