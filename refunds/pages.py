"""A buyer's pages of refunds: asking for one, what became of each, and one's reputation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import clock, ids, paging
from common.forms import add_refusal
from common.ids import parse_public_id
from common.refusals import InvalidInput, NotFound, Refusal
from merchants.models import Person
from orders.dashboard_redeem import with_camera
from orders.item_codes import read_item_code
from orders.models import ItemState, OrderState
from payments.forms import opened_id, sealed_id
from refunds import queries
from refunds.asking import asked_by, typed_code
from refunds.cases import RefundAsk
from refunds.deciding import PLATFORM, WORDS
from refunds.flows.ask_refund import ask_refund
from refunds.flows.escalate_refund import escalate_refund
from refunds.forms import AskForm
from refunds.models import Refund, RefundState
from refunds.photo_links import path_to
from refunds.refusals import NotYours
from refunds.reputation_rules import MOST, START, explain, points_text, score
from refunds.standing import weighed
from refunds.verdicts import is_held
from refunds.words import SAID, steps_of

PURPOSE = "refund"
PAGE_REFUNDS, SHOWN_LINES = 20, 50
_ENDED = frozenset({RefundState.REFUNDED, RefundState.REJECTED})
_SOON = frozenset({RefundState.APPROVED})
SOON_SECONDS, LATER_SECONDS = 2, 10


def _me(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


# --- asking --------------------------------------------------------------------------------


@with_camera
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The form; a POST asks for the refund, once however often the same form is sent."""
    if request.method != "POST":
        code = typed_code(request.GET.get("code", ""))
        return _ask_page(request, AskForm(initial={"item_code": code}), code)
    refund_id = opened_id(request.POST.get("refund", ""), _me(request), PURPOSE) or ids.new_id()
    form, asked = AskForm(request.POST, request.FILES), None
    try:
        asked = asked_by(_me(request), request.POST, request.FILES, refund_id)
        refund = ask_refund(asked)
    except Refusal as refusal:
        made = queries.refunds_asked_by(_me(request)).filter(pk=refund_id).first()
        return redirect("my_refund", made.public_id) if made else _refused(request, form, refusal, asked)
    return redirect("my_refund", refund.public_id)


def _refused(request: HttpRequest, form: AskForm, refusal: Refusal, asked: RefundAsk | None) -> HttpResponse:
    """The same page with what was typed; whatever is not about a field is about the item."""
    form.full_clean()
    if isinstance(refusal, InvalidInput):
        add_refusal(form, refusal)
    else:
        name = "item_code" if request.POST.get("item_code", "").strip() else "code_photo"
        form.add_error(name, _why(refusal, asked))
    status = 422 if refusal.status == NotFound.status else refusal.status
    return _ask_page(request, form, asked.code if asked else "", status)


def _why(refusal: Refusal, asked: RefundAsk | None) -> str:
    if isinstance(refusal, NotYours) and asked is not None and read_item_code(asked.code) is None:
        return _("An item's code has 16 digits. Check what was typed.")
    return str(refusal.detail)


def _ask_page(request: HttpRequest, form: AskForm, code: str, status: int = 200) -> HttpResponse:
    item = queries.item_of_buyer(_me(request), code) if read_item_code(code) else None
    context = {
        "form": form,
        "item": item,
        "earlier": queries.refunds_asked_by(_me(request)).filter(item=item).first() if item else None,
        "once": sealed_id(_me(request), PURPOSE),
        "had_photos": bool(request.FILES),
        "tab": "orders",
    }
    return render(request, "refunds/ask.html", context, status=status)


# --- what became of them -------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def my_refunds(request: HttpRequest) -> HttpResponse:
    """One's refunds, newest first."""
    try:
        place = paging.Place.of_query({"limit": str(PAGE_REFUNDS), "cursor": request.GET.get("cursor", "")})
    except InvalidInput as error:
        raise Http404 from error
    page = paging.page_of(queries.refunds_asked_by(_me(request)).select_related("item", "merchant"), place)
    return render(request, "refunds/mine.html", {"page": page, "tab": "orders"})


@never_cache
@login_required
@require_safe
def my_refund(request: HttpRequest, refund_id: str) -> HttpResponse:
    """One refund: its way, what decided, the photos."""
    refund = _mine(request, refund_id)
    photos = [path_to(photo) for photo in refund.photos.all()]
    return render(request, "refunds/one.html", {**_context(refund), "photos": photos})


@never_cache
@login_required
@require_safe
def my_refund_state(request: HttpRequest, refund_id: str) -> HttpResponse:
    """The part of its page that changes by itself."""
    return render(request, "refunds/parts/way.html", _context(_mine(request, refund_id)))


@never_cache
@login_required
@require_POST
def escalate(request: HttpRequest, refund_id: str) -> HttpResponse:
    """Put a rejected refund before the staff."""
    wanted = _mine(request, refund_id).pk
    try:
        escalate_refund(_me(request), wanted)
    except Refusal as refusal:
        messages.error(request, str(refusal.detail))
    return redirect("my_refund", refund_id)


def _mine(request: HttpRequest, refund_id: str) -> Refund:
    wanted: UUID | None = parse_public_id("rfd", refund_id)
    rows = queries.refunds_asked_by(_me(request)).select_related("item", "merchant", "order")
    refund = rows.filter(pk=wanted).first() if wanted else None
    if refund is None:
        raise Http404
    return refund


def _context(refund: Refund) -> dict[str, Any]:
    may_escalate = (
        refund.state == RefundState.REJECTED
        and not refund.was_escalated
        and refund.item.state != ItemState.REFUNDED
        and refund.order.state in (OrderState.PAID, OrderState.REDEEMED)
        and not is_held(refund.item)
    )
    return {
        "refund": refund,
        "said": SAID[refund.state],
        "steps": steps_of(refund),
        "why": WORDS.get(refund.rule, refund.rule.replace("_", " ")),
        "may_escalate": may_escalate,
        "is_final": refund.state in _ENDED,
        "seconds": SOON_SECONDS if refund.state in _SOON else LATER_SECONDS,
        "tab": "orders",
    }


# --- reputation ----------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def my_reputation(request: HttpRequest) -> HttpResponse:
    """The score and everything that it comes from."""
    moment = clock.now()
    events = weighed(_me(request).pk)
    lines = explain(events, moment)
    rest = lines[SHOWN_LINES:]
    context = {
        "score": score(events, moment),
        "most": MOST,
        "start": START,
        "threshold": PLATFORM.threshold,
        "lines": [(line, points_text(line.now_hundredths)) for line in lines[:SHOWN_LINES]],
        "rest_count": len(rest),
        "rest_points": points_text(sum(line.now_hundredths for line in rest)),
        "tab": "account",
    }
    return render(request, "refunds/reputation.html", context)
