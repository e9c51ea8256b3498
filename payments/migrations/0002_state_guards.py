"""The steps that a payment's and a return's state may take, held by the database too."""

from typing import ClassVar

from django.db import migrations

from common.states import guard

PAYMENT_STEPS = [
    ("pending", "succeeded"),
    ("pending", "failed"),
    ("pending", "unknown"),
    ("unknown", "succeeded"),
    ("unknown", "failed"),
    ("succeeded", "refunded"),
    ("succeeded", "reversed"),
]
RETURN_STEPS = [
    ("sending", "succeeded"),
    ("sending", "failed"),
    ("sending", "unknown"),
    ("unknown", "succeeded"),
    ("unknown", "failed"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("payments", "0001_initial")]
    operations: ClassVar = [
        guard("payments_payment", PAYMENT_STEPS),
        guard("payments_return", RETURN_STEPS),
    ]
