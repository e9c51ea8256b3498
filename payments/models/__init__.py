"""Payments, what went back of them, and the sandbox provider's own books."""

from payments.models.codes import BuyerPin, CodeGuess, CodeOutcome, GivenUpSale, PaymentCode
from payments.models.payments import Payment, PaymentKind, PaymentState
from payments.models.returns import Return, ReturnState
from payments.models.sandbox import SandboxCharge, SandboxRefund

__all__ = [
    "BuyerPin",
    "CodeGuess",
    "CodeOutcome",
    "GivenUpSale",
    "Payment",
    "PaymentCode",
    "PaymentKind",
    "PaymentState",
    "Return",
    "ReturnState",
    "SandboxCharge",
    "SandboxRefund",
]
