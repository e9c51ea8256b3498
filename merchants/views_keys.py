"""The dashboard's page of keys for programs."""

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
from merchants.flows.create_key import create_key
from merchants.flows.revoke_key import revoke_key
from merchants.forms import KeyForm
from merchants.models import Key
from merchants.queries import keys_of


@dashboard("keys:read")
@require_safe
def key_list(request: DashboardRequest) -> HttpResponseBase:
    """Keys with what they may, when they were used last; live ones first asked for."""
    return _draw(request, KeyForm())


def _draw(request: DashboardRequest, form: KeyForm, secret: str = "", status: int = 200) -> HttpResponseBase:
    keys = page_of(keys_of(request.merchant), place_of(request))
    context = {"page": keys, "form": form, "secret": secret}
    return page(request, "merchants/keys.html", context, nav="keys", status=status)


@dashboard("keys:write")
@sent_to("dashboard_keys")
def key_create(request: DashboardRequest) -> HttpResponseBase:
    """A new key; the answer to this request is the only place that shows it."""
    form = KeyForm(request.POST)
    if form.is_valid():
        try:
            made = create_key(request.merchant, form.cleaned_data["name"], form.cleaned_data["scopes"])
        except InvalidInput as refused:
            add_refusal(form, refused)
        except NotFound:
            raise
        except Refusal as refused:
            form.add_error(None, str(refused.detail))
        else:
            messages.success(request, _("The key was made."))
            return _draw(request, KeyForm(), made.secret)
    return _draw(request, form, status=422)


@dashboard("keys:write")
@sent_to("dashboard_keys")
def key_revoke(request: DashboardRequest, key_id: str) -> HttpResponseBase:
    """From the next request on the key is unknown."""
    wanted = found(parse_public_id("key", key_id))
    key: Key = found(keys_of(request.merchant).filter(pk=wanted).first())
    return attempt(
        request,
        lambda: revoke_key(key.pk, of=request.merchant),
        back=reverse("dashboard_keys"),
        done=_("The key was revoked. Programs that use it are refused from now on."),
    )
