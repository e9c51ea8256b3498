"""Without signing in, one address places only so many orders a minute from a shop's page."""

from __future__ import annotations

import re
import secrets

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from orders.models import Order
from tests.cast import Cast, signed_in


def _order(client: Client, cast: Cast) -> int:
    page = client.get(f"/s/{cast.merchant.slug}").content.decode()
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once is not None
    body = {"once": once[1], _quantity_name(page): "1", "note": secrets.token_hex(4)}
    return client.post(f"/s/{cast.merchant.slug}", body).status_code


def _quantity_name(page: str) -> str:
    found = re.search(r'<input[^>]+type="number"[^>]+name="([^"]+)"|name="([^"]+)"[^>]+type="number"', page)
    assert found is not None
    return found[1] or found[2]


@pytest.mark.django_db
@override_settings(SHOP_ORDERS_PER_MINUTE=2)
def test_the_address_is_held_back_and_who_signs_in_is_not(cast: Cast) -> None:
    cache.clear()
    client = Client()
    assert [_order(client, cast) for _place in range(3)] == [302, 302, 429]
    assert Order.objects.filter(merchant=cast.merchant).count() == 2
    assert _order(signed_in(cast.buyer), cast) == 302
