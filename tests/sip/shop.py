"""The shop of these tests: its orders by API, its calls from the telephony server's tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from common import clock, drains
from orders.flows.add_feed import FeedAsk, add_feed
from orders.flows.end_feed import end_feed
from orders.models import Binding, CallRules, Order, PhoneFeed, ServiceNumber, Trust
from tests.cast import Caller, Cast, make_phone
from tests.sip.server import TIME_ZONE
from tests.sip.tables import Tables
from tests.start.house import wait_until

NUMBERS = [f"+86216000{place:04}" for place in range(1001, 1021)]
_TOLD_SECONDS = 15.0


class Shop:
    """A shop with a pool of numbers, read from one telephony server."""

    def __init__(self, cast: Cast, tables: Tables) -> None:
        self._cast = cast
        for number in NUMBERS:
            assert cast.owner_key.post("service-numbers", {"number": number}).status == 201
        # Only callers of whom at least the trunk is sure redeem here.
        CallRules.objects.create(merchant=cast.merchant, least_trust=Trust.TRUNK)
        settings = {"dsn": tables.dsn, "time_zone": TIME_ZONE}
        self._feed = add_feed(cast.merchant, FeedAsk("kamailio", "Our server", settings, poll_seconds=1))

    def close(self) -> None:
        """Nobody reads the server's tables for this shop any more."""
        end_feed(self._cast.merchant, self._feed.pk)

    # --- people -----------------------------------------------------------------------

    @property
    def buyer_phone(self) -> str:
        """The number of the buyer who pays."""
        return str(self._cast.buyer.phone)

    @property
    def other_phone(self) -> str:
        """The number of another buyer."""
        return str(self._cast.second_buyer.phone)

    @property
    def stranger_phone(self) -> str:
        """A number that has bought nothing."""
        return make_phone()

    # --- orders -----------------------------------------------------------------------

    def paid_order(self, payer: Caller | None = None) -> dict[str, Any]:
        """An order to be redeemed by call; a number is bound by paying it."""
        order = self._cast.order(self._cast.call_product)
        assert order["service_number"] is None
        assert self._cast.pay(payer or self._cast.buyer_key, order).status == 201
        paid = self.order(order["id"])
        assert (paid["state"], paid["service_number"] in NUMBERS) == ("paid", True)
        return paid

    def paid_order_of_another(self) -> dict[str, Any]:
        """The same by the other buyer."""
        return self.paid_order(self._cast.second_key)

    def order(self, order_id: str) -> dict[str, Any]:
        """An order as it stands now."""
        return dict(self._cast.owner_key.get(f"orders/{order_id}").body)

    def states(self, *orders: dict[str, Any]) -> list[str]:
        """The states of several."""
        return [self.order(order["id"])["state"] for order in orders]

    def binding_end(self, order: dict[str, Any]) -> str:
        """Why its number no longer means this order; empty while it does."""
        row = Order.objects.get(number=order["number"], merchant=self._cast.merchant)
        return Binding.objects.get(order=row).end_reason

    def keep_one_number(self) -> None:
        """Only one number of the pool is left to give out."""
        others = ServiceNumber.objects.filter(merchant=self._cast.merchant).exclude(number=NUMBERS[0])
        others.update(retired_at=clock.now())

    # --- calls ------------------------------------------------------------------------

    def outcome(self, call_id: str) -> tuple[str, str | None]:
        """What a call did and why, once it is known."""
        assert wait_until(lambda: self._is_decided(call_id), _TOLD_SECONDS), self._feed_said()
        record = self.record(call_id)
        assert record is not None
        return record["match"], record["reason"]

    def ended_record(self, call_id: str) -> dict[str, Any]:
        """A call's record once its end is known."""

        def has_ended() -> bool:
            self.poll()
            return bool((self.record(call_id) or {}).get("ended_at"))

        assert wait_until(has_ended, _TOLD_SECONDS), self._feed_said()
        return self.record(call_id) or {}

    def talked_seconds(self, record: dict[str, Any]) -> float:
        """From answered to ended."""
        answered, ended = (datetime.fromisoformat(record[name]) for name in ("answered_at", "ended_at"))
        return (ended - answered).total_seconds()

    def record(self, call_id: str) -> dict[str, Any] | None:
        """A call's record, if there is one."""
        found = self._records(call_id)
        return found[0] if found else None

    def records_of(self, call_id: str) -> int:
        """How many records there are of one call."""
        return len(self._records(call_id))

    def poll(self) -> None:
        """What beat does now and then: ask every feed that is due, match what waits."""
        PhoneFeed.objects.filter(pk=self._feed.pk).update(due_at=clock.now())
        drains.run("poll_feeds")
        drains.run("match_calls")

    def _records(self, call_id: str) -> list[dict[str, Any]]:
        found = self._cast.owner_key.get("call-records", limit=100).body["results"]
        return [record for record in found if record["call_id"] == call_id]

    def _is_decided(self, call_id: str) -> bool:
        self.poll()
        record = self.record(call_id)
        return record is not None and record["match"] != "waiting"

    def _feed_said(self) -> str:
        self._feed.refresh_from_db()
        return f"nothing decided; the feed's error: {self._feed.error!r}"
