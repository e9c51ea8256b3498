"""The dashboard's pages of customers: the list, its export, and one customer with what can be done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import clock
from common.forms import add_refusal
from common.ids import parse_public_id
from common.paging import page_of
from common.refusals import InvalidInput
from customers.flows.add_note import add_note
from customers.flows.assign_customer import assign_customer
from customers.flows.erase_customer import erase_customer
from customers.flows.export_customers import export_customers
from customers.flows.retry_step import retry_step
from customers.flows.set_tags import set_tags
from customers.forms import AssignForm, CustomerListForm, EraseForm, NoteForm, TagsForm
from customers.models import Customer
from customers.queries import customer_of, customers_of, family_of, tags_of, totals_of
from customers.timeline import timeline_of
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, may, page, place_of, sent_to
from merchants.queries import members_of
from orders.models import Order

LATEST_ORDERS = 20


@dashboard("customers:read")
@require_safe
def customer_list(request: DashboardRequest) -> HttpResponseBase:
    """Customers, narrowed, with what each bought."""
    form = CustomerListForm(tags_of(request.merchant), request.GET)
    if not form.is_valid():
        return page(request, "customers/list.html", {"form": form}, nav="customers", status=422)
    rows = page_of(customers_of(request.merchant, form.narrowed()), place_of(request))
    totals = totals_of(request.merchant, rows.rows)
    context = {
        "form": form,
        "page": rows,
        "rows": [(customer, totals[customer.pk]) for customer in rows.rows],
        "narrowed": any(form.cleaned_data.values()),
        "query": request.GET.urlencode(),
    }
    return page(request, "customers/list.html", context, nav="customers")


@dashboard("customers:read")
@require_safe
def customer_export(request: DashboardRequest) -> HttpResponseBase:
    """The (narrowed) list as CSV, streamed; `?count=1` tells in a header how many lines will come."""
    form = CustomerListForm(tags_of(request.merchant), request.GET)
    if not form.is_valid():
        return redirect("dashboard_customers")
    narrowed = form.narrowed()
    answer = StreamingHttpResponse(
        export_customers(request.merchant, narrowed), content_type="text/csv; charset=utf-8"
    )
    name = f"{slugify(request.merchant.slug)}-customers-{clock.today():%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if request.GET.get("count"):
        answer.headers["X-Rows"] = str(customers_of(request.merchant, narrowed).order_by().count())
    return answer


def customer_at(request: DashboardRequest, customer_id: str) -> Customer:
    """The customer of an address; a 404 for anybody else's."""
    customer: Customer = found(customer_of(request.merchant, parse_public_id("cus", customer_id)))
    return customer


@dashboard("customers:read")
@require_safe
def customer_detail(request: DashboardRequest, customer_id: str) -> HttpResponseBase:
    """One customer: totals, orders, what happened, tags, notes, who looks after them."""
    return draw(request, customer_at(request, customer_id))


def draw(request: DashboardRequest, customer: Customer, status: int = 200, **forms: Any) -> HttpResponseBase:
    """The customer's page; `forms` are those that were refused."""
    names = ", ".join(link.tag.name for link in customer.tag_links.all())
    context = {
        "customer": customer,
        "totals": totals_of(request.merchant, [customer])[customer.pk],
        "orders": _orders(request, customer),
        "moments": timeline_of(customer),
        "note_form": NoteForm(),
        "tags_form": TagsForm(initial={"tags": names}),
        "assign_form": AssignForm(
            members_of(request.merchant), initial={"member": str(customer.assigned_to_id or "")}
        ),
        "known_tags": tags_of(request.merchant),
        "may_write": may(request, "customers:write"),
        **forms,
    }
    return page(request, "customers/detail.html", context, nav="customers", status=status)


def _orders(request: DashboardRequest, customer: Customer) -> list[Order]:
    people = [one.person_id for one in family_of([customer]).values() if one.person_id]
    orders = Order.objects.filter(merchant=request.merchant, buyer__in=people, paid_at__isnull=False)
    return list(orders.prefetch_related("items").order_by("-id")[:LATEST_ORDERS])


def address_of(customer: Customer) -> str:
    """The customer's page."""
    return reverse("dashboard_customer", args=[customer.public_id])


@dashboard("customers:write")
@sent_to("dashboard_customer", "customer_id")
def customer_note(request: DashboardRequest, customer_id: str) -> HttpResponseBase:
    """Write something down."""
    customer = customer_at(request, customer_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            add_note(request.merchant, customer.pk, request.user, form.cleaned_data["text"])
        except InvalidInput as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The note was written down."))
            return redirect(address_of(customer))
    return draw(request, customer, 422, note_form=form)


@dashboard("customers:write")
@sent_to("dashboard_customer", "customer_id")
def customer_tags(request: DashboardRequest, customer_id: str) -> HttpResponseBase:
    """Say which tags the customer has."""
    customer = customer_at(request, customer_id)
    form = TagsForm(request.POST)
    if form.is_valid():
        try:
            set_tags(request.merchant, customer.pk, form.names())
        except InvalidInput as refused:
            add_refusal(form, refused, {"tag": "tags"})
        else:
            messages.success(request, _("The tags were saved."))
            return redirect(address_of(customer))
    return draw(request, customer, 422, tags_form=form)


@dashboard("customers:write")
@sent_to("dashboard_customer", "customer_id")
def customer_assign(request: DashboardRequest, customer_id: str) -> HttpResponseBase:
    """Say who looks after the customer."""
    customer = customer_at(request, customer_id)
    form = AssignForm(members_of(request.merchant), request.POST)
    if not form.is_valid():
        return draw(request, customer, 422, assign_form=form)
    return attempt(
        request,
        lambda: assign_customer(request.merchant, customer.pk, form.member_id()),
        back=address_of(customer),
        done=_("Saved."),
    )


@dashboard("customers:write")
@sent_to("dashboard_customer", "customer_id")
def customer_retry(request: DashboardRequest, customer_id: str, step_id: str) -> HttpResponseBase:
    """Try a step again that was given up."""
    customer = customer_at(request, customer_id)
    step = found(parse_public_id("cst", step_id))
    return attempt(
        request,
        lambda: retry_step(request.merchant, step),
        back=address_of(customer),
        done=_("It is tried again now."),
    )


@dashboard("customers:write")
def customer_erase(request: DashboardRequest, customer_id: str) -> HttpResponseBase:
    """Erase a customer who asked for it, once the number was typed again."""
    customer = customer_at(request, customer_id)
    expected = customer.phone or customer.public_id
    form = EraseForm(expected, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            erase_customer(request.merchant, customer.pk, form.cleaned_data["reason"])
        except InvalidInput as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The customer was erased."))
            return redirect("dashboard_customers")
    context = {"customer": customer, "form": form}
    status = 422 if form.is_bound else 200
    return page(request, "customers/erase.html", context, nav="customers", status=status)
