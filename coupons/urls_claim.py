"""Addresses of the pages by which coupons reach buyers. `/c/…` are the printed codes of shops."""

from __future__ import annotations

from django.urls import path

from coupons import pages_claim as pages

urlpatterns = [
    path("claim/<token:token>", pages.claim, name="claim"),
    path("g/<token:token>", pages.gift, name="gift"),
    path("g/<token:token>/keep", pages.keep, name="keep_coupon"),
    path("me/coupons/<str:coupon_id>/give", pages.give, name="give_coupon"),
]
