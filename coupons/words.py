"""Words for people: what a campaign promises, in one line and line by line, and why it gives nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext as _, gettext_lazy

from common.money import format_minor
from coupons.models import Campaign, CampaignState
from coupons.pricing import PERCENT, NoDeduction
from coupons.refusals import REASONS

MOST_NAMED = 12
"""So many products of a scope are named; of more it is said how many."""

Words = str | Promise


class Term(NamedTuple):
    """One of the terms: an icon of the look, and the sentence."""

    icon: str
    text: str


def amount(minor: int, currency: str) -> str:
    """An amount in the reader's language."""
    return format_minor(minor, currency, get_language() or "en")


def off(campaign: Campaign) -> str:
    """What it takes off, in one line: "¥20.00 off", "15% off, at most ¥30.00"."""
    if campaign.kind != PERCENT:
        return _("%(amount)s off") % {"amount": amount(campaign.value, campaign.currency)}
    if campaign.cap_minor is None:
        return _("%(percent)s%% off") % {"percent": campaign.value}
    most = amount(campaign.cap_minor, campaign.currency)
    return _("%(percent)s%% off, at most %(amount)s") % {"percent": campaign.value, "amount": most}


def minimum(campaign: Campaign) -> str:
    """From which bill on."""
    if not campaign.minimum_spend_minor:
        return _("On any bill")
    least = amount(campaign.minimum_spend_minor, campaign.currency)
    if campaign.products:
        return _("From %(amount)s of these goods on") % {"amount": least}
    return _("From a bill of %(amount)s on") % {"amount": least}


def scope(campaign: Campaign, names: Iterable[str]) -> str:
    """What it is for; `names` are those of its products that are still sold."""
    if not campaign.products:
        return _("For everything the shop sells")
    named = sorted(names)[:MOST_NAMED]
    others = len(campaign.products) - len(named)
    if not named:
        return _("Only for certain goods, which the shop sells no longer")
    listed = _(", ").join(named)
    if others:
        return _("Only for: %(goods)s, and %(others)s more") % {"goods": listed, "others": others}
    return _("Only for: %(goods)s") % {"goods": listed}


def terms_of(campaign: Campaign, names: Iterable[str]) -> list[Term]:
    """What a buyer has to know; the window stands beside it, since times are drawn by the template."""
    return [Term("receipt", minimum(campaign)), Term("package", scope(campaign, names))]


def state_of(campaign: Campaign, moment: datetime) -> str:
    """Its state as the list shows it: also not begun, over, all gone."""
    if campaign.state == CampaignState.CLOSED:
        return "closed"
    if moment >= campaign.ends_at:
        return "ended"
    if campaign.state == CampaignState.PAUSED:
        return "paused"
    if campaign.issued_count >= campaign.total_quota:
        return "gone"
    return "soon" if moment < campaign.starts_at else "active"


WHY_NOT: dict[str, Words] = {
    **REASONS,
    "below_minimum": gettext_lazy("Nothing comes off: the bill is below the minimum spend."),
    "out_of_scope": gettext_lazy("Nothing comes off: none of the chosen products is on the bill."),
    "no_effect": gettext_lazy(
        "Nothing comes off: on so small a bill it would come to less than the smallest coin."
    ),
}


def why_not(no: NoDeduction) -> Words:
    """Why a bill gets nothing off, for whoever makes the campaign."""
    return WHY_NOT[no.reason]


def masked(phone: str | None) -> str:
    """A number that its owner is recognised by and nobody can call: all but its beginning and end hidden."""
    if not phone:
        return "–"
    return f"{phone[:3]} ••• {phone[-4:]}"
