"""Who may open and send what at the till; what the page holds; what it must not tell."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from coupons.models import Coupon
from tests.cast import Cast, make_product
from tests.coupons.stage import issue, make_campaign
from tests.pages_dashboard.conftest import WHO, Shop, shop as shop
from tests.pages_till.conftest import SCRIPT, TILL, ask, code_of, give_up, sell, sold, words
from tests.till.test_secrecy import NAME, OFF, PRICE, TERMS, is_told

IN = 302  # to sign in
NUMBER = "a-number-of-the-till"
OPENED: dict[str, tuple[int, ...]] = {
    # address                  nobody buyer stranger cashier manager owner
    "": (IN, 404, 200, 200, 200, 200),
    "/items": (IN, 404, 200, 200, 200, 200),
    "/today": (IN, 404, 200, 200, 200, 200),
    f"/sales/{NUMBER}": (IN, 404, 404, 302, 302, 302),
    "/payments/{sale}": (IN, 404, 404, 200, 200, 200),
    "/payments/pay_nonsense": (IN, 404, 404, 404, 404, 404),
    "/sales/%00": (IN, 404, 404, 404, 404, 404),
}
SENT: dict[str, tuple[int, ...]] = {
    "": (IN, 404, 422, 422, 422, 422),
    "/payments/{sale}/reverse": (IN, 404, 404, 422, 422, 422),
    "/sales/another-number-of-it/give-up": (IN, 404, 302, 302, 302, 302),
}


def outcome(shop: Shop, who: str, method: str, route: str, sale: str) -> int:
    send = getattr(shop[who], method)
    return int(send(TILL + route.format(sale=sale)).status_code)


@pytest.mark.parametrize("route", OPENED)
def test_opening(shop: Shop, route: str) -> None:
    sale = sold(shop["cashier"], shop.buyer, reference=NUMBER).public_id
    # an address that can't be has no page, whoever asks
    expected = (404,) * len(WHO) if "%00" in route else OPENED[route]
    assert {who: outcome(shop, who, "get", route, sale) for who in WHO} == dict(
        zip(WHO, expected, strict=True)
    )


@pytest.mark.parametrize("route", SENT)
def test_sending_nothing(shop: Shop, route: str) -> None:
    sale = sold(shop["cashier"], shop.buyer, reference=NUMBER).public_id
    assert {who: outcome(shop, who, "post", route, sale) for who in WHO} == dict(
        zip(WHO, SENT[route], strict=True)
    )


def test_the_address_of_a_sent_form_leads_to_its_page(shop: Shop) -> None:
    cashier = shop["cashier"]
    sale = sold(cashier, shop.buyer, reference=NUMBER).public_id
    for address in (f"{TILL}/payments/{sale}/reverse", f"{TILL}/sales/{NUMBER}/give-up"):
        assert cashier.get(address, follow=True).redirect_chain[-1][0].endswith(f"/payments/{sale}")


def test_the_menu_leads_to_the_till(shop: Shop) -> None:
    for who in ("cashier", "manager", "owner"):
        entries = [entry["url"] for part in shop[who].get(TILL).context["nav"] for entry in part["entries"]]
        assert TILL in entries


def test_nothing_is_kept_by_a_cache(shop: Shop) -> None:
    assert "no-store" in shop["cashier"].get(TILL).headers["Cache-Control"]
    assert "no-store" in ask(shop["cashier"], NUMBER).headers["Cache-Control"]


def test_without_products_there_is_nothing_to_choose(cast: Cast, stranger: Client) -> None:
    """A shop that sells by amount alone has a till as well."""
    cast.other_product.__class__.objects.filter(merchant=cast.other_merchant).delete()
    assert "Choose products" not in words(stranger.get(TILL))


def test_the_page_finds_products_without_a_script(cast: Cast, cashier: Client) -> None:
    make_product(cast.merchant, 700, name="Sesame ball")
    page = cashier.get(TILL, {"q": "sesame", "amount": "3.00"})
    assert "Sesame ball" in words(page)
    assert "By code" not in words(page)
    assert 'value="3.00"' in page.content.decode()


@pytest.mark.parametrize("query", [{"prd_" + "0" * 32: "x"}, {"amount": "<b>"}, {"q": "\x00" * 200}])
def test_an_address_that_somebody_mangled(cashier: Client, query: dict[str, str]) -> None:
    page = cashier.get(TILL, query)
    assert page.status_code == 200
    assert "<b>" not in page.content.decode()


# --- what the till must not hear ---------------------------------------------------------------


class Heard:
    """Everything that a cashier's browser got, pages and parts."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.answers: list[Any] = []

    def keep(self, answer: Any) -> Any:
        self.answers.append(answer)
        return answer

    @property
    def text(self) -> str:
        return "\n".join(f"{dict(answer.headers)} {words(answer)}" for answer in self.answers)

    @property
    def raw(self) -> str:
        return "\n".join(answer.content.decode() for answer in self.answers)


