"""A new code to print for a table or counter: each scan of it begins a new order (FLOWS 5)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext as _

from common import audit, locking
from common.refusals import FieldProblem, InvalidInput
from merchants.models import Merchant
from orders.models import PrintedCode, Product

MAX_PRODUCTS = 200


def create_printed_code(
    merchant: Merchant, *, kind: str, name: str, product_ids: Collection[UUID] = ()
) -> PrintedCode:
    """Create a code that offers these products, or all that are for sale when none are named.

    Raises `InvalidInput` for products that are not the merchant's or are too many.
    """
    wanted = set(product_ids)
    if len(wanted) > MAX_PRODUCTS:
        raise InvalidInput(
            FieldProblem("products", "too_many", _("At most %(most)d products.") % {"most": MAX_PRODUCTS})
        )
    found = list(Product.objects.filter(merchant=merchant, archived_at=None, pk__in=wanted).order_by("pk"))
    if len(found) != len(wanted):
        raise InvalidInput(
            FieldProblem("products", "unknown_product", _("No such product of this merchant."))
        )
    code = PrintedCode(merchant=merchant, kind=kind, name=name)
    with locking.transaction():
        code.save(force_insert=True)
        code.products.add(*found)
        audit.record("printed_code.create", code.public_id, merchant_id=merchant.pk, name=name)
    return code
