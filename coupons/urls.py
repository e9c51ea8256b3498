"""Addresses of coupons."""

from __future__ import annotations

from django.urls import path

from coupons import api, pages_mine

api_urlpatterns = [
    path("campaigns", api.CampaignsView.as_view()),
    path("campaigns/<str:campaign_id>", api.CampaignView.as_view()),
    path("campaigns/<str:campaign_id>/issue", api.IssueView.as_view()),
    path("campaigns/<str:campaign_id>/pause", api.PauseView.as_view()),
    path("campaigns/<str:campaign_id>/resume", api.ResumeView.as_view()),
    path("coupons", api.CouponsView.as_view()),
    path("me/coupons", api.MyCouponsView.as_view()),
    path("me/coupons/<str:coupon_id>/use", api.UseCouponView.as_view()),
    path("me/coupons/<str:coupon_id>/put-back", api.PutBackCouponView.as_view()),
]

page_urlpatterns = [
    path("me/coupons", pages_mine.my_coupons, name="my_coupons"),
    path("me/coupons/<str:coupon_id>/use", pages_mine.arm_mine, name="use_my_coupon"),
    path("me/coupons/<str:coupon_id>/put-back", pages_mine.put_mine_back, name="put_back_my_coupon"),
]
