"""What the clients were promised, held against the till's books; pure, so that it can be tested itself.

`asks` are the clients' logs (`kill_clients.Ask`), `books` what `kill_books.dump` gave after all came to rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from tests.faults.kill_clients import Ask

Books = dict[str, Any]
COUNTED = ("succeeded", "refunded", "reversed")
KEPT = ("placed", "paid", "redeemed")
ONCE_EACH = (
    "order.placed",
    "order.paid",
    "order.cancelled",
    "order.expired",
    "order.redeemed",
    "item.redeemed",
    "item.released",
    "payment.failed",
    "payment.returning",
    "payment.returned",
    "wallet.topped_up",
    "payment.collected",
    "payment.reversed",
)


def wrongs(asks: Sequence[Ask], books: Books, stock: int) -> list[str]:
    """Everything that is not as it must be; nothing when all is well."""
    return [
        *_placed(asks, books),
        *_paid(asks, books),
        *_topped_up(asks, books),
        *_cancelled_and_redeemed(asks, books),
        *_collected(asks, books),
        *_reversed(asks, books),
        *_coupons(books),
        *_orders(books),
        *_wallets(books),
        *_provider(books),
        *_customers(books),
        *_events(books),
        *_stock(books, stock),
    ]


# --- promises -----------------------------------------------------------------------------


def _placed(asks: Sequence[Ask], books: Books) -> Iterator[str]:
    """An order answered is there, once for its key; one refused is not there."""
    found = defaultdict(list)
    for order in books["orders"]:
        found[order["note"]].append(order["id"])
    for ask in (ask for ask in asks if ask.what == "place"):
        made = found.pop(ask.key, [])
        if len(made) > 1:
            yield f"{ask.key}: placed {len(made)} times"
        if ask.status == 201 and ask.answer["id"] not in made:
            yield f"{ask.key}: answered {ask.answer['id']}, the books have {made}"
        if ask.status not in (0, 201) and made:
            yield f"{ask.key}: refused with {ask.status}, the books have {made}"
    yield from (f"nobody asked for the order {made}" for made in found.values())


def _paid(asks: Sequence[Ask], books: Books) -> Iterator[str]:
    """A payment answered is there; one that succeeded counts; no more of them than were asked for."""
    payments = {one["id"]: one for one in books["payments"]}
    asked: Counter[tuple[str, ...]] = Counter()
    hopeful: Counter[tuple[str, ...]] = Counter()
    answered: Counter[str] = Counter()
    for ask in (ask for ask in asks if ask.what == "pay"):
        kind: tuple[str, ...] = (ask.who, ask.order, ask.body["source"], ask.body.get("scenario", ""))
        asked[kind] += 1
        hopeful[kind] += ask.status in (0, 201)
        if ask.status == 201:
            answered[ask.answer["id"]] += 1
            yield from _held(ask, payments.get(ask.answer["id"]))
    made = [one for one in payments.values() if one["kind"] == "order"]
    for kind, many in Counter(map(_kind, made)).items():
        if many > asked[kind]:
            yield f"{kind}: {many} payments, asked for {asked[kind]} times"
    for kind, many in Counter(_kind(one) for one in made if one["state"] in COUNTED).items():
        if many > hopeful[kind]:
            yield f"{kind}: {many} payments count, but only {hopeful[kind]} were not refused"
    yield from (f"{payment} answered {many} keys" for payment, many in answered.items() if many > 1)


def _kind(payment: dict[str, Any]) -> tuple[str, ...]:
    return payment["payer"], payment["order"], payment["source"], payment["scenario"]


def _held(ask: Ask, payment: dict[str, Any] | None) -> Iterator[str]:
    said = ask.answer
    if payment is None:
        yield f"{ask.key}: answered {said['id']}, which is not in the books"
    elif payment["payer"] != ask.who or payment["order"] != ask.order:
        yield f"{ask.key}: {said['id']} is of somebody else"
    elif said["state"] == "succeeded" and payment["state"] not in COUNTED:
        yield f"{ask.key}: answered succeeded, is {payment['state']}"
    elif said["state"] == "failed":
        yield f"{ask.key}: 201 with failed"


def _topped_up(asks: Sequence[Ask], books: Books) -> Iterator[str]:
    """Each top-up has an amount of its own."""
    found = defaultdict(list)
    for one in books["payments"]:
        if one["kind"] == "top_up" and one["channel"] == "api":
            found[one["amount"]].append(one)
    for ask in (ask for ask in asks if ask.what == "top_up"):
        made = found.pop(ask.body["amount"], [])
        if len(made) > 1:
            yield f"{ask.key}: topped up {len(made)} times"
        if ask.status == 201:
            payment = next((one for one in made if one["id"] == ask.answer["id"]), None)
            yield from _held(ask, payment)
    yield from (f"nobody asked for the top-up {made}" for made in found.values())


def _cancelled_and_redeemed(asks: Sequence[Ask], books: Books) -> Iterator[str]:
    """A cancelled order was never paid; what was redeemed stays redeemed."""
    orders = {one["id"]: one for one in books["orders"]}
    for ask in (ask for ask in asks if ask.status == 200 and ask.what in ("cancel", "redeem")):
        order = orders.get(ask.order)
        if order is None:
            yield f"{ask.key}: {ask.order} is not there"
        elif ask.what == "cancel" and (order["state"] != "cancelled" or order["was_paid"]):
            yield f"{ask.key}: cancelled, but {order['id']} is {order['state']}"
        elif ask.what == "redeem":
            said = [item["id"] for item in ask.answer["items"] if item["state"] == "redeemed"]
            lost = [item for item in said if order["items"][item] != "redeemed"]
            if lost or not said:
                yield f"{ask.key}: {said} were redeemed, {lost} are not"


def _collected(asks: Sequence[Ask], books: Books) -> Iterator[str]:
    """A sale answered is there, one for its reference however often it was asked; one refused is not."""
    sales = {one["reference"]: one for one in books["payments"] if one["kind"] == "till"}
    asked = defaultdict(list)
    for ask in (ask for ask in asks if ask.what == "collect"):
        asked[ask.body["reference"]].append(ask)
    for reference, those in asked.items():
        sale = sales.pop(reference, None)
        if sale is not None and all(ask.status not in (0, 201) for ask in those):
            yield f"{reference}: refused, the books have {sale}"
        for said in (ask.answer for ask in those if ask.status == 201):
            there = sale and (sale["id"], sale["amount"], sale["deduction"])
            if there != (said["id"], said["amount"], said["deduction"]):
                yield f"{reference}: answered {said}, the books have {sale}"
        if sale is not None and (sale["state"] not in COUNTED or sale["payer"] != those[0].who):
            yield f"{reference}: {sale}, asked for by {those[0].who}"
    yield from (f"nobody asked for the sale {left}" for left in sales.values())


def _reversed(asks: Sequence[Ask], books: Books) -> Iterator[str]:
    """A sale is reversed if the till was told so, and only if it has asked."""
    state = {one["id"]: one["state"] for one in books["payments"]}
    asked = [ask for ask in asks if ask.what == "reverse"]
    yield from (
        f"{ask.key}: reversed, but {ask.order} is {state.get(ask.order)}"
        for ask in asked
        if ask.status == 200 and state.get(ask.order) != "reversed"
    )
    hoped = {ask.order for ask in asked if ask.status in (0, 200)}
    yield from (f"nobody reversed {one}" for one in state if state[one] == "reversed" and one not in hoped)


# --- the books among themselves --------------------------------------------------------------


def _orders(books: Books) -> Iterator[str]:
    """An order is paid by exactly one payment of its amount, or by none."""
    counted = defaultdict(list)
    for one in books["payments"]:
        if one["kind"] == "order" and one["state"] in COUNTED:
            counted[one["order"]].append(one)
    for order in books["orders"]:
        paid = [one["amount"] for one in counted.pop(order["id"], [])]
        if paid != ([order["amount"]] if order["state"] in ("paid", "redeemed", "refunded") else []):
            yield f"{order['id']} over {order['amount']} is {order['state']}, paid by {paid}"
        if order["was_paid"] != bool(paid):
            yield f"{order['id']}: paid at {order['was_paid']}, paid by {paid}"
    yield from (f"payments of an order that is not there: {left}" for left in counted.values())


def _coupons(books: Books) -> Iterator[str]:
    """A coupon that a payment took is its payer's, took off what the payment says, and waits for nothing."""
    payments = {one["id"]: one for one in books["payments"]}
    took = {one["id"] for one in books["payments"] if one["deduction"] and one["state"] == "succeeded"}
    for coupon in books["coupons"]:
        payment = payments.get(coupon["payment"])
        if coupon["state"] == "locked":
            yield f"{coupon} is locked by {payment}"
        if coupon["state"] == "used":
            took.discard(coupon["payment"])
            should = (coupon["owner"], coupon["deduction"], "succeeded")
            if payment is None or (payment["payer"], payment["deduction"], payment["state"]) != should:
                yield f"{coupon} was used by {payment}"
    yield from (f"{one} took something off without a coupon" for one in took)


