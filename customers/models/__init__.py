"""A merchant's customers, and how payers become them."""

from customers.models.conversions import ConversionRun, ConversionStep, RunKind, StepRun, StepState
from customers.models.customers import Customer, CustomerMerge, CustomerNote, CustomerTag, Source, Tag
from customers.models.segments import Ending, Outcome, SegmentMember, SegmentRun, SegmentState

__all__ = [
    "ConversionRun",
    "ConversionStep",
    "Customer",
    "CustomerMerge",
    "CustomerNote",
    "CustomerTag",
    "Ending",
    "Outcome",
    "RunKind",
    "SegmentMember",
    "SegmentRun",
    "SegmentState",
    "Source",
    "StepRun",
    "StepState",
    "Tag",
]
