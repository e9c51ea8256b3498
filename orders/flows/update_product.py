"""Changing what a product is called, costs and how it is redeemed: for future orders only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from uuid import UUID

from common import audit, locking
from common.refusals import NotFound
from common.rows import save_states
from merchants.models import Merchant
from orders.models import Product


@dataclass(frozen=True, slots=True)
class ProductWish:
    """What a product shall be; the price in minor units of the merchant's currency."""

    name: str
    price_minor: int
    redeem_by: str
    image: str = ""


def update_product(merchant: Merchant, product_id: UUID, wish: ProductWish) -> Product:
    """Make the product what is wished. Orders that were placed keep name, price and way of redemption.

    Stock is not touched (`set_stock`), so that saving a name never undoes a sale. Raises `NotFound`.
    """
    with locking.transaction():
        product = locking.lock_row(Product.objects.filter(merchant=merchant), pk=product_id)
        if product is None:
            raise NotFound
        changed = {name: value for name, value in asdict(wish).items() if getattr(product, name) != value}
        if changed:
            before = {name: getattr(product, name) for name in changed}
            for name, value in changed.items():
                setattr(product, name, value)
            save_states([product], list(changed))
            audit.record(
                "product.update", product.public_id, merchant_id=merchant.pk, before=before, after=changed
            )
        return product
