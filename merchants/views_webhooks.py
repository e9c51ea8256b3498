"""The dashboard's pages of webhooks: endpoints, what was sent to them, and every attempt."""

from __future__ import annotations

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.forms import add_refusal
from common.ids import parse_public_id
from common.paging import page_of
from common.refusals import InvalidInput, NotFound, Refusal
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, page, place_of, sent_to
from merchants.flows.add_endpoint import Added, add_endpoint
from merchants.flows.delete_endpoint import delete_endpoint
from merchants.forms import EndpointForm
from merchants.models import WebhookDelivery, WebhookEndpoint
from merchants.queries import attempts_of, deliveries_of, endpoints_of


@dashboard("webhooks:read")
@require_safe
def endpoint_list(request: DashboardRequest) -> HttpResponseBase:
    """Where the shop's programs hear of events."""
    return _draw(request, EndpointForm())


def _draw(
    request: DashboardRequest, form: EndpointForm, added: Added | None = None, status: int = 200
) -> HttpResponseBase:
    context = {"endpoints": endpoints_of(request.merchant), "form": form, "added": added}
    return page(request, "merchants/webhooks.html", context, nav="webhooks", status=status)


@dashboard("webhooks:write")
@sent_to("dashboard_webhooks")
def endpoint_add(request: DashboardRequest) -> HttpResponseBase:
    """A new endpoint; the answer to this request is the only place that shows its secret."""
    form = EndpointForm(request.POST)
    if form.is_valid():
        try:
            added = add_endpoint(request.merchant, form.cleaned_data["url"], form.events())
        except InvalidInput as refused:
            add_refusal(form, refused)
        except NotFound:
            raise
        except Refusal as refused:
            form.add_error(None, str(refused.detail))
        else:
            messages.success(request, _("From the next event on this address is told."))
            return _draw(request, EndpointForm(), added)
    return _draw(request, form, status=422)


def _endpoint(request: DashboardRequest, endpoint_id: str) -> WebhookEndpoint:
    wanted = parse_public_id("whe", endpoint_id)
    endpoint: WebhookEndpoint = found(wanted and endpoints_of(request.merchant).filter(pk=wanted).first())
    return endpoint


@dashboard("webhooks:write")
@sent_to("dashboard_webhooks")
def endpoint_delete(request: DashboardRequest, endpoint_id: str) -> HttpResponseBase:
    """It hears nothing more."""
    endpoint = _endpoint(request, endpoint_id)
    return attempt(
        request,
        lambda: delete_endpoint(request.merchant, endpoint.pk),
        back=reverse("dashboard_webhooks"),
        done=_("The endpoint was deleted."),
    )


@dashboard("webhooks:read")
@require_safe
def endpoint_detail(request: DashboardRequest, endpoint_id: str) -> HttpResponseBase:
    """What was sent to an endpoint, or waits to be."""
    endpoint = _endpoint(request, endpoint_id)
    deliveries = page_of(deliveries_of(request.merchant, endpoint.pk), place_of(request))
    context = {"endpoint": endpoint, "page": deliveries}
    return page(request, "merchants/webhook_endpoint.html", context, nav="webhooks")


@dashboard("webhooks:read")
@require_safe
def delivery_detail(request: DashboardRequest, delivery_id: str) -> HttpResponseBase:
    """One delivery: its body, and what came back at each attempt."""
    wanted = found(parse_public_id("whd", delivery_id))
    delivery: WebhookDelivery = found(deliveries_of(request.merchant).filter(pk=wanted).first())
    context = {"delivery": delivery, "attempts": attempts_of(request.merchant, delivery.pk)}
    return page(request, "merchants/webhook_delivery.html", context, nav="webhooks")
