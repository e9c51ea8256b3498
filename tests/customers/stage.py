"""What the tests of customers are made from: payers, their events, the merchant's steps."""

from __future__ import annotations

from typing import Any

from common import drains, locking
from common.models import OutboxEvent
from customers.flows.convert_payer import convert_payers
from customers.flows.run_steps import DRAIN
from customers.flows.save_steps import StepWish, save_steps
from customers.models import Customer, StepRun
from merchants.models import Merchant, Person
from orders.flows.place_order import Line, Placement, place_order
from orders.models import Order, PrintedCode, Product
from payments.flows.pay_order import PayAsk, pay_order
from payments.models.payments import WALLET
from tests.cast import make_buyer, make_product

OUTBOX = "outbox"


def wallet_buyer(**fields: Any) -> Person:
    """A buyer with money; `fields` as on the model."""
    buyer = make_buyer(1_000_000)
    for name, value in fields.items():
        setattr(buyer, name, value)
    buyer.save()
    return buyer


def buy(
    merchant: Merchant,
    payer: Person,
    *,
    consent: bool = True,
    product: Product | None = None,
    code: PrintedCode | None = None,
    channel: str = "shop",
) -> Order:
    """An order placed and paid; its event waits in the outbox."""
    line = Line((product or make_product(merchant, 1_000)).pk, 1)
    placed = place_order(
        Placement(merchant, [line], channel=code.kind if code else channel, printed_code=code)
    )
    pay_order(PayAsk(placed.order.live_token, payer, WALLET, consent))
    return Order.objects.get(pk=placed.order.pk)


def paid_event(order: Order) -> OutboxEvent:
    """The event that tells of its payment."""
    return OutboxEvent.objects.get(subject=order.public_id, name="order.paid")


def convert(*orders: Order) -> None:
    """Hand the events of these orders to the consumer, in one transaction, as the outbox does."""
    with locking.transaction():
        convert_payers([paid_event(order) for order in orders])


def take_in() -> None:
    """Run the outbox and the steps until nothing is due."""
    drains.run(OUTBOX)
    run_due()


def run_due() -> int:
    """Run the steps that are due; how many."""
    return drains.run(DRAIN)


def customer_of(merchant: Merchant, person: Person) -> Customer:
    """The row of one who is a customer."""
    return Customer.objects.get(merchant=merchant, person=person)


def make_customer(merchant: Merchant, **fields: Any) -> Customer:
    """A new customer of the merchant, who bought once."""
    buyer = wallet_buyer(**fields)
    convert(buy(merchant, buyer))
    return customer_of(merchant, buyer)


def arrange(merchant: Merchant, *wishes: StepWish) -> None:
    """The merchant's steps."""
    save_steps(merchant, wishes)


def message(channel: str, text: str = "Welcome {name}", **more: Any) -> StepWish:
    """A wish for a message step."""
    return StepWish("message", {"channel": channel, "text": text, **more})


def steps_of(customer: Customer) -> list[StepRun]:
    """All steps of all runs of a customer, in order."""
    return list(StepRun.objects.filter(run__customer=customer).order_by("run_id", "position"))


def told(merchant: Merchant, name: str) -> list[OutboxEvent]:
    """The merchant's events of a name, oldest first."""
    return list(OutboxEvent.objects.filter(merchant_id=merchant.pk, name=name).order_by("pk"))


class BrokenSender:
    """An SMS provider that is down."""

    def send(self, phone: str, text: str) -> None:
        raise ConnectionError(f"no route to provider for {phone}")


class CollectingSender:
    """An SMS provider that takes everything, and shows it."""

    sent: list[tuple[str, str]] = []  # noqa: RUF012 - one for all, as a provider is

    def send(self, phone: str, text: str) -> None:
        self.sent.append((phone, text))
