"""The dashboard's page on which two customers who are one are merged, and the way back."""

from __future__ import annotations

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from common.ids import parse_public_id
from common.paging import page_of
from common.refusals import NotFound, Refusal
from customers.flows.merge_customers import merge_customers, undo_merge
from customers.models import Customer
from customers.queries import MAX_SEARCH, CustomerFilter, customers_of, totals_of
from customers.views import address_of, customer_at
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, page, place_of, sent_to

CANDIDATES = 20


@dashboard("customers:write")
def customer_merge(request: DashboardRequest, customer_id: str) -> HttpResponseBase:
    """Find the other one (GET), make them one (POST `other`): this customer goes on, the other joins."""
    customer = customer_at(request, customer_id)
    if request.method == "POST":
        return _merge(request, customer)
    search = request.GET.get("q", "").strip()[:MAX_SEARCH].replace("\x00", "")
    others = customers_of(request.merchant, CustomerFilter(q=search)).exclude(pk=customer.pk)
    rows = page_of(others, place_of(request, CANDIDATES))
    totals = totals_of(request.merchant, rows.rows)
    context = {
        "customer": customer,
        "search": search,
        "page": rows,
        "rows": [(other, totals[other.pk]) for other in rows.rows],
    }
    return page(request, "customers/merge.html", context, nav="customers")


def _merge(request: DashboardRequest, customer: Customer) -> HttpResponseBase:
    other = customer_at(request, request.POST.get("other", ""))
    try:
        merge_customers(request.merchant, other.pk, customer.pk)
    except NotFound:
        raise
    except Refusal as refused:
        messages.error(request, str(refused.detail))
        return redirect("dashboard_customer_merge", customer.public_id)
    messages.success(request, _("They are one customer now. The history below can undo it."))
    return redirect(address_of(customer))


@dashboard("customers:write")
@sent_to("dashboard_customer", "customer_id")
def merge_undo(request: DashboardRequest, customer_id: str, merge_id: str) -> HttpResponseBase:
    """Take a merge back."""
    customer = customer_at(request, customer_id)
    merge = found(parse_public_id("mrg", merge_id))
    return attempt(
        request,
        lambda: undo_merge(request.merchant, merge),
        back=address_of(customer),
        done=_("They are two customers again."),
    )
