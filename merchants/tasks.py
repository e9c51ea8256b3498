"""Celery's edge: importing the drains makes them known to worker and beat."""

from __future__ import annotations

from merchants.flows.deliver_webhooks import deliver_webhooks
from merchants.flows.send_invitations import send_invitations
from merchants.housekeeping import old_deliveries

__all__ = ["deliver_webhooks", "old_deliveries", "send_invitations"]
