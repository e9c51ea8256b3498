"""A worker that is really killed half-way through a chunk, and another one that goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from common import drains, ids
from common.models import OutboxEvent
from coupons.models import Campaign, Coupon
from customers.flows.begin_segment import DRAIN, begin_segment
from customers.models import SegmentRun
from customers.segments import Segment
from tests.cast import Cast
from tests.coupons.made import a_campaign
from tests.customers.stage import make_customer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committed", "agrees")]

MANY = 6
WORKER = """
import os, signal, sys
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django
django.setup()
from customers.flows import issue_to_segments as flow
from uuid import UUID
flow.CHUNK, note, chunks = 2, flow._note, []
def die(*told):
    chunks.append(told)
    if len(chunks) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return note(*told)
flow._note = die
while True:
    flow._step(UUID(sys.argv[2]))
"""
"""Gathers, gives one chunk, and dies in the next: its coupons are written, its members not yet."""


def test_killed_between_the_coupons_of_a_chunk_and_its_members(cast: Cast) -> None:
    for _number in range(MANY):
        make_customer(cast.merchant)
    campaign = a_campaign(cast, per_buyer_limit=1)
    run = begin_segment(cast.merchant, campaign.pk, Segment(), ids.new_id())
    name = str(connection.settings_dict["NAME"])
    worker = subprocess.run(
        [sys.executable, "-c", WORKER, name, run.pk.hex],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert worker.returncode == -signal.SIGKILL, worker.stderr
    half_way = SegmentRun.objects.get(pk=run.pk)
    assert (half_way.state, half_way.given_count) == ("giving", 2)
    assert Coupon.objects.filter(campaign=campaign).count() == 2
    drains.run(DRAIN)
    now = SegmentRun.objects.get(pk=run.pk)
    assert (now.state, now.given_count, now.at_limit_count) == ("done", MANY, 0)
    assert Coupon.objects.filter(campaign=campaign).count() == MANY
    assert Campaign.objects.get(pk=campaign.pk).issued_count == MANY
    told = OutboxEvent.objects.filter(name="coupon.issued", payload__campaign=campaign.pk.hex)
    assert told.count() == MANY
