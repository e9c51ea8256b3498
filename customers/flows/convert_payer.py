"""The conversion block's door: whoever paid with consent becomes a customer (FLOWS 5).

Called with `order.paid` events, in the transaction that marks their receipts done. The same event
may come again, and at once in several processes: a customer is unique per merchant and person, a
run per payment, and only what inserted the run goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from common import ids, locking, outbox
from common.models import OutboxEvent
from common.rows import insert_together
from customers.flows.begin_steps import begin_steps
from customers.models import ConversionRun, Customer, RunKind
from customers.paid import Paid, Pair


class CustomerVanished(RuntimeError):
    """A customer was erased while its payment was taken in; the event comes again."""


def convert_payers(events: Sequence[OutboxEvent]) -> None:
    """Create or touch the customers, once per payment, and begin their steps.

    Without consent nobody is made a customer; who is one already came back.
    """
    paid = _not_taken_in([Paid.of(event) for event in events])
    locking.ascend_to(locking.Rank.CUSTOMER)
    made = _make_customers([one for one in paid if one.consent])
    known = _customers({one.pair for one in paid})
    if any(one.consent and one.pair not in known for one in paid):
        raise CustomerVanished
    counted = {one.payment_id: one for one in paid if _counts(one, known.get(one.pair))}
    runs = _insert_runs([_run(one, known[one.pair], made) for one in counted.values()])
    insert_together([_event(run, counted[run.payment_id].order_id) for run in runs])
    if runs:
        outbox.announce()
        begin_steps([run for run in runs if run.consent])


def _not_taken_in(paid: Sequence[Paid]) -> list[Paid]:
    """Without those that were taken in before: they must not make anew whom an erasure removed."""
    before = ConversionRun.objects.filter(payment_id__in=[one.payment_id for one in paid])
    taken_in = set(before.values_list("payment_id", flat=True))
    return [one for one in paid if one.payment_id not in taken_in]


def _counts(paid: Paid, customer: Customer | None) -> bool:
    """Whether it is a customer's payment: one that agreed, or came after the yes."""
    return customer is not None and (paid.consent or paid.at > customer.consent_at)


def _make_customers(paid: Sequence[Paid]) -> set[UUID]:
    """Insert who is missing, in one order everywhere; the ids that this call inserted, or tried to."""
    first: dict[Pair, Paid] = {}
    for one in paid:
        first.setdefault(one.pair, one)
    missing = [first[pair] for pair in sorted(first.keys() - _customers(first.keys()).keys())]
    made = [
        Customer(
            merchant_id=one.merchant_id,
            person_id=one.person_id,
            channel=one.channel,
            printed_code_id=one.printed_code_id,
            first_order_id=one.order_id,
            first_payment_id=one.payment_id,
            consent_at=one.at,
            created_at=one.at,
        )
        for one in missing
    ]
    Customer.objects.bulk_create(made, ignore_conflicts=True)
    return {customer.pk for customer in made}


def _customers(pairs: Collection[Pair]) -> dict[Pair, Customer]:
    found = Customer.objects.select_related("merged_into").filter(
        merchant_id__in={merchant_id for merchant_id, _person_id in pairs},
        person_id__in={person_id for _merchant_id, person_id in pairs},
    )
    by_pair = {(one.merchant_id, one.person_id): one for one in found if one.person_id}
    return {pair: by_pair[pair] for pair in pairs if pair in by_pair}


def _run(paid: Paid, customer: Customer, made: Collection[UUID]) -> ConversionRun:
    """The first payment of a customer that this call made is the one that created it."""
    created = customer.pk in made and customer.first_payment_id == paid.payment_id
    return ConversionRun(
        customer=customer,
        payment_id=paid.payment_id,
        kind=RunKind.CREATED if created else RunKind.CAME_BACK,
        consent=paid.consent,
        channel=paid.channel,
        printed_code_id=paid.printed_code_id,
        at=paid.at,
    )


def _insert_runs(runs: Sequence[ConversionRun]) -> list[ConversionRun]:
    """Insert them in one order everywhere; only those that nobody had inserted before."""
    ordered = sorted(runs, key=lambda run: run.payment_id)
    ConversionRun.objects.bulk_create(ordered, ignore_conflicts=True)
    mine = ConversionRun.objects.filter(pk__in=[run.pk for run in ordered])
    inserted = set(mine.values_list("pk", flat=True))
    return [run for run in ordered if run.pk in inserted]


def _event(run: ConversionRun, order_id: UUID) -> OutboxEvent:
    customer = run.customer.merged_into or run.customer
    told = outbox.event(
        f"customer.{run.kind}",
        customer.public_id,
        merchant_id=customer.merchant_id,
        customer=customer.public_id,
        order=ids.public_id("ord", order_id),
        payment=ids.public_id("pay", run.payment_id),
        source=customer.source,
        channel=run.channel,
        printed_code=ids.public_id("cod", run.printed_code_id) if run.printed_code_id else None,
        consent=run.consent,
    )
    told.at = run.at  # the day of the payment is the day that figures count it
    return told