def _wallets(books: Books) -> Iterator[str]:
    """What is in each wallet follows from the payments."""
    sums: Counter[str] = Counter()
    payments = {one["id"]: one for one in books["payments"]}
    for one in books["payments"]:
        if one["state"] in COUNTED and one["kind"] == "top_up":
            sums[one["payer"]] += one["amount"]
        elif one["state"] in COUNTED and one["source"] == "wallet":
            sums[one["payer"]] -= one["amount"] - one["deduction"]
    for sent in books["returns"]:
        payment = payments[sent["payment"]]
        if sent["state"] == "failed" or payment["source"] == "wallet":
            sums[payment["payer"]] += sent["amount"]
    for person, there in books["wallets"].items():
        if there != sums[person]:
            yield f"the wallet of {person} holds {there}, its payments make {sums[person]}"


def _provider(books: Books) -> Iterator[str]:
    """The provider's books and ours agree; what it captured counts, or went back, once."""
    outside = sum(one["captured"] - one["refunded"] for one in books["charges"])
    if outside != -books["gateway"]:
        yield f"the provider holds {outside}, our books say {-books['gateway']}"
    payments = {one["key"]: one for one in books["payments"]}
    for charge in books["charges"]:
        payment = payments.get(charge["key"])
        if payment is None or payment["received"] != charge["captured"]:
            yield f"captured {charge}, received {payment}"
    refunds = {one["key"]: one for one in books["refunds"]}
    to_wallets = {one["id"] for one in books["payments"] if one["source"] == "wallet"}
    for sent in (sent for sent in books["returns"] if sent["payment"] not in to_wallets):
        refund = refunds.pop(sent["key"], None)
        if refund is None or (refund["outcome"], refund["amount"]) != (sent["state"], sent["amount"]):
            yield f"return {sent}, at the provider {refund}"
    yield from (f"a refund that nobody sent: {left}" for left in refunds.values())
    for one in books["payments"]:
        if one["state"] not in COUNTED and one["received"] != one["returned"]:
            yield f"{one['id']} does not count, {one['received']} came and {one['returned']} went back"


