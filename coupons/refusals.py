"""Every "no" that campaigns and coupons can say."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.refusals import Refusal


class QuotaExhausted(Refusal):
    """The campaign has issued all that it may."""

    code = "quota_exhausted"
    title = _("All coupons of this campaign are gone.")


class BuyerLimitReached(Refusal):
    """This buyer has had as many as one buyer may."""

    code = "buyer_limit_reached"
    title = _("This buyer has had all the coupons of this campaign that one may have.")


class CampaignPaused(Refusal):
    """It issues nothing for now."""

    code = "campaign_paused"
    title = _("This campaign is paused.")


class CampaignEnded(Refusal):
    """Its time is over, or it was closed."""

    code = "campaign_ended"
    title = _("This campaign has ended.")


class PlatformOnly(Refusal):
    """Only staff spend the platform's money."""

    code = "platform_only"
    status = 403
    title = _("Campaigns that the platform pays for are made by its staff.")


class CouponGone(Refusal):
    """It was used, given away, taken back, or its time has ended."""

    code = "coupon_not_usable"
    title = _("This coupon can't be used any more.")


class LinkEnded(Refusal):
    """A claim link or an offer that gives nothing any more."""

    code = "link_ended"
    title = _("This link gives nothing any more.")


class TooManyLinks(Refusal):
    """A campaign has as many claim links in use as it may."""

    code = "too_many_links"
    title = _("This campaign has very many links in use. End one that is not needed.")


class CouponArmed(Refusal):
    """It is set for the next payment: its owner has to put it back before giving it away."""

    code = "coupon_armed"
    title = _("This coupon is set for your next payment. Put it back first.")


class OwnOffer(Refusal):
    """Whoever offered a coupon can't take it."""

    code = "own_offer"
    title = _("This coupon is yours. Withdraw the offer to keep it.")


REASONS: dict[str, str | Promise] = {
    "unknown": _("There is no such coupon."),
    "other_merchant": _("This coupon is for another shop."),
    "not_usable": _("This coupon was used or given away."),
    "in_use": _("A payment that is under way counts on this coupon."),
    "changed": _("This coupon takes off another amount by now than it showed."),
    "expired": _("This coupon's time has ended."),
    "not_started": _("This coupon can't be used yet."),
    "paused": _("The shop has paused this coupon for now."),
    "below_minimum": _("The bill is below the coupon's minimum spend."),
    "out_of_scope": _("Nothing that this coupon is for is on the bill."),
    "lines_needed": _("This coupon is for certain goods, and the till did not say what is on the bill."),
    "no_effect": _("This coupon would take nothing off so small a bill."),
    "budget": _("This campaign has spent all its money."),
    "daily_budget": _("This campaign has spent its money for today."),
}
"""Why a coupon was refused, in words for its owner. The till hears only that it was."""


class CouponRefused(Refusal):
    """The coupon does not hold for this bill; `reason` is for its owner, not for the till."""

    code = "coupon_refused"
    title = _("The coupon was refused. The buyer sees why.")

    def __init__(self, reason: str, **known: Any) -> None:
        super().__init__(**known)
        self.reason = reason

    @property
    def told_owner(self) -> str | Promise:
        """The reason in words."""
        return REASONS[self.reason]
