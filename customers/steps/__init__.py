"""The kinds of step that a merchant can put into the conversion block (FLOWS 5)."""

from customers.steps import assign, contact_card, message, tag, welcome_coupon
from customers.steps.base import REGISTRY, Job, StepFailed, StepImpossible, StepKind, kind_of

__all__ = [
    "REGISTRY",
    "Job",
    "StepFailed",
    "StepImpossible",
    "StepKind",
    "assign",
    "contact_card",
    "kind_of",
    "message",
    "tag",
    "welcome_coupon",
]
