"""Where coupons reach buyers: what a claim link opens, and what one customer sends to another (FLOWS 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from common import clock, qr
from common.ids import parse_public_id
from common.refusals import NotFound, Refusal
from coupons import dashboard_queries as reads, goods, words
from coupons.flows.claim_coupon import claim_coupon
from coupons.flows.offer_coupon import offer_coupon
from coupons.flows.take_coupon import take_coupon
from coupons.flows.withdraw_offer import withdraw_offer
from coupons.links import gift_url
from coupons.models import Campaign, ClaimLink, CouponState, ShareOffer
from coupons.sharing import offer_of_token
from merchants.models import Person


def _person(request: HttpRequest) -> Person | None:
    return request.user if isinstance(request.user, Person) else None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, token: str) -> HttpResponse:
    """What a claim link or its QR opens: the terms, and the coupon for whoever is signed in."""
    link, here = reads.link_of_token(token), reverse("claim", args=[token])
    if link is None:
        raise Http404
    if request.method != "POST":
        return _draw_claim(request, link)
    number = request.POST.get("number", "")
    return _attempt(
        request,
        here,
        lambda person: claim_coupon(token, person, int(number) if _is_count(number) else None),
        lambda refusal: _draw_claim(request, link, refusal),
        f"{here}?got=1",
    )


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _draw_claim(request: HttpRequest, link: ClaimLink, refusal: Refusal | None = None) -> HttpResponse:
    campaign, person = link.campaign, _person(request)
    had = reads.held_by(person, campaign).count() if person else 0
    word = _claim_word(link, person, had, is_new="got" in request.GET)
    context = {
        **_shown(campaign),
        "word": word,
        "had": had,
        "number": had + 1,
        "here": reverse("claim", args=[link.token]),
        "trouble": refusal.detail if refusal else "",
    }
    return render(request, "coupons/claim.html", context, status=_status(word, refusal))


def _claim_word(link: ClaimLink, person: Person | None, had: int, *, is_new: bool) -> str:
    if is_new and had:
        return "mine"
    campaign = link.campaign
    if link.ended_at is not None or campaign.has_ended(clock.now()):
        return "ended"
    if had >= campaign.per_buyer_limit:
        return "have"
    if campaign.issued_count >= campaign.total_quota:
        return "gone"
    if campaign.state == "paused":
        return "paused"
    return "take" if person else "sign_in"


def _status(word: str, refusal: Refusal | None) -> int:
    if refusal is not None:
        return refusal.status
    return 410 if word == "ended" else 200


def _shown(campaign: Campaign) -> dict[str, Any]:
    """What both pages say of a campaign."""
    names = goods.names_of(campaign.merchant, campaign.products).values()
    return {
        "campaign": campaign,
        "merchant": campaign.merchant,
        "terms": words.terms_of(campaign, names),
        "is_early": clock.now() < campaign.starts_at,
        "tab": "coupons",
    }


def _attempt(
    request: HttpRequest,
    here: str,
    run: Callable[[Person], object],
    refused: Callable[[Refusal], HttpResponse],
    done: str,
) -> HttpResponse:
    """Press the page's button: run a flow for whoever is signed in, and show what came of it."""
    person = _person(request)
    if person is None:
        return HttpResponseRedirect(f"{reverse('account_request_login_code')}?{urlencode({'next': here})}")
    try:
        run(person)
    except NotFound as error:
        raise Http404 from error
    except Refusal as refusal:
        return refused(refusal)
    return HttpResponseRedirect(done)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def gift(request: HttpRequest, token: str) -> HttpResponse:
    """What one customer sends to another; its giver finds the address and the code here, and a way back."""
    offer, here = offer_of_token(token), reverse("gift", args=[token])
    if offer is None:
        raise Http404
    if request.method != "POST":
        return _draw_gift(request, offer)
    return _attempt(
        request,
        here,
        lambda person: take_coupon(token, person),
        lambda refusal: _draw_gift(request, offer, refusal),
        here,
    )


def _draw_gift(request: HttpRequest, offer: ShareOffer, refusal: Refusal | None = None) -> HttpResponse:
    campaign, person = offer.coupon.campaign, _person(request)
    word = _gift_word(offer, person)
    address = gift_url(offer) if word == "own" else ""
    context = {
        **_shown(campaign),
        "word": word,
        "offer": offer,
        "here": reverse("gift", args=[offer.token]),
        "address": address,
        "picture": qr.data_uri(address) if address else "",
        "trouble": refusal.detail if refusal else "",
    }
    return render(request, "coupons/gift.html", context, status=_status(word, refusal))


def _gift_word(offer: ShareOffer, person: Person | None) -> str:
    coupon, moment = offer.coupon, clock.now()
    is_mine = person is not None and coupon.owner_id == person.pk
    if offer.taken_at is not None and is_mine:
        return "mine"
    is_free = coupon.state == CouponState.ISSUED and coupon.is_valid(moment)
    is_open = offer.is_open(moment) and is_free and coupon.owner_id == offer.giver_id
    if not is_open or coupon.campaign.has_ended(moment):
        return "ended"
    if is_mine:
        return "own"
    if person is None:
        return "sign_in"
    return "have" if _is_full(offer, person) else "take"


def _is_full(offer: ShareOffer, person: Person) -> bool:
    """Whether the campaign lets this person have no more; what they had before may come back to them."""
    held = reads.held_by(person, offer.coupon.campaign)
    has_room = held.count() < offer.coupon.campaign.per_buyer_limit
    return not has_room and not held.filter(coupon=offer.coupon).exists()


@login_required
@require_POST
def give(request: HttpRequest, coupon_id: str) -> HttpResponse:
    """Offer a coupon of one's own; the next page has the address to send."""
    wanted = parse_public_id("cpn", coupon_id)
    if wanted is None:
        raise Http404
    try:
        offer = offer_coupon(_me(request), wanted)
    except NotFound as error:
        raise Http404 from error
    except Refusal as refusal:
        messages.error(request, str(refusal.detail))
        return HttpResponseRedirect(reverse("my_coupons"))
    return HttpResponseRedirect(reverse("gift", args=[offer.token]))


@login_required
@require_POST
def keep(request: HttpRequest, token: str) -> HttpResponse:
    """Withdraw an offer that nobody has taken."""
    offer = offer_of_token(token)
    try:
        if offer is None:
            raise NotFound
        withdraw_offer(_me(request), offer.coupon_id)
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("The coupon stays yours. Its link gives nothing any more."))
    return HttpResponseRedirect(reverse("my_coupons"))


def _me(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user
