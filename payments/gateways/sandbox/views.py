"""The provider's own checkout page: another company's, where the payer says yes or no."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from payments.gateways.sandbox import provider
from payments.models import SandboxCharge

_SAYS = {"approve": "succeeded", "decline": "failed"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest, charge: UUID) -> HttpResponse:
    """Ask the payer; whatever was decided, once, it goes back to where the payer came from."""
    made = SandboxCharge.objects.filter(pk=charge).first()
    if made is None:
        raise Http404
    answer = _SAYS.get(request.POST.get("answer", "")) if request.method == "POST" else None
    if answer is None:
        made = provider.find(made.key) or made  # asking ends one whose time has passed
        context = {"charge": made, "is_open": made.outcome == "open"}
        status = 422 if request.method == "POST" else 200
        return render(request, "payments/sandbox_checkout.html", context, status=status)
    provider.finish(made.pk, answer)
    return HttpResponseRedirect(made.return_url)
