"""Taking a product out of what is sold, and back."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, locking
from common.refusals import NotFound
from common.rows import save_states
from merchants.models import Merchant
from orders.models import Product


def archive_product(merchant: Merchant, product_id: UUID, *, restore: bool = False) -> Product:
    """Sell it no longer (or again, with `restore`); orders that have it stay. Raises `NotFound`."""
    with locking.transaction():
        product = locking.lock_row(Product.objects.filter(merchant=merchant), pk=product_id)
        if product is None:
            raise NotFound
        if (product.archived_at is None) != restore:
            product.archived_at = None if restore else clock.now()
            save_states([product], ["archived_at"])
            verb = "product.restore" if restore else "product.archive"
            audit.record(verb, product.public_id, merchant_id=merchant.pk)
        return product