def _customers(books: Books) -> Iterator[str]:
    """Whoever paid and agreed is a customer, once."""
    consented = [
        one
        for one in books["payments"]
        if one["kind"] == "order" and one["state"] in COUNTED and one["consent"]
    ]
    should = {one["payer"] for one in consented}
    are: Counter[str] = Counter(books["customers"])
    if should != set(are) or any(many > 1 for many in are.values()):
        yield f"customers {dict(are)}, should be {should}"
    runs: Counter[str] = Counter(books["runs"])
    for one in consented:
        if runs[one["id"]] != 1:
            yield f"{one['id']} was taken in {runs[one['id']]} times"


def _events(books: Books) -> Iterator[str]:
    """What happened is told, and told once."""
    told = Counter(tuple(event) for event in books["events"])
    for event, many in told.items():
        if many > 1 and event[0] in ONCE_EACH:
            yield f"{event} is told {many} times"
    for order in books["orders"]:
        facts = {"order.placed": True, "order.paid": order["was_paid"]}
        facts |= {f"order.{state}": order["state"] == state for state in ("cancelled", "expired", "redeemed")}
        for name, is_so in facts.items():
            if bool(told[name, order["id"], None]) != is_so:
                yield f"{order['id']} is {order['state']}, but {name} is {'not ' * is_so}told"


def _stock(books: Books, stock: int) -> Iterator[str]:
    """What left the stock is in orders that stand."""
    for product, left in books["stock"].items():
        standing = [one for one in books["orders"] if one["product"] == product and one["state"] in KEPT]
        taken = sum(len(order["items"]) for order in standing)
        if left < 0 or left + taken != stock:
            yield f"{product}: {left} left, {taken} in orders, {stock} at first"
