"""The dashboard's pages of codes to print: new, retire, the sheet. Their figures stand in desk/."""

from __future__ import annotations

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.forms import add_refusal
from common.ids import parse_public_id
from common.refusals import InvalidInput
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, page, sent_to
from orders import dashboard_queries as reads, qr
from orders.dashboard_forms import PrintedCodeForm
from orders.flows.create_printed_code import create_printed_code
from orders.flows.retire_printed_code import retire_printed_code
from orders.models import PrintedCode

SHEET_CODES = 120


@dashboard("codes:write")
def code_new(request: DashboardRequest) -> HttpResponseBase:
    """A new code for a table or the counter."""
    products = reads.products_to_choose(request.merchant)
    form = PrintedCodeForm(products, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        code = _create(request, form)
        if code is not None:
            messages.success(request, _("“%(name)s” is ready to be printed.") % {"name": code.name})
            return redirect("dashboard_codes")
    status = 422 if form.is_bound else 200
    return page(request, "orders/dashboard_code_new.html", {"form": form}, nav="codes", status=status)


def _create(request: DashboardRequest, form: PrintedCodeForm) -> PrintedCode | None:
    told = form.cleaned_data
    try:
        return create_printed_code(
            request.merchant, kind=told["kind"], name=told["name"], product_ids=form.product_ids()
        )
    except InvalidInput as refused:
        add_refusal(form, refused)
        return None


@dashboard("codes:write")
@sent_to("dashboard_codes")
def code_retire(request: DashboardRequest, code_id: str) -> HttpResponseBase:
    """End a code for good."""
    code: PrintedCode = found(reads.code_of(request.merchant, parse_public_id("cod", code_id)))
    return attempt(
        request,
        lambda: retire_printed_code(request.merchant, code.pk),
        back=reverse("dashboard_codes"),
        done=_("“%(name)s” was retired. Take the paper down.") % {"name": code.name},
    )


@dashboard("products:read")
@require_safe
def code_sheet(request: DashboardRequest) -> HttpResponseBase:
    """Codes on A4, to print and cut: those named by `?code=`, else all in use (the newest 120)."""
    codes = reads.codes_of(request.merchant)
    named = [parse_public_id("cod", text) for text in request.GET.getlist("code")]
    chosen = codes.filter(pk__in=[code_id for code_id in named if code_id]) if named else codes
    cards = [(code, qr.data_uri(code.url)) for code in chosen.order_by("-id")[:SHEET_CODES]]
    return page(request, "orders/dashboard_code_sheet.html", {"cards": cards}, nav="codes")
