"""Step: give the customer a coupon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.ids import parse_public_id
from common.refusals import FieldProblem, InvalidInput
from coupons.flows.issue_coupon import issue_coupon
from coupons.models import How
from coupons.queries import campaign_of
from coupons.refusals import BuyerLimitReached, CampaignEnded, CampaignPaused, QuotaExhausted
from customers.steps.base import Job, StepFailed, StepImpossible, StepKind, register


@register
class WelcomeCouponStep(StepKind):
    """`{campaign}`: the campaign's id."""

    name = "coupon"
    label = _("Coupon")
    help = _("Gives the customer a coupon of a campaign.")
    fields = frozenset({"campaign"})

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        named = settings.get("campaign")
        if parse_public_id("cmp", named) is None:
            raise InvalidInput(FieldProblem("campaign", "unknown", _("Choose a campaign.")))
        return {"campaign": named}

    def begin(self, job: Job) -> dict[str, Any]:
        campaign = campaign_of(job.merchant, parse_public_id("cmp", job.step.settings["campaign"]))
        if campaign is None:
            raise StepImpossible("unknown_campaign")
        if job.customer.person is None:
            raise StepImpossible("erased")
        try:
            coupon = issue_coupon(campaign.pk, job.customer.person, How.WELCOME)
        except CampaignPaused as paused:
            raise StepFailed(paused.code) from paused
        except (BuyerLimitReached, CampaignEnded, QuotaExhausted) as gone:
            raise StepImpossible(gone.code) from gone
        return {"coupon": coupon.public_id}

    def apply(self, job: Job) -> dict[str, Any]:
        return {}
