"""Reads of customers, always scoped to a merchant; each costs the same however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Max, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext as _

from common.phones import to_e164
from common.refusals import FieldProblem, InvalidInput
from common.search import holding
from customers.default_steps import default_steps
from customers.models import ConversionStep, Customer, CustomerTag, Tag
from customers.steps.contact_card import ContactCardStep
from merchants.models import Merchant, Person
from orders.models import Order
from payments.models import Payment, PaymentKind, PaymentState

MAX_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Totals:
    """What a customer bought: orders paid and not wholly refunded, what was paid for them and kept."""

    orders: int
    spent_minor: int
    currency: str
    last_order_at: datetime | None


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """What a customer list is narrowed to. `phone` is E.164."""

    phone: str = ""
    q: str = ""
    tag: str = ""
    channel: str = ""

    @classmethod
    def of_query(cls, merchant: Merchant, query: Mapping[str, str]) -> CustomerFilter:
        """Read the filters of an address; raises `InvalidInput` for what they don't take."""
        texts = {name: query.get(name, "").strip() for name in ("q", "tag", "channel")}
        problems = [
            FieldProblem(name, "invalid", _("At most %(most)d characters.") % {"most": MAX_SEARCH})
            for name, text in texts.items()
            if len(text) > MAX_SEARCH or "\x00" in text
        ]
        phone = _phone(merchant, query.get("phone", ""))
        if phone is None:
            problems.append(FieldProblem("phone", "invalid_phone", _("Not a phone number.")))
        if problems:
            raise InvalidInput(*problems)
        return cls(phone or "", **texts)


def _phone(merchant: Merchant, text: str) -> str | None:
    """E.164, "" for no filter, None for what is no number. A bare "+" arrives as a blank."""
    if not text.strip():
        return ""
    return to_e164("+" + text[1:] if text[0] == " " else text, merchant.region)


def customers_of(merchant: Merchant, narrowed: CustomerFilter | None = None) -> QuerySet[Customer]:
    """The merchant's customers, with all that a list shows of each but the totals (`totals_of`)."""
    customers = _listed(merchant)
    if narrowed is None:
        return customers
    if narrowed.phone:
        customers = customers.filter(_whose(merchant, Q(person__phone=narrowed.phone)))
    if narrowed.tag:
        customers = customers.filter(pk__in=_tagged(merchant, narrowed.tag))
    if narrowed.channel:
        customers = customers.filter(channel=narrowed.channel)
    if narrowed.q:
        customers = customers.filter(_search(merchant, narrowed.q))
    return customers


def _listed(merchant: Merchant) -> QuerySet[Customer]:
    links = CustomerTag.objects.select_related("tag").order_by(Lower("tag__name"))
    return (
        Customer.objects.filter(merchant=merchant, merged_into=None, erased_at=None)
        .select_related("person", "assigned_to__person", "printed_code")
        .prefetch_related(Prefetch("tag_links", links))
    )


def _whose(merchant: Merchant, person: Q) -> Q:
    """Customers whose person fits, or that of one who was merged into them."""
    fitting = Customer.objects.filter(person, merchant=merchant)
    return Q(pk__in=fitting.annotate(living=Coalesce("merged_into_id", "id")).values("living"))


def _tagged(merchant: Merchant, name: str) -> QuerySet[CustomerTag, UUID]:
    tags = Tag.objects.filter(merchant=merchant).alias(lower=Lower("name")).filter(lower=name.lower())
    return CustomerTag.objects.filter(tag__in=tags).values_list("customer_id", flat=True)


def _search(merchant: Merchant, text: str) -> Q:
    """By phone; any other text is looked for in names and is a tag's whole name."""
    phone = to_e164(text, merchant.region)
    if phone is not None:
        return _whose(merchant, Q(person__phone=phone))
    named = holding(Person.objects.all(), "name", text).values("pk")
    return _whose(merchant, Q(person__in=named)) | Q(pk__in=_tagged(merchant, text))


def customer_of(merchant: Merchant, customer_id: UUID | None) -> Customer | None:
    """One customer of the merchant; None for anybody else's, merged and erased ones."""
    return _listed(merchant).filter(pk=customer_id).first() if customer_id else None


def customer_for(merchant: Merchant, person: Person) -> Customer | None:
    """The customer that a person is for the merchant, merges followed; None for who is none."""
    return _listed(merchant).filter(_whose(merchant, Q(person=person))).first()


def family_of(customers: Iterable[Customer]) -> dict[UUID, Customer]:
    """Everybody who is part of these customers, themselves and merged ones, by id; one query."""
    chosen = [customer.pk for customer in customers]
    return Customer.objects.filter(Q(pk__in=chosen) | Q(merged_into__in=chosen)).in_bulk()


def totals_of(merchant: Merchant, customers: Sequence[Customer]) -> dict[UUID, Totals]:
    """What each of these customers bought from the merchant; two queries, however many they are."""
    if not customers:
        return {}
    living = {
        one.person_id: one.merged_into_id or one.pk for one in family_of(customers).values() if one.person_id
    }
    parts: dict[UUID, list[tuple[int, int, datetime]]] = defaultdict(list)
    for payer_id, orders, spent, last in _sums(merchant, list(living)):
        parts[living[payer_id]].append((orders, spent, last))
    return {customer.pk: _total(parts[customer.pk], merchant.currency) for customer in customers}


def _sums(merchant: Merchant, payer_ids: Sequence[UUID]) -> Iterable[tuple[UUID, int, int, datetime]]:
    counted = Payment.objects.filter(
        merchant=merchant, payer__in=payer_ids, kind=PaymentKind.ORDER, state=PaymentState.SUCCEEDED
    )
    spent = Sum(F("amount_minor") - F("deduction_minor") - F("returned_minor"))
    grouped = counted.order_by().values_list("payer_id")
    return grouped.annotate(orders=Count("id"), spent=spent, last=Max("settled_at"))


def _total(parts: Sequence[tuple[int, int, datetime]], currency: str) -> Totals:
    return Totals(
        orders=sum(orders for orders, _spent, _last in parts),
        spent_minor=sum(spent for _orders, spent, _last in parts),
        currency=currency,
        last_order_at=max((last for _orders, _spent, last in parts), default=None),
    )


def tags_of(merchant: Merchant) -> QuerySet[Tag]:
    """The merchant's tags, by name."""
    return Tag.objects.filter(merchant=merchant).order_by(Lower("name"))


def steps_of(merchant: Merchant) -> list[ConversionStep]:
    """The merchant's steps in order; the default, unsaved, where nothing was ever arranged."""
    steps = ConversionStep.objects.filter(merchant=merchant).order_by("position")
    present = list(steps.filter(retired_at=None))
    return present if present or steps.exists() else default_steps(merchant.pk)


@dataclass(frozen=True, slots=True)
class ContactCard:
    """Whom to turn to, as the merchant wrote it."""

    name: str
    phone: str
    note: str


def contact_card_for(order: Order) -> ContactCard | None:
    """The merchant's card for the receipt of a paid order; None where there is none to be shown.

    Shown where the merchant's steps have it and the payer agreed to become a customer, or is one.
    """
    merchant = order.merchant
    if not (merchant.contact_name or merchant.contact_phone):
        return None
    if all(step.kind != ContactCardStep.name for step in steps_of(merchant)):
        return None
    counted = (
        Payment.objects.filter(order=order, state=PaymentState.SUCCEEDED).select_related("payer").first()
    )
    if counted is None or not (counted.consent or customer_for(merchant, counted.payer)):
        return None
    return ContactCard(merchant.contact_name, merchant.contact_phone, merchant.contact_note)
