"""The ways that a step's state may take, held by the database too."""

from typing import ClassVar

from django.db import migrations

from common.states import guard

STEP_RUN_STEPS = [
    ("waiting", "done"),
    ("waiting", "given_up"),
    ("given_up", "waiting"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0001_initial")]
    operations: ClassVar = [
        guard("customers_steprun", STEP_RUN_STEPS),
    ]
