"""Saying how many of a product there are."""

from __future__ import annotations

from uuid import UUID

from common import audit, locking
from common.refusals import NotFound
from common.rows import save_states
from merchants.models import Merchant
from orders.models import Product


def set_stock(merchant: Merchant, product_id: UUID, stock: int | None) -> Product:
    """From now on so many can be ordered; None never runs out. What unpaid orders hold is not in it.

    Raises `NotFound`.
    """
    with locking.transaction():
        product = locking.lock_row(Product.objects.filter(merchant=merchant), pk=product_id)
        if product is None:
            raise NotFound
        if product.stock != stock:
            before, product.stock = product.stock, stock
            save_states([product], ["stock"])
            audit.record(
                "product.stock", product.public_id, merchant_id=merchant.pk, before=before, after=stock
            )
        return product
