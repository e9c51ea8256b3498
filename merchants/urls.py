"""Addresses of the API for webhook endpoints; under `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from merchants import api

api_urlpatterns = [
    path("webhook-endpoints", api.EndpointsView.as_view()),
    path("webhook-endpoints/<str:endpoint_id>", api.EndpointView.as_view()),
]
