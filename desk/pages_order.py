"""The order's own page and the receipt: what buyer and payer see as the order changes (FLOWS 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from common import clock
from common.actors import acting_as
from common.refusals import NotFound, Refusal
from customers.models import ConversionRun, RunKind
from customers.queries import contact_card_for
from desk.order_calls import CallPart, Past, call_part, may_object, might_object, past_of
from desk.order_refunds import refund_part
from merchants.models import Person
from orders import qr
from orders.flows.object_redemption import object_redemption
from orders.models import Item, ItemState, Order, OrderState
from orders.qr_views import picture
from orders.queries import order_by_live_code, order_by_page
from payments.look import OrderLine, Words, again_url, lines_of, source_label
from payments.models import Payment
from payments.queries import counted_payment

UNPAID_SECONDS, PAID_SECONDS, USED_SECONDS = 2, 5, 10
_UNUSABLE = frozenset({OrderState.PLACED, OrderState.CANCELLED, OrderState.EXPIRED})


class Ticket(NamedTuple):
    """A unit that the buyer has to show, with its code as people read it."""

    item: Item
    grouped_code: str
    picture_url: str

    @property
    def is_usable(self) -> bool:
        """Whether its code still redeems something."""
        return bool(self.item.state == ItemState.ISSUED and self.item.held_at is None)


@dataclass(frozen=True, slots=True)
class OrderSheet:
    """An order as its page shows it at this moment."""

    order: Order
    word: str
    lines: list[OrderLine]
    tickets: list[Ticket]
    payment: Payment | None
    seconds_left: int
    call: CallPart | None
    past: Past
    is_undoable: bool

    @property
    def state(self) -> str:
        """Changes whenever the page has something new to say."""
        used = sum(not ticket.is_usable for ticket in self.tickets)
        number = f"-{self.call.number[-6:]}" if self.call and self.call.number else ""
        return f"{self.word}-{used}{number}{self.past.stamp}"

    @property
    def used(self) -> int:
        """How many tickets were redeemed."""
        return sum(ticket.item.state == ItemState.REDEEMED for ticket in self.tickets)

    @property
    def is_final(self) -> bool:
        """Whether the page may stop asking: ended, or nothing left to use, to undo or to decide."""
        if self.word == "placed" or self.past.is_waiting or self.is_undoable:
            return False
        return self.word != "paid" or not self.is_usable

    @property
    def is_usable(self) -> bool:
        """Whether some unit waits to be redeemed."""
        return any(ticket.is_usable for ticket in self.tickets)

    @property
    def is_held(self) -> bool:
        """Whether what can't be used now waits for a decision."""
        return not self.is_usable and any(ticket.item.held_at for ticket in self.tickets)

    @property
    def ask_seconds(self) -> int:
        """How often the page asks: often while it waits for money, less for a redemption or its undoing."""
        if self.word == "placed":
            return UNPAID_SECONDS
        return PAID_SECONDS if self.is_usable or self.past.is_waiting else USED_SECONDS

    @property
    def source_label(self) -> Words:
        """From where it was paid."""
        return source_label(self.payment.source) if self.payment else ""

    @property
    def again_url(self) -> str:
        """Where the same can be ordered once more."""
        return again_url(self.order)


def sheet_of(order: Order) -> OrderSheet:
    """Gather what the page shows; codes of items only once they are paid for."""
    moment = clock.now()
    items = sorted(order.items.all(), key=lambda item: item.pk)
    word = "expired" if order.is_overdue(moment) else str(order.state)
    past = past_of(order, items)
    return OrderSheet(
        order=order,
        word="paid_expired" if word == "expired" and order.paid_at else word,
        lines=lines_of(items),
        tickets=_tickets(order, items),
        payment=counted_payment(order) if order.paid_at else None,
        seconds_left=max(0, int((order.expires_at - moment).total_seconds())),
        call=call_part(order, items, moment),
        past=past,
        is_undoable=past.is_undoable(order, moment),
    )


def _tickets(order: Order, items: list[Item]) -> list[Ticket]:
    if order.state in _UNUSABLE:
        return []
    return [
        Ticket(item, grouped(item.code), reverse("item_picture", args=[order.page_token, item.code]))
        for item in items
        if item.needs_redemption
    ]


