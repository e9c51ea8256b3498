"""Addresses of customers."""

from __future__ import annotations

from django.urls import path

from customers import api

api_urlpatterns = [
    path("customers", api.CustomersView.as_view()),
    path("customers/<str:customer_id>", api.CustomerView.as_view()),
]
