"""The dashboard's menu: which pages there are, and the capability that each wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from merchants.models import Merchant


class Entry(NamedTuple):
    """One line of the menu; `capability` is the one that its page asks for."""

    key: str
    label: str | Promise
    icon: str
    route: str
    capability: str


MENU: tuple[tuple[str | Promise, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("overview", _("Overview"), "layout-dashboard", "dashboard", "overview:read"),
            Entry("orders", _("Orders"), "receipt", "dashboard_orders", "orders:read"),
            Entry("till", _("Till"), "cash", "dashboard_till", "till"),
            Entry("redeem", _("Redeem"), "scan", "dashboard_redeem", "orders:redeem"),
            Entry("products", _("Products"), "package", "dashboard_products", "products:read"),
            Entry("codes", _("Printed codes"), "qrcode", "dashboard_codes", "products:read"),
        ),
    ),
    (
        _("By phone"),
        (
            Entry("calls", _("Calls"), "phone-call", "dashboard_calls", "calls:read"),
            Entry("numbers", _("Numbers"), "phone", "dashboard_numbers", "numbers:read"),
            Entry("feeds", _("Feeds"), "plug-connected", "dashboard_feeds", "feeds:read"),
        ),
    ),
    (
        _("Customers"),
        (
            Entry("campaigns", _("Coupons"), "ticket", "dashboard_campaigns", "coupons:read"),
            Entry("customers", _("Customers"), "users", "dashboard_customers", "customers:read"),
            Entry("funnel", _("Funnel"), "chart-funnel", "dashboard_funnel", "overview:read"),
            Entry("steps", _("After the payment"), "sparkles", "dashboard_steps", "customers:read"),
        ),
    ),
    (
        _("Money"),
        (
            Entry("payments", _("Payments"), "credit-card", "dashboard_payments", "payments:read"),
            Entry("refunds", _("Refunds"), "receipt-refund", "dashboard_refunds", "refunds:read"),
            Entry("money", _("Balance"), "wallet", "dashboard_money", "balance:read"),
        ),
    ),
    (
        _("Shop"),
        (
            Entry("team", _("Team"), "users-group", "dashboard_team", "team:read"),
            Entry("keys", _("Keys"), "key", "dashboard_keys", "keys:read"),
            Entry("webhooks", _("Webhooks"), "webhook", "dashboard_webhooks", "webhooks:read"),
            Entry("settings", _("Settings"), "settings", "dashboard_settings", "settings:read"),
        ),
    ),
)


Count = Callable[[Merchant], str]
_COUNTS: dict[str, Count] = {}


def counts(key: str) -> Callable[[Count], Count]:
    """Make a function tell, beside an entry of the menu, how much waits there for somebody; "" for nothing.

    It is asked for on every page of who may open the entry: one statement that an index answers.
    """

    def keep(count: Count) -> Count:
        _COUNTS[key] = count
        return count

    return keep


def nav_for(merchant: Merchant, may: Callable[[str], bool]) -> list[dict[str, Any]]:
    """The sections that base_dashboard.html draws, with what this person may open."""
    sections = []
    for label, entries in MENU:
        allowed = [
            {
                "key": entry.key,
                "label": entry.label,
                "icon": entry.icon,
                "url": reverse(entry.route),
                "count": _COUNTS[entry.key](merchant) if entry.key in _COUNTS else "",
            }
            for entry in entries
            if may(entry.capability)
        ]
        if allowed:
            sections.append({"label": label, "entries": allowed})
    return sections