def grouped(code: str) -> str:
    """An item's code as people read it out: four digits at a time."""
    return " ".join(code[place : place + 4] for place in range(0, len(code), 4))


def _order_by_page(token: str) -> Order:
    order = order_by_page(token)
    if order is None:
        raise Http404
    return order


@never_cache
@require_safe
def order_page(request: HttpRequest, token: str) -> HttpResponse:
    """The order: its live code while it is to be paid, its items' codes once it is."""
    return render(request, "desk/order.html", _sheet_context(request, _order_by_page(token)))


@never_cache
@require_safe
def order_state(request: HttpRequest, token: str) -> HttpResponse:
    """The part of the order's page that changes by itself."""
    return render(request, "desk/parts/order_sheet.html", _sheet_context(request, _order_by_page(token)))


@never_cache
@require_POST
def order_object(request: HttpRequest, token: str) -> HttpResponse:
    """The buyer says "that wasn't me": the money is held, and the merchant decides."""
    order = _order_by_page(token)
    if not isinstance(request.user, Person):
        query = urlencode({"next": reverse("order_page", args=[token])})
        return HttpResponseRedirect(f"{reverse('account_login')}?{query}")
    with acting_as(f"person:{request.user.pk.hex}"):
        try:
            object_redemption(request.user, order.pk)
        except NotFound as error:
            raise Http404 from error
        except Refusal as refusal:
            messages.error(request, str(refusal.detail))
        else:
            messages.success(request, _("Thank you. The shop was told."))
    return HttpResponseRedirect(reverse("order_page", args=[token]))


def _sheet_context(request: HttpRequest, order: Order) -> dict[str, Any]:
    sheet = sheet_of(order)
    items = sorted(order.items.all(), key=lambda item: item.pk)
    refunds = refund_part(order, items, sheet.payment, request.user, clock.now())
    return {
        "order": order,
        "merchant": order.merchant,
        "sheet": sheet,
        "refunds": refunds,
        "stamp": sheet.state + refunds.stamp,
        "is_final": sheet.is_final and not refunds.is_under_way,
        "card": contact_card_for(order) if sheet.payment else None,
        "state_url": reverse("order_state", args=[order.page_token]),
        "may_object": may_object(order, request.user),
        "might_object": might_object(order, sheet.past, request.user),
        "tab": "orders",
    }


@require_safe
@cache_control(private=True, max_age=3600)
def item_picture(request: HttpRequest, token: str, code: str) -> HttpResponse:
    """The QR of one item's code: its 16 digits and nothing else."""
    order = _order_by_page(token)
    if order.state in _UNUSABLE or all(item.code != code for item in order.items.all()):
        raise Http404
    return picture(qr.svg(code))


@never_cache
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """After paying: what was paid, whom to turn to, and whether the payer became a customer."""
    found = _receipt_context(request, token)
    if found is None:
        return HttpResponseRedirect(reverse("pay", args=[token]))
    return render(request, "desk/receipt.html", found)


@never_cache
@require_safe
def receipt_state(request: HttpRequest, token: str) -> HttpResponse:
    """What became of the payer's consent, and the contact card that comes with it."""
    found = _receipt_context(request, token)
    if found is None:
        raise Http404
    return render(request, "desk/parts/became.html", found)


def _receipt_context(request: HttpRequest, token: str) -> dict[str, Any] | None:
    """What the receipt shows; None for whoever neither paid nor bought."""
    order = order_by_live_code(token)
    if order is None:
        raise Http404
    payment = counted_payment(order)
    viewer = request.user if isinstance(request.user, Person) else None
    if payment is None or viewer is None or viewer.pk not in (payment.payer_id, order.buyer_id):
        return None
    return {
        "order": order,
        "merchant": order.merchant,
        "payment": payment,
        "sheet": sheet_of(order),
        "is_buyer": order.buyer_id == viewer.pk,
        "is_payer": payment.payer_id == viewer.pk,
        "became": _became(payment),
        "card": contact_card_for(order),
        "became_url": reverse("receipt_state", args=[token]),
        "tab": "orders",
    }


def _became(payment: Payment) -> str:
    """`created`, `came_back`, `coming` (agreed, not taken in yet) or `not_asked`."""
    run = ConversionRun.objects.filter(payment=payment).first()
    if run is not None:
        return "created" if run.kind == RunKind.CREATED else "came_back"
    return "coming" if payment.consent else "not_asked"