def armed_code(cast: Cast, coupon: str) -> str:
    assert cast.buyer_key.post(f"me/coupons/{coupon}/use").status == 200
    return code_of(cast.buyer)


def a_day(cast: Cast, heard: Heard) -> None:
    """Refused, sold, looked at, asked after, listed, reversed, given up: all that the page can do."""
    coupon = issue(cast, make_campaign(cast, name=NAME, kind="percent", **TERMS))
    client = heard.client
    heard.keep(client.get(TILL))
    heard.keep(sell(client, armed_code(cast, coupon), "67.88"))
    heard.keep(sell(client, armed_code(cast, coupon), "9000000.00"))
    sale = heard.keep(sell(client, armed_code(cast, coupon), "100.00", NUMBER))
    assert "Paid" in words(sale)
    page = heard.keep(client.get(f"{TILL}/sales/{NUMBER}", follow=True))
    heard.keep(ask(client, NUMBER))
    heard.keep(client.get(f"{TILL}/today"))
    heard.keep(client.post(f"{page.request['PATH_INFO']}/reverse", {"reason": "Wrong"}, follow=True))
    heard.keep(sell(client, armed_code(cast, coupon), "100.00", NUMBER + "-2"))
    heard.keep(give_up(client, NUMBER + "-2"))
    heard.keep(sell(client, armed_code(cast, coupon), "100.00", NUMBER, script=False))


def secrets_of(cast: Cast) -> list[str]:
    row, phone = Coupon.objects.get(owner=cast.buyer), str(cast.buyer.phone)
    ids = [value for key in (row.pk, row.owner_id, row.campaign_id) for value in (key.hex, str(key))]
    return [*ids, phone, phone.removeprefix("+86")]


def test_the_page_tells_the_campaigns_name_and_the_deduction_and_nothing_else(
    cast: Cast, cashier: Client
) -> None:
    heard = Heard(cashier)
    a_day(cast, heard)
    assert NAME in heard.text
    assert is_told(OFF, heard.text)
    assert is_told(PRICE, heard.text)
    assert [secret for secret in secrets_of(cast) if secret in heard.raw] == []
    assert [name for name in ("minimum_spend", "total_quota") if is_told(TERMS[name], heard.text)] == []
    assert "37%" not in heard.text
    assert "37 %" not in heard.text


def test_what_a_secret_would_look_like_is_found(cast: Cast, cashier: Client) -> None:
    """Control: the buyer's own answers hold what is looked for."""
    a_day(cast, Heard(cashier))
    mine = cast.buyer_key.get("me/coupons").content.decode() + cast.buyer_key.get("me").content.decode()
    assert len({secret for secret in secrets_of(cast) if secret in mine}) >= 3


def test_the_answer_to_a_script_is_the_part_alone(cast: Cast, cashier: Client) -> None:
    answer = cashier.post(
        TILL, {"reference": NUMBER, "code": code_of(cast.buyer), "amount": "1"}, headers=SCRIPT
    )
    assert "<html" not in answer.content.decode()
    assert 'data-say="Paid: CN¥1.00."' in answer.content.decode()
