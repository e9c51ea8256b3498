"""Addresses of the dashboard's pages of the shop itself; under `/dashboard/`."""

from __future__ import annotations

from django.urls import path

import common.converters  # noqa: F401 - <token:…>
from merchants import (
    views_keys as keys,
    views_open as opening,
    views_settings as settings,
    views_team as team,
    views_webhooks as webhooks,
)

urlpatterns = [
    path("open", opening.open_shop, name="dashboard_open"),
    path("join/<token:token>", team.join, name="dashboard_join"),
    path("team", team.team, name="dashboard_team"),
    path("team/invite", team.invite, name="dashboard_invite"),
    path("team/invitations/<str:invitation_id>/withdraw", team.withdraw, name="dashboard_withdraw"),
    path("team/<int:member_id>/role", team.set_role, name="dashboard_role"),
    path("team/<int:member_id>/remove", team.remove, name="dashboard_remove"),
    path("keys", keys.key_list, name="dashboard_keys"),
    path("keys/new", keys.key_create, name="dashboard_key_create"),
    path("keys/<str:key_id>/revoke", keys.key_revoke, name="dashboard_key_revoke"),
    path("webhooks", webhooks.endpoint_list, name="dashboard_webhooks"),
    path("webhooks/new", webhooks.endpoint_add, name="dashboard_webhook_add"),
    path("webhooks/deliveries/<str:delivery_id>", webhooks.delivery_detail, name="dashboard_delivery"),
    path("webhooks/<str:endpoint_id>", webhooks.endpoint_detail, name="dashboard_webhook"),
    path("webhooks/<str:endpoint_id>/delete", webhooks.endpoint_delete, name="dashboard_webhook_delete"),
    path("settings", settings.settings_page, name="dashboard_settings"),
]
