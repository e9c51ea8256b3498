"""The buyer's coupons at `/me/coupons`: what each promises, setting one for a payment, putting back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common import clock, paging
from common.ids import parse_public_id
from common.refusals import InvalidInput, NotFound, Refusal
from coupons import goods, queries
from coupons.flows.arm_coupon import arm_coupon
from coupons.flows.put_back_coupon import put_back_coupon
from coupons.models import CampaignState, Coupon, CouponState
from merchants.models import Person

PAGE_COUPONS = 20


@dataclass(frozen=True, slots=True)
class MyCoupon:
    """A coupon as its owner's page shows it: `state` as it is at this moment, also before a sweep."""

    coupon: Coupon
    state: str
    goods: list[str]
    is_waiting: bool
    """Whether it could be used, had its campaign begun."""
    is_paused: bool
    """Whether it could be used, were its campaign not paused."""
    is_closed: bool
    """Whether its shop ended the campaign before the time."""
    is_offered: bool
    """Whether somebody else may take it."""

    @property
    def end(self) -> datetime:
        """When it can't be used any more, be it the coupon's time or the campaign's."""
        return min(self.coupon.expires_at, self.coupon.campaign.ends_at)

    @property
    def may_arm(self) -> bool:
        """Whether it can be set for a payment now."""
        return self.state == CouponState.ISSUED and not self.is_waiting and not self.is_paused


def _me(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


@never_cache
@login_required
@require_safe
def my_coupons(request: HttpRequest) -> HttpResponse:
    """What a buyer has: to use, used, ended; newest first, what is set for a payment before all."""
    person, moment = _me(request), clock.now()
    show = request.GET.get("show", "ready")
    try:
        place = paging.Place.of_query({"limit": str(PAGE_COUPONS), "cursor": request.GET.get("cursor", "")})
    except InvalidInput as error:
        raise Http404 from error
    armed = queries.armed_coupon_of(person, moment) if show == "ready" else None
    rows = _rows(person, show, moment)
    page = paging.page_of(rows.exclude(pk=armed.pk) if armed else rows, place)
    offered = queries.offered_among(page.rows, moment) if show == "ready" else set()
    context = {
        "show": show,
        "page": page,
        "armed": _shown(armed, moment) if armed and place.key is None else None,
        "coupons": [_shown(row, moment, is_offered=row.pk in offered) for row in page.rows],
        "tab": "coupons",
    }
    return render(request, "coupons/mine.html", context)


def _rows(person: Person, show: str, moment: datetime) -> QuerySet[Coupon]:
    if show == "used":
        return queries.used_coupons_of(person)
    if show == "ended":
        return queries.ended_coupons_of(person, moment)
    if show == "ready":
        return queries.usable_coupons_of(person, moment)
    raise Http404


def _shown(coupon: Coupon, moment: datetime, *, is_offered: bool = False) -> MyCoupon:
    campaign = coupon.campaign
    state = str(coupon.state)
    if state == CouponState.ARMED and coupon.armed_until and coupon.armed_until <= moment:
        state = CouponState.ISSUED.value
    if state in (CouponState.ISSUED, CouponState.ARMED):
        is_over = not coupon.is_valid(moment) or campaign.has_ended(moment)
        state = CouponState.EXPIRED.value if is_over else state
    return MyCoupon(
        coupon,
        state,
        sorted(goods.names_of(campaign.merchant, campaign.products).values()),
        is_waiting=state == CouponState.ISSUED and moment < campaign.starts_at,
        is_paused=state == CouponState.ISSUED and campaign.state == CampaignState.PAUSED,
        is_closed=campaign.state == CampaignState.CLOSED,
        is_offered=is_offered and state == CouponState.ISSUED,
    )


@login_required
@require_POST
def arm_mine(request: HttpRequest, coupon_id: str) -> HttpResponse:
    """Set one for the next payment code."""
    try:
        arm_coupon(_me(request), _wanted(coupon_id))
    except NotFound as error:
        raise Http404 from error
    except Refusal as refusal:
        messages.error(request, str(refusal.title))
        return HttpResponseRedirect(reverse("my_coupons"))
    return _on(request)


@login_required
@require_POST
def put_mine_back(request: HttpRequest, coupon_id: str) -> HttpResponse:
    """Take it back from the next payment."""
    try:
        put_back_coupon(_me(request), _wanted(coupon_id))
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("The coupon is back among your coupons."))
    return _on(request)


def _wanted(coupon_id: str) -> UUID:
    wanted = parse_public_id("cpn", coupon_id)
    if wanted is None:
        raise Http404
    return wanted


def _on(request: HttpRequest) -> HttpResponse:
    """Where the form wants to go on to, if that is one of our pages."""
    address = request.POST.get("next", "")
    is_ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, {request.get_host()})
    return HttpResponseRedirect(address if is_ours else reverse("my_coupons"))
