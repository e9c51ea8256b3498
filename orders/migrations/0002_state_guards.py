"""The steps that states of orders, items, calls and objections may take, held by the database too."""

from typing import ClassVar

from django.db import migrations

from common.states import guard

ORDER_STEPS = [
    ("placed", "paid"),
    ("placed", "cancelled"),
    ("placed", "expired"),
    ("paid", "redeemed"),
    ("paid", "refunded"),
    ("paid", "expired"),
    ("redeemed", "paid"),
    ("redeemed", "refunded"),
]
ITEM_STEPS = [
    ("issued", "redeemed"),
    ("issued", "refunded"),
    ("redeemed", "issued"),
    ("redeemed", "refunded"),
]
CALL_STEPS = [
    ("waiting", "redeemed"),
    ("waiting", "unmatched"),
    ("waiting", "ignored"),
    ("unmatched", "redeemed"),
    ("unmatched", "ignored"),
    ("unmatched", "waiting"),
    ("ignored", "redeemed"),
    ("ignored", "waiting"),
]
OBJECTION_STEPS = [
    ("waiting", "upheld"),
    ("waiting", "dismissed"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("orders", "0001_initial")]
    operations: ClassVar = [
        guard("orders_order", ORDER_STEPS),
        guard("orders_item", ITEM_STEPS),
        guard("orders_callrecord", CALL_STEPS),
        guard("orders_objection", OBJECTION_STEPS),
    ]
