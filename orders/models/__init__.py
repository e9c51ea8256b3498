"""What is sold, what was ordered, and the codes that lead to it."""

from orders.models.calls import CallReason, CallRecord, CallRules, CallState, PhoneFeed, Trust
from orders.models.codes import PrintedCode, Scan
from orders.models.numbers import Binding, EndReason, ServiceNumber
from orders.models.orders import Item, ItemState, Order, OrderState
from orders.models.products import Product, RedeemBy
from orders.models.undoing import Objection, ObjectionState, Undoing

__all__ = [
    "Binding",
    "CallReason",
    "CallRecord",
    "CallRules",
    "CallState",
    "EndReason",
    "Item",
    "ItemState",
    "Objection",
    "ObjectionState",
    "Order",
    "OrderState",
    "PhoneFeed",
    "PrintedCode",
    "Product",
    "RedeemBy",
    "Scan",
    "ServiceNumber",
    "Trust",
    "Undoing",
]
