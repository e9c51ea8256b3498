"""Celery's edge: the drains of this app (common/drains.py) are known once this is imported."""

from __future__ import annotations

from payments.flows.ask_gateways import ask_payments, send_returns
from payments.flows.receive_callback import drain_callbacks
from payments.flows.return_unredeemed import return_unredeemed
from payments.gateways.sandbox.courier import send_callbacks

__all__ = ["ask_payments", "drain_callbacks", "return_unredeemed", "send_callbacks", "send_returns"]
