"""Refunds, their photos, what counts towards a buyer's reputation, merchants' policies."""

from refunds.models.policies import DeadlineOutcome, RedeemedUnits, RefundPolicy
from refunds.models.refunds import DECIDABLE, Photo, Refund, RefundState
from refunds.models.reputation import ReputationEvent, Standing
from refunds.models.tallies import MerchantDay

__all__ = [
    "DECIDABLE",
    "DeadlineOutcome",
    "MerchantDay",
    "Photo",
    "RedeemedUnits",
    "Refund",
    "RefundPolicy",
    "RefundState",
    "ReputationEvent",
    "Standing",
]
