"""The front page, and the sandbox bank's own checkout."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from common import clock
from merchants.models import Merchant
from orders.models import Order
from payments.models import Payment, SandboxCharge
from tests.cast import Cast, make_order, pay
from tests.pages_buyer.conftest import text_of


class TestFrontPage:
    def test_says_what_this_is(self, db: None, nobody: Client) -> None:
        page = nobody.get("/")
        assert page.status_code == 200
        assert "The payment code that lives with the order" in text_of(page)
        assert '<meta name="description"' in page.content.decode()

    def test_leads_into_the_demo_shop_while_debugging_alone(
        self, db: None, nobody: Client, settings: Any
    ) -> None:
        Merchant.objects.create(slug="lantern", name="Lantern Tea House", currency="CNY")
        assert "/s/lantern" not in nobody.get("/").content.decode()
        settings.DEBUG = True
        assert 'href="/s/lantern"' in nobody.get("/").content.decode()

    def test_whoever_is_signed_in_goes_on_to_their_pages(self, buyer: Client) -> None:
        assert 'href="/me/"' in buyer.get("/").content.decode()

    @pytest.mark.parametrize("address", ["/me/", "/api/docs/", "/admin/"])
    def test_its_links_lead_somewhere(self, db: None, nobody: Client, address: str) -> None:
        assert address in nobody.get("/").content.decode()
        assert nobody.get(address).status_code in (200, 302)


class TestCheckout:
    @pytest.fixture
    def charge(self, cast: Cast) -> SandboxCharge:
        order = make_order(cast.merchant, cast.code_product).order
        payment = pay(order, cast.buyer, "sandbox", scenario="redirect")
        return SandboxCharge.objects.get(key=payment.pk)

    def test_is_another_companys_page(self, charge: SandboxCharge, nobody: Client) -> None:
        page = nobody.get(f"/sandbox/checkout/{charge.pk.hex}")
        assert "Sandbox Bank" in text_of(page)
        assert "CN¥60.00" in text_of(page)
        assert "css/livetill.css" not in page.content.decode()

    @pytest.mark.parametrize(("answer", "outcome"), [("approve", "succeeded"), ("decline", "failed")])
    def test_takes_an_answer_once_and_goes_back(
        self, charge: SandboxCharge, nobody: Client, answer: str, outcome: str
    ) -> None:
        address = f"/sandbox/checkout/{charge.pk.hex}"
        order = Order.objects.get(payments=charge.key)
        assert nobody.post(address, {"answer": answer})["Location"] == order.live_url
        nobody.post(address, {"answer": "approve"})
        charge.refresh_from_db()
        assert charge.outcome == outcome
        assert "Approve" not in text_of(nobody.get(address))

    def test_an_answer_that_is_none_decides_nothing(self, charge: SandboxCharge, nobody: Client) -> None:
        assert nobody.post(f"/sandbox/checkout/{charge.pk.hex}", {"answer": "x"}).status_code == 422
        charge.refresh_from_db()
        assert charge.outcome == "open"

    def test_after_its_time_it_has_failed(self, charge: SandboxCharge, nobody: Client) -> None:
        with clock.moved(timedelta(hours=1)):
            page = nobody.get(f"/sandbox/checkout/{charge.pk.hex}")
        assert "the time for it has passed" in text_of(page)

    def test_unknown_is_404(self, db: None, nobody: Client) -> None:
        for address in ("0" * 32, "nonsense"):
            assert nobody.get(f"/sandbox/checkout/{address}").status_code == 404

    def test_a_form_from_elsewhere_is_refused(self, charge: SandboxCharge) -> None:
        strict = Client(enforce_csrf_checks=True)
        assert strict.post(f"/sandbox/checkout/{charge.pk.hex}", {"answer": "approve"}).status_code == 403
        assert Payment.objects.get(pk=charge.key).is_open
