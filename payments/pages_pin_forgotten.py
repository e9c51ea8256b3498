"""The way back for a forgotten PIN at `/me/pay/pin/forgotten`: prove who you are, then set a new one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.forms import add_refusal
from common.refusals import InvalidInput
from merchants.models import Person
from merchants.proof import is_fresh, proved_at, to_prove
from payments.flows.reset_pin import reset_pin
from payments.forms_code import PinForm
from payments.pins import pin_of
from payments.refusals import ProofNeeded


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pin_forgotten(request: HttpRequest) -> HttpResponse:
    """A new PIN for whoever proved lately who they are; others do that first."""
    assert isinstance(request.user, Person)
    if pin_of(request.user) is None:
        return HttpResponseRedirect(reverse("my_pin"))
    if not is_fresh(proved_at(request)):
        return to_prove(reverse("my_pin_forgotten"))
    form = PinForm(request.POST if request.method == "POST" else None, has_pin=False)
    if form.is_bound and form.is_valid():
        try:
            reset_pin(request.user, form.cleaned_data["pin"], proved_at(request))
        except ProofNeeded:  # the five minutes ended between two lines
            return to_prove(reverse("my_pin_forgotten"))
        except InvalidInput as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Your new PIN is set."))
            return HttpResponseRedirect(reverse("my_pin"))
    context = {"form": form, "tab": "account"}
    return render(request, "payments/pin_forgotten.html", context, status=422 if form.is_bound else 200)
