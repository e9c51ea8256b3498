"""Addresses of refunds."""

from __future__ import annotations

from django.urls import path

from refunds import api, pages, views

api_urlpatterns = [
    path("refunds", api.RefundsView.as_view()),
    path("refunds/<str:refund_id>", api.RefundView.as_view()),
    path("refunds/<str:refund_id>/approve", api.ApproveView.as_view()),
    path("refunds/<str:refund_id>/reject", api.RejectView.as_view()),
    path("me/refunds", api.MyRefundsView.as_view()),
]

page_urlpatterns = [
    path("refund-photo/<str:token>", views.photo, name="refund_photo"),
    path("refund", pages.ask, name="refund"),
    path("me/refunds", pages.my_refunds, name="my_refunds"),
    path("me/refunds/<str:refund_id>", pages.my_refund, name="my_refund"),
    path("me/refunds/<str:refund_id>/state", pages.my_refund_state, name="my_refund_state"),
    path("me/refunds/<str:refund_id>/escalate", pages.escalate, name="escalate_refund"),
    path("me/reputation", pages.my_reputation, name="my_reputation"),
]
