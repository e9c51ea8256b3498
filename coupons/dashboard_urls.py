"""Addresses of the dashboard's pages of campaigns; under `/dashboard/`."""

from __future__ import annotations

from django.urls import path

from coupons import dashboard_campaigns as campaigns, dashboard_coupons as coupons

urlpatterns = [
    path("campaigns", campaigns.campaign_list, name="dashboard_campaigns"),
    path("campaigns/new", campaigns.campaign_new, name="dashboard_campaign_new"),
    path("campaigns/new/preview", campaigns.campaign_preview, name="dashboard_campaign_preview"),
    path("campaigns/new/shelf", campaigns.campaign_shelf, name="dashboard_campaign_shelf"),
    path("campaigns/links/<str:link_id>", coupons.link_sheet, name="dashboard_claim_link"),
    path("campaigns/links/<str:link_id>/end", coupons.link_end, name="dashboard_claim_link_end"),
    path("campaigns/<str:campaign_id>", campaigns.campaign_detail, name="dashboard_campaign"),
    path("campaigns/<str:campaign_id>/issue", coupons.coupon_issue, name="dashboard_coupon_issue"),
    path("campaigns/<str:campaign_id>/export", coupons.coupon_export, name="dashboard_coupons_export"),
    path("campaigns/<str:campaign_id>/links", coupons.link_new, name="dashboard_claim_link_new"),
    *(
        path(
            f"campaigns/<str:campaign_id>/{to}",
            campaigns.campaign_change,
            {"to": to},
            name=f"dashboard_campaign_{to}",
        )
        for to in ("pause", "resume", "close")
    ),
]
