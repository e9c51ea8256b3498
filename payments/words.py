"""Words for people: where money came from, why it failed or went back, what a posting was."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_SOURCES: dict[str, str | Promise] = {
    "wallet": _("Wallet"),
    "sandbox": _("Sandbox provider"),
}

_REASONS: dict[str, str | Promise] = {
    "declined": _("declined by the provider"),
    "wrong_amount": _("another amount than asked for"),
    "already_paid": _("somebody else had paid"),
    "cancelled": _("the order was cancelled"),
    "expired": _("the time to pay had passed"),
    "late": _("it came too late"),
    "insufficient_funds": _("not enough money"),
    "abandoned": _("given up by the buyer"),
    "unredeemed": _("not redeemed in time"),
    "reversed": _("reversed at the till"),
}

_POSTINGS: dict[str, str | Promise] = {
    "unit_redeemed": _("Unit redeemed or released"),
    "unit_expired_kept": _("Not redeemed in time"),
    "redeemed_unit_refunded_wallet": _("Unit refunded"),
    "redeemed_unit_refunded_gateway": _("Unit refunded"),
    "redemption_undone": _("Redemption undone"),
    "dispute_lost": _("Dispute lost"),
    "till_sale_wallet": _("Sale at the till"),
    "till_sale_gateway_succeeded": _("Sale at the till"),
    "till_sale_reversed_wallet": _("Till sale reversed"),
    "till_sale_reversed_gateway": _("Till sale reversed"),
    "charge_delivered": _("Charge delivered"),
    "delivered_charge_refunded": _("Charge refunded"),
    "payout_sent": _("Payout"),
    "payout_bounced": _("Payout came back"),
    "debt_written_off": _("Debt written off"),
}


def source_text(source: str) -> str:
    """Where a payment's money comes from; an unknown source by its own word."""
    return str(_SOURCES.get(source) or source.replace("_", " ").capitalize())


def reason_text(code: str) -> str:
    """Why a payment failed or money went back; an unknown code by its own word.

    What stands after a colon only tells one cause from another of its kind.
    """
    word = code.partition(":")[0]
    return str(_REASONS.get(word) or word.replace("_", " "))


def posting_text(posting: str) -> str:
    """What a line of a merchant's statement was; an unknown posting by its own word."""
    return str(_POSTINGS.get(posting) or posting.replace("_", " ").capitalize())
