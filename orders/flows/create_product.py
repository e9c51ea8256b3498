"""Adding a product to what a merchant sells."""

from __future__ import annotations

from common import audit, locking
from merchants.models import Merchant
from orders.models import Product


def create_product(
    merchant: Merchant,
    *,
    name: str,
    price: int,
    currency: str,
    redeem_by: str,
    stock: int | None = None,
    image: str = "",
) -> Product:
    """Create a product at `price` minor units; `stock` None never runs out."""
    product = Product(
        merchant=merchant,
        name=name,
        price_minor=price,
        currency=currency,
        redeem_by=redeem_by,
        stock=stock,
        image=image,
    )
    with locking.transaction():
        product.save(force_insert=True)
        audit.record("product.create", product.public_id, merchant_id=merchant.pk, price=price)
    return product
