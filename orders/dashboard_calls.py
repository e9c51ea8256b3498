"""The dashboard's pages of calls: what each did, assigning one by hand, and the rules (FLOWS 1)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_safe

from common.ids import parse_public_id
from common.paging import page_of
from common.refusals import InvalidInput, Refusal
from merchants.dashboard import (
    PAGE_ROWS,
    DashboardRequest,
    attempt,
    dashboard,
    found,
    may,
    page,
    place_of,
    sent_to,
)
from orders import bindings, dashboard_queries as reads, queries
from orders.call_forms import AssignForm, RulesForm
from orders.call_queries import CallFilter, call_of, calls_of
from orders.flows.assign_call import assign_call, preview_assignment
from orders.flows.decide_objection import decide_objection
from orders.flows.set_aside_calls import set_aside_calls
from orders.flows.set_call_rules import set_call_rules
from orders.models import CallRecord, CallState, Objection, Order
from orders.undoing import DECIDE_WITHIN, objected_units
from orders.words import lines_of

CHOICES = 10
CALLS_SECONDS = 5
TABS = (None, CallState.UNMATCHED, CallState.REDEEMED, CallState.IGNORED)


@dashboard("calls:read")
@require_safe
def call_list(request: DashboardRequest) -> HttpResponseBase:
    """Calls with what each did, or why it did nothing."""
    try:
        narrowed = CallFilter.of_query(request.GET)
    except InvalidInput:
        return redirect("dashboard_calls")
    found_page = page_of(calls_of(request.merchant, narrowed), place_of(request))
    context: dict[str, Any] = {
        "page": found_page,
        "match": narrowed.match,
        "stamp": "".join(f"{call.pk.hex[-8:]}{call.state[0]}" for call in found_page.rows),
        "live": not request.GET.get("cursor"),
        "seconds": CALLS_SECONDS,
        "address": request.get_full_path(),
    }
    if request.headers.get("HX-Request"):
        return page(request, "orders/calls_part.html", context, nav="calls")
    context |= {"objections": _objections(request) if context["live"] else [], "tabs": _tabs(request)}
    return page(request, "orders/calls.html", context, nav="calls")


def _tabs(request: DashboardRequest) -> list[tuple[str, Any, str]]:
    """Each filter with its name; for those that wait for somebody, how many (up to a hundred)."""
    waiting = calls_of(request.merchant, CallFilter(CallState.UNMATCHED))[: reads.MOST_COUNTED].count()
    told = reads.told_count(waiting)
    return [
        (tab or "", CallState(tab).label if tab else _("All"), told if tab == CallState.UNMATCHED else "")
        for tab in TABS
    ]


def _objections(request: DashboardRequest) -> list[dict[str, Any]]:
    """What buyers object to, with the calls by which it was redeemed."""
    objections = reads.waiting_objections(request.merchant)
    calls = CallRecord.objects.filter(
        merchant=request.merchant,
        state=CallState.REDEEMED,
        order_id__in=[objection.order_id for objection in objections],
    )
    by_order = {call.order_id: call for call in calls.order_by("id")}
    return [
        {
            "objection": objection,
            "order": objection.order,
            "call": by_order.get(objection.order_id),
            "until": objection.created_at + DECIDE_WITHIN if objection.is_held else None,
            **_at_stake(objection),
        }
        for objection in objections
    ]


def _at_stake(objection: Objection) -> dict[str, Any]:
    """When it was redeemed, and how much it is about: of units held, else of those that are redeemed."""
    undone = list(objection.undoings.all())
    if undone:
        times, amounts = [one.redeemed_at for one in undone], [one.gross_minor for one in undone]
    else:
        units = objected_units(objection, list(objection.order.items.all()))
        times = [unit.redeemed_at for unit in units if unit.redeemed_at]
        amounts = [unit.escrow_minor for unit in units]
    return {"redeemed_at": max(times, default=None), "amount_minor": sum(amounts)}


def _call(request: DashboardRequest, record_id: str) -> CallRecord:
    record: CallRecord = found(call_of(request.merchant, parse_public_id("cdr", record_id)))
    return record


# --- one call, and the order that it was about ------------------------------------------------


@dashboard("calls:read")
@require_safe
def call_detail(request: DashboardRequest, record_id: str) -> HttpResponseBase:
    """One call; where it redeemed nothing, the way to say which order it was about."""
    record = _call(request, record_id)
    form = AssignForm(request.GET if request.GET.get("q", "").strip() else None)
    q = form.cleaned_data["q"] if form.is_valid() else ""
    is_open = record.state != CallState.REDEEMED and may(request, "calls:write")
    wanted = parse_public_id("ord", request.GET.get("order", ""))
    chosen = found(queries.order_of(request.merchant, wanted)) if wanted and is_open else None
    context = {
        "record": record,
        "form": form,
        "q": q,
        "is_open": is_open,
        "candidates": _candidates(request, record, q) if is_open and not form.errors and not chosen else [],
        "chosen": chosen,
        "preview": _preview(record, chosen) if chosen else None,
    }
    status = 422 if form.errors else 200
    return page(request, "orders/calls_one.html", context, nav="calls", status=status)


def _candidates(request: DashboardRequest, record: CallRecord, q: str) -> list[Order]:
    """Orders that fit the search; without one, the paid ones of whoever called."""
    if q:
        return reads.newest_orders(request.merchant, queries.OrderFilter(q=q), CHOICES)
    orders: list[Order] = []
    for number in filter(None, (record.caller, record.called)):
        narrowed = queries.OrderFilter(state="paid", q=number)
        orders += reads.newest_orders(request.merchant, narrowed, CHOICES)
    return orders


def _preview(record: CallRecord, order: Order) -> dict[str, Any]:
    try:
        items = preview_assignment(record, order)
    except Refusal as refusal:
        return {"lines": [], "why_not": str(refusal.detail)}
    return {"lines": lines_of(items), "amount_minor": sum(item.escrow_minor for item in items), "why_not": ""}


@dashboard("calls:write")
@sent_to("dashboard_call", "record_id")
def call_assign(request: DashboardRequest, record_id: str) -> HttpResponseBase:
    """This call was about that order: it redeems it."""
    record = _call(request, record_id)
    order = found(queries.order_of(request.merchant, parse_public_id("ord", request.POST.get("order"))))
    return attempt(
        request,
        lambda: assign_call(request.merchant, record.pk, order.pk),
        back=reverse("dashboard_call", args=[record.public_id]),
        done=_("Order %(number)s was redeemed by this call.") % {"number": order.number},
    )


@dashboard("calls:write")
@sent_to("dashboard_calls")
def calls_set_aside(request: DashboardRequest) -> HttpResponseBase:
    """These calls were about no order: they leave the inbox."""
    named = [parse_public_id("cdr", text) for text in request.POST.getlist("call")[:PAGE_ROWS]]
    count = set_aside_calls(request.merchant, [found_id for found_id in named if found_id])
    told = ngettext("%(count)d call was set aside.", "%(count)d calls were set aside.", count)
    messages.success(request, told % {"count": count})
    return redirect(f"{reverse('dashboard_calls')}?match={CallState.UNMATCHED}")


# --- "that wasn't me" --------------------------------------------------------------------------


@dashboard("calls:write")
@sent_to("dashboard_calls")
def objection_decide(request: DashboardRequest, objection_id: str) -> HttpResponseBase:
    """The buyer was right, or the redemption stands."""
    wanted = found(parse_public_id("obj", objection_id))
    decision, note = request.POST.get("decision"), request.POST.get("note", "").replace("\x00", "").strip()
    if decision not in ("uphold", "dismiss"):
        return redirect("dashboard_calls")
    uphold = decision == "uphold"
    done = (
        _("The buyer can use it again.") if uphold else _("The redemption stands; the buyer's page says so.")
    )
    return attempt(
        request,
        lambda: decide_objection(request.merchant, wanted, uphold, note),
        back=reverse("dashboard_calls"),
        done=done,
    )


# --- rules -----------------------------------------------------------------------------------


@dashboard("settings:read")
def call_rules(request: DashboardRequest) -> HttpResponseBase:
    """Which calls redeem; changed by those who may change settings."""
    may_write = may(request, "settings:write")
    is_sent = request.method == "POST" and may_write
    rules = bindings.rules_of(request.merchant.pk)[request.merchant.pk]
    form = RulesForm(rules, request.merchant, request.POST if is_sent else None)
    if is_sent and form.is_valid():
        set_call_rules(request.merchant, form.cleaned_data)
        messages.success(request, _("Saved. Calls that come in from now on are judged by it."))
        return redirect("dashboard_call_rules")
    status = 422 if is_sent else 403 if request.method == "POST" else 200
    context = {"form": form, "may_write": may_write}
    return page(request, "orders/calls_rules.html", context, nav="calls", status=status)
