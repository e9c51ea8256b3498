"""Putting money into a wallet through a gateway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext as _

from common import clock, ids, locking
from common.refusals import FieldProblem, InvalidInput
from merchants.models import Person
from payments.flows.charge_gateway import charge_gateway, refuse_if_failed
from payments.gateways.base import names
from payments.models import Payment, PaymentKind, PaymentState
from payments.refusals import TopUpLimit


@dataclass(frozen=True, slots=True)
class TopUpAsk:
    """How much, from where; `id` names the payment beforehand."""

    person: Person
    amount_minor: int
    currency: str
    gateway: str
    scenario: str = ""
    channel: str = "api"
    id: UUID | None = None


def top_up_wallet(ask: TopUpAsk) -> Payment:
    """Make the top-up's payment and call the gateway.

    Raises `TopUpLimit`, `PaymentDeclined`, `WrongAmount`, and `InvalidInput` for an
    unknown gateway, currency or scenario.
    """
    if ask.gateway not in names():
        raise InvalidInput(FieldProblem("gateway", "unknown_gateway", _("No such gateway.")))
    if ask.currency not in settings.CURRENCIES:
        raise InvalidInput(FieldProblem("currency", "unknown_currency", _("No wallet has this currency.")))
    if ask.id is not None:
        earlier = Payment.objects.filter(pk=ask.id, payer=ask.person).first()
        if earlier is not None:
            return refuse_if_failed(earlier)
    payment = charge_gateway(
        Payment(
            id=ask.id or ids.new_id(),
            kind=PaymentKind.TOP_UP,
            payer=ask.person,
            source=ask.gateway,
            amount_minor=ask.amount_minor,
            currency=ask.currency,
            channel=ask.channel,
            scenario=ask.scenario,
            created_at=clock.now(),
        ),
        f"{settings.BASE_URL}/me/",
        admit=partial(_refuse_over_limit, ask),
    )
    return refuse_if_failed(payment)


def _refuse_over_limit(ask: TopUpAsk) -> None:
    """One person's top-ups are counted one after the other, each with those before it."""
    locking.wait_in_transaction(f"top-up:{ask.person.pk}")
    today = Payment.objects.filter(
        payer=ask.person,
        kind=PaymentKind.TOP_UP,
        currency=ask.currency,
        created_at__gte=clock.now() - timedelta(days=1),
    ).exclude(state=PaymentState.FAILED)
    asked = today.aggregate(total=Sum("amount_minor"))["total"] or 0
    if asked + ask.amount_minor > settings.TOP_UP_DAILY_LIMIT_MINOR:
        raise TopUpLimit
