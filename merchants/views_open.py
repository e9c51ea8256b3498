"""Opening a shop: for whoever is signed in."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from common.forms import add_refusal
from common.refusals import InvalidInput
from merchants.dashboard import SESSION_KEY, signed_in
from merchants.flows.open_merchant import open_merchant
from merchants.forms import OpenShopForm
from merchants.models import Merchant, Person


@signed_in
def open_shop(request: HttpRequest) -> HttpResponseBase:
    """Name, address and currency; then the new shop's overview."""
    form = OpenShopForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        merchant = _open(request, form)
        if merchant is not None:
            request.session[SESSION_KEY] = merchant.slug
            messages.success(request, _("%(name)s is open.") % {"name": merchant.name})
            return redirect("dashboard")
    context = {"form": form, "prefix": urlsplit(settings.BASE_URL).netloc + "/s/"}
    return render(request, "merchants/open_shop.html", context, status=422 if form.is_bound else 200)


def _open(request: HttpRequest, form: OpenShopForm) -> Merchant | None:
    assert isinstance(request.user, Person)
    told = form.cleaned_data
    try:
        return open_merchant(request.user, name=told["name"], slug=told["slug"], currency=told["currency"])
    except InvalidInput as refused:
        add_refusal(form, refused)
        return None
