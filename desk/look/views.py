"""The style guide: every component on one page, light and dark, while `DEBUG`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from common import clock
from common.paging import Page
from desk.look.plots import Plot, Series
from desk.look.states import LOOKS

FRAMES = {"": "base_dashboard.html", "buyer": "base_buyer.html", "public": "base_public.html"}


class SampleForm(forms.Form):
    """One of each kind of field."""

    name = forms.CharField(label="Product's name", max_length=20, help_text="Shown on the receipt.")
    price = forms.IntegerField(label="Price", min_value=1)
    redeem_by = forms.ChoiceField(label="Redeemed by", choices=[("code", "Code"), ("none", "Nothing")])
    channel = forms.ChoiceField(
        label="Channel",
        choices=[("table", "At the table"), ("counter", "At the counter")],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    consent = forms.BooleanField(
        label="Send me offers of this shop", required=False, help_text="You can undo it."
    )


DAYS = [f"{day} Nov" for day in range(1, 15)]
SALES_MINOR = [
    18200,
    24050,
    19900,
    32000,
    41500,
    61000,
    58000,
    21000,
    26000,
    24400,
    39000,
    48000,
    70200,
    65500,
]
STEPS = ["Scanned", "Confirmed", "Paid", "Customer", "Came back"]


def _plots() -> dict[str, Plot]:
    paid = Series("Paid", [sales // 2200 for sales in SALES_MINOR])
    redeemed = Series("Redeemed", [sales // 3100 for sales in SALES_MINOR])
    people = Series("People", [1240, 810, 744, 402, 133])
    return {
        "sales": Plot("line", DAYS, [Series("Sales", SALES_MINOR)], "money", "CNY", "Day"),
        "orders": Plot("bar", DAYS, [paid, redeemed], label_heading="Day", stacked=True),
        "funnel": Plot("funnel", STEPS, [people], label_heading="Step"),
        "empty": Plot("line", [], []),
    }


def _nav() -> list[dict[str, Any]]:
    def entry(key: str, label: str, icon: str, count: int = 0) -> dict[str, Any]:
        return {"key": key, "label": label, "icon": icon, "url": f"#{key}", "count": count}

    work = [
        entry("overview", "Overview", "layout-dashboard"),
        entry("orders", "Orders", "receipt", 12),
        entry("products", "Products", "package"),
        entry("customers", "Customers", "users"),
    ]
    return [{"label": "", "entries": work}, {"label": "Shop", "entries": [entry("keys", "Keys", "key")]}]


def _sample_form(request: HttpRequest) -> SampleForm:
    return SampleForm(
        {"name": "A name that is far too long for it", "price": "0"} if "errors" in request.GET else None
    )


def styleguide(request: HttpRequest, frame: str = "") -> HttpResponse:
    """Every component; `?errors` shows fields refused, `?toasts` the messages."""
    if not settings.DEBUG or frame not in FRAMES:
        raise Http404
    if "toasts" in request.GET:
        messages.success(request, "Saved.")
        messages.error(request, "The shop could not be reached.")
    shop = SimpleNamespace(name="Moonlit Noodles", slug="moonlit-noodles")
    one: list[Any] = [None]
    context = {
        "frame": FRAMES[frame],
        "merchant": shop,
        "merchants": [shop, SimpleNamespace(name="Tea & Co", slug="tea")],
        "nav": _nav(),
        "nav_key": "overview",
        "role_label": "Owner",
        "tab": "wallet",
        "looks": LOOKS,
        "plots": _plots(),
        "spark": [3, 5, 4, 8, 7, 11, 9, 14],
        "form": _sample_form(request),
        "now": clock.now(),
        "page": Page(one, "o" + "0" * 32, None),
    }
    name = "styleguide/buyer.html" if frame == "buyer" else "styleguide/index.html"
    return render(request, name, context)


def live_sample(request: HttpRequest) -> HttpResponse:
    """What the sample of a live part asks for: paid from the third time on."""
    if not settings.DEBUG:
        raise Http404
    asked = int(request.GET.get("asked", "0")) + 1
    return render(
        request, "styleguide/live.html", {"asked": asked, "state": "paid" if asked > 2 else "placed"}
    )


def broken(request: HttpRequest, code: int) -> HttpResponse:
    """The error pages, to look at."""
    if not settings.DEBUG or code not in (403, 404, 429, 500, 503):
        raise Http404
    return render(request, f"{code}.html", status=code)
