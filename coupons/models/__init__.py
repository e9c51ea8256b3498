"""The models of coupons, one family a file."""

from __future__ import annotations

from coupons.models.campaigns import Campaign, CampaignDay, CampaignState, ClaimLink, FundedBy, Kind
from coupons.models.coupons import Coupon, CouponState, Holding, How, ShareOffer
from coupons.models.figures import CampaignFigure, Measure

__all__ = [
    "Campaign",
    "CampaignDay",
    "CampaignFigure",
    "CampaignState",
    "ClaimLink",
    "Coupon",
    "CouponState",
    "FundedBy",
    "Holding",
    "How",
    "Kind",
    "Measure",
    "ShareOffer",
]
