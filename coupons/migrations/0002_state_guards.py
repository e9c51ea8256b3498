"""The steps that a campaign's and a coupon's state may take, held by the database too."""

from typing import ClassVar

from django.db import migrations

from common.states import guard

CAMPAIGN_STEPS = [
    ("active", "paused"),
    ("paused", "active"),
    ("active", "closed"),
    ("paused", "closed"),
]
COUPON_STEPS = [
    ("issued", "armed"),
    ("armed", "issued"),
    ("armed", "locked"),
    ("issued", "locked"),
    ("locked", "used"),
    ("locked", "issued"),
    ("used", "issued"),
    ("used", "expired"),
    ("issued", "expired"),
    ("issued", "revoked"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("coupons", "0001_initial")]
    operations: ClassVar = [
        guard("coupons_campaign", CAMPAIGN_STEPS),
        guard("coupons_coupon", COUPON_STEPS),
    ]
