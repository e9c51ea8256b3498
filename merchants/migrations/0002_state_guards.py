"""The steps that a webhook delivery's state may take, held by the database too."""

from typing import ClassVar

from django.db import migrations

from common.states import guard

DELIVERY_STEPS = [
    ("waiting", "delivered"),
    ("waiting", "given_up"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("merchants", "0001_initial")]
    operations: ClassVar = [
        guard("merchants_webhookdelivery", DELIVERY_STEPS),
    ]
