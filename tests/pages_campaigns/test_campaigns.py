"""The dashboard's pages of campaigns: list, new with its preview, one with its buttons, links, export."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common import clock, drains
from common.models import AuditEntry
from coupons.flows.claim_coupon import claim_coupon
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_claim_link import make_claim_link
from coupons.models import Campaign, ClaimLink, Coupon
from merchants.models import Person
from orders.flows.archive_product import archive_product
from tests.cast import Caller, key_of, make_buyer, make_merchant, make_older, make_phone, make_product
from tests.coupons.stage import collect, payment_code
from tests.pages_campaigns.conftest import HOME, Shop, campaign_of, errors, words

LIST, NEW = HOME + "campaigns", HOME + "campaigns/new"


def page_of(campaign: Campaign) -> str:
    return f"{LIST}/{campaign.public_id}"


def sent(**changed: Any) -> dict[str, Any]:
    """The form of a new campaign as a browser sends it."""
    now = timezone.localtime(clock.now())
    form = {
        "name": "Rainy day",
        "kind": "fixed",
        "amount": "20.00",
        "percent": "",
        "cap": "",
        "minimum_spend": "",
        "starts_at": f"{now:%Y-%m-%dT%H:%M}",
        "ends_at": f"{now + timedelta(days=7):%Y-%m-%dT%H:%M}",
        "total_quota": "100",
        "per_buyer_limit": "1",
        "budget": "",
        "daily_budget": "",
        "q": "",
        "bill": "100.00",
        "in_scope": "",
    }
    return {name: value for name, value in {**form, **changed}.items() if value is not None}


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [("nobody", 302), ("buyer", 404), ("stranger", 404), ("cashier", 403), ("manager", 200), ("owner", 200)],
)
def test_who_may_look_at_a_campaign(shop: Shop, who: str, status: int) -> None:
    campaign = campaign_of(shop.merchant)
    assert shop[who].get(page_of(campaign)).status_code == status


@pytest.mark.parametrize("who", ["nobody", "buyer", "stranger", "cashier"])
def test_who_may_not_change_anything(shop: Shop, who: str) -> None:
    campaign = campaign_of(shop.merchant)
    link = make_claim_link(shop.merchant, campaign.pk)
    page, client = page_of(campaign), shop[who]
    for path in ("pause", "close", "issue", "links"):
        client.post(f"{page}/{path}", {"buyer_phone": make_phone(), "name": "x"})
    client.post(f"{LIST}/links/{link.public_id}/end")
    client.post(NEW, sent(name="Theirs"))
    assert Campaign.objects.get(merchant=shop.merchant).state == "active"
    assert not Coupon.objects.filter(campaign=campaign).exists()
    assert ClaimLink.objects.get(campaign=campaign).ended_at is None


def test_the_menu_shows_coupons_to_those_who_may(shop: Shop) -> None:
    assert f'href="{LIST}"' in shop["manager"].get(HOME).content.decode()
    assert f'href="{LIST}"' not in shop["cashier"].get(HOME + "orders").content.decode()


def test_a_form_opened_as_an_address_leads_to_its_page(shop: Shop, owner: Client) -> None:
    campaign = campaign_of(shop.merchant)
    assert owner.get(f"{page_of(campaign)}/pause").headers["Location"] == page_of(campaign)
    assert owner.get(NEW + "/preview").headers["Location"] == NEW


# --- the list ----------------------------------------------------------------------------------


def test_an_empty_list_explains_what_a_campaign_is(owner: Client) -> None:
    text = words(owner.get(LIST))
    assert "No campaigns yet" in text
    assert "Make the first campaign" in text


def test_the_list_tells_state_and_figures(shop: Shop, owner: Client) -> None:
    now = clock.now()
    campaign_of(shop.merchant, name="Fifteen", kind="percent", value=15, cap_minor=3_000, budget_minor=50_000)
    campaign_of(shop.merchant, name="Soon", starts_at=now + timedelta(days=1))
    spent = campaign_of(shop.merchant, name="Spent", total_quota=1)
    issue_coupon(spent.pk, shop.buyer)
    over = campaign_of(shop.merchant, name="Over")
    make_older(over, timedelta(days=8), "starts_at", "ends_at")
    campaign_of(make_merchant(), name="Of another shop")
    answer = owner.get(LIST)
    states = {campaign.name: state for campaign, state in answer.context["rows"]}
    assert states == {"Fifteen": "active", "Soon": "soon", "Spent": "gone", "Over": "ended"}
    text = words(answer)
    assert "15% off, at most CN¥30.00" in text
    assert "1 / 1" in text
    assert "CN¥0.00 / CN¥500.00" in text
    assert "Of another shop" not in text


def test_the_list_is_paged(shop: Shop, owner: Client) -> None:
    for place in range(26):
        campaign_of(shop.merchant, name=f"Number {place}")
    first = owner.get(LIST)
    older = owner.get(LIST, {"cursor": first.context["page"].older})
    assert [len(page.context["rows"]) for page in (first, older)] == [25, 1]


# --- a new one ---------------------------------------------------------------------------------


def test_the_form_explains_itself(owner: Client) -> None:
    text = words(owner.get(NEW))
    for part in ("reaching it exactly is enough", "Never more than this are given out", "nearest coin"):
        assert part in text


def test_a_fixed_amount(shop: Shop, owner: Client) -> None:
    answer = owner.post(NEW, sent(minimum_spend="100", budget="5000000000", daily_budget="1000.50"))
    campaign = Campaign.objects.get(merchant=shop.merchant)
    assert answer.headers["Location"] == page_of(campaign)
    assert (campaign.kind, campaign.value, campaign.cap_minor) == ("fixed", 2_000, None)
    assert (campaign.minimum_spend_minor, campaign.currency) == (10_000, "CNY")
    assert (campaign.budget_minor, campaign.daily_budget_minor) == (500_000_000_000, 100_050)
    assert campaign.funded_by == "merchant"
    entry = AuditEntry.objects.get(merchant_id=shop.merchant.pk, verb="campaign.made")
    assert entry.actor == f"person:{shop.people['owner'].pk.hex}"


def test_a_percentage_with_a_cap_for_some_products(shop: Shop, owner: Client) -> None:
    told = sent(kind="percent", amount="nonsense", percent="15", cap="30", products=[shop.product.public_id])
    owner.post(NEW, told)
    campaign = Campaign.objects.get(merchant=shop.merchant)
    assert (campaign.kind, campaign.value, campaign.cap_minor) == ("percent", 15, 3_000)
    assert campaign.products == [shop.product.pk]


def test_a_cap_is_forgotten_where_the_amount_is_fixed(shop: Shop, owner: Client) -> None:
    assert owner.post(NEW, sent(cap="30")).status_code == 302
    assert Campaign.objects.get(merchant=shop.merchant).cap_minor is None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"amount": ""}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"kind": "gift"}, "kind"),
        ({"kind": "percent"}, "percent"),
        ({"kind": "percent", "percent": "101"}, "percent"),
        ({"kind": "percent", "percent": "1.5"}, "percent"),
        ({"kind": "percent", "percent": "5", "cap": "0"}, "cap"),
        ({"starts_at": ""}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00"}, "starts_at"),
        ({"ends_at": "2020-01-01T00:00"}, "ends_at"),
        ({"ends_at": "nonsense"}, "ends_at"),
        ({"total_quota": "0"}, "total_quota"),
        ({"total_quota": "99999999999"}, "total_quota"),
        ({"per_buyer_limit": "0"}, "per_buyer_limit"),
        ({"budget": "10", "daily_budget": "11"}, "daily_budget"),
        ({"budget": "99999999999999"}, "budget"),
        ({"products": ["prd_" + "0" * 32]}, "products"),
        ({"products": ["nonsense"]}, "products"),
    ],
)
def test_what_is_refused_stands_beside_its_field(
    shop: Shop, owner: Client, changed: dict[str, Any], field: str
) -> None:
    answer = owner.post(NEW, sent(**changed))
    assert answer.status_code == 422
    assert field in errors(answer)
    assert not Campaign.objects.filter(merchant=shop.merchant).exists()


def test_products_of_others_and_archived_ones_are_not_offered(shop: Shop, owner: Client) -> None:
    theirs = make_product(make_merchant(), name="Of another shop")
    gone = make_product(shop.merchant, name="No longer sold")
    archive_product(shop.merchant, gone.pk)
    text = words(owner.get(NEW))
    assert "Dragon pearls" in text
    assert "Of another shop" not in text
    assert "No longer sold" not in text
    for product in (theirs, gone):
        assert owner.post(NEW, sent(products=[product.public_id])).status_code == 422


def test_the_shelf_keeps_what_is_chosen_and_finds_what_is_searched(shop: Shop, owner: Client) -> None:
    make_product(shop.merchant, name="Green tea")
    answer = owner.post(NEW + "/shelf", sent(products=[shop.product.public_id], q="green"))
    text = answer.content.decode()
    assert text.index("Dragon pearls") < text.index("Green tea")
    assert text.count(" checked") == 1
    assert "No product is named like that" in words(owner.post(NEW + "/shelf", sent(q="nothing")))


# --- the preview --------------------------------------------------------------------------------


def preview(owner: Client, **changed: Any) -> str:
    answer = owner.post(NEW + "/preview", sent(**changed))
    assert answer.status_code == 200
    return words(answer)


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({}, "The buyer pays CN¥80.00 CN¥20.00 off CN¥100.00"),
        ({"bill": "15"}, "The buyer pays CN¥0.00 CN¥15.00 off CN¥15.00"),
        ({"kind": "percent", "percent": "15", "bill": "10.30"}, "The buyer pays CN¥8.75 CN¥1.55 off"),
        ({"kind": "percent", "percent": "10", "cap": "30", "bill": "500"}, "The buyer pays CN¥470.00"),
        ({"minimum_spend": "100", "bill": "99.99"}, "Nothing comes off: the bill is below the minimum"),
        ({"minimum_spend": "100", "bill": "100"}, "The buyer pays CN¥80.00"),
        ({"kind": "percent", "percent": "1", "bill": "0.30"}, "less than the smallest coin"),
        ({"amount": ""}, "Not to be computed yet: Amount: Say how much comes off."),
        ({"bill": "ten"}, "A bill of: Digits with a point"),
    ],
)
def test_the_preview_says_what_a_bill_would_come_to(
    owner: Client, changed: dict[str, Any], shown: str
) -> None:
    assert shown in preview(owner, **changed)


def test_the_preview_of_a_scope_takes_it_off_the_chosen_part(shop: Shop, owner: Client) -> None:
    told = {"kind": "percent", "percent": "10", "products": [shop.product.public_id], "bill": "130"}
    assert "The buyer pays CN¥117.00" in preview(owner, **told)
    assert "The buyer pays CN¥125.00" in preview(owner, **told, in_scope="50")
    assert "none of the chosen products is on the bill" in preview(owner, **told, in_scope="0")


def test_the_preview_makes_nothing(shop: Shop, owner: Client) -> None:
    preview(owner)
    assert not Campaign.objects.filter(merchant=shop.merchant).exists()


# --- one campaign -------------------------------------------------------------------------------


def test_terms_in_words(shop: Shop, owner: Client) -> None:
    other = make_product(shop.merchant, name="Green tea")
    campaign = campaign_of(
        shop.merchant, minimum_spend_minor=10_000, products=(shop.product.pk, other.pk), budget_minor=90_000
    )
    text = words(owner.get(page_of(campaign)))
    assert "CN¥20.00 off" in text
    assert "From CN¥100.00 of these goods on" in text
    assert "Only for: Dragon pearls, Green tea" in text
    assert "of a budget of CN¥900.00" in text
    archive_product(shop.merchant, other.pk)
    assert "Only for: Dragon pearls, and 1 more" in words(owner.get(page_of(campaign)))


def test_pausing_resuming_and_closing(shop: Shop, owner: Client) -> None:
    campaign = campaign_of(shop.merchant)
    for verb, state in (("pause", "paused"), ("resume", "active"), ("close", "closed"), ("resume", "closed")):
        answer = owner.post(f"{page_of(campaign)}/{verb}")
        assert answer.headers["Location"] == page_of(campaign)
        assert Campaign.objects.get(pk=campaign.pk).state == state
    text = words(owner.get(page_of(campaign)))
    assert "Close for good" not in text
    assert "Give it" not in text


def test_giving_one_buyer_a_coupon(shop: Shop, owner: Client) -> None:
    campaign, phone = campaign_of(shop.merchant, per_buyer_limit=1), make_phone()
    assert owner.post(f"{page_of(campaign)}/issue", {"buyer_phone": phone[3:]}).status_code == 302
    coupon = Coupon.objects.get(campaign=campaign)
    assert coupon.owner == Person.objects.get(phone=phone)
    again = owner.post(f"{page_of(campaign)}/issue", {"buyer_phone": phone})
    assert again.status_code == 422
    assert "all the coupons of this campaign that one may have" in words(again)
    assert owner.post(f"{page_of(campaign)}/issue", {"buyer_phone": "12"}).status_code == 422


def test_figures_and_the_list_of_coupons_hide_numbers(shop: Shop, owner: Client) -> None:
    campaign = campaign_of(shop.merchant, daily_budget_minor=50_000)
    used, kept = issue_coupon(campaign.pk, shop.buyer), issue_coupon(campaign.pk, make_buyer())
    buyer, till = Caller(key_of(shop.buyer)), Caller(key_of(shop.merchant))
    buyer.post(f"me/coupons/{used.public_id}/use")
    assert collect(till, payment_code(buyer), 10_000, "figures-1").status == 201
    drains.run("outbox")
    answer = owner.get(page_of(campaign))
    figures = answer.context["figures"]
    assert (figures.total.used, figures.total.cost_minor, figures.today_minor) == (1, 2_000, 2_000)
    assert [row.state for row in answer.context["coupons"]] == ["issued", "used"]
    page = answer.content.decode()
    for phone in (shop.buyer.phone, kept.owner.phone):
        assert phone
        assert phone not in page
        assert phone[-4:] in page


def test_what_ran_out_shows_as_expired(shop: Shop, owner: Client) -> None:
    campaign = campaign_of(shop.merchant)
    issue_coupon(campaign.pk, shop.buyer)
    make_older(campaign, timedelta(days=8), "starts_at", "ends_at")
    assert [row.state for row in owner.get(page_of(campaign)).context["coupons"]] == ["expired"]


def test_a_campaigns_page_costs_as_much_with_many_coupons(shop: Shop, owner: Client) -> None:
    campaign = campaign_of(shop.merchant)
    counts = []
    for _round in range(2):
        issue_coupon(campaign.pk, make_buyer())
        with CaptureQueriesContext(connection) as asked:
            owner.get(page_of(campaign))
        counts.append(len(asked))
    assert counts[0] == counts[1]


# --- links and export ----------------------------------------------------------------------------


def test_a_claim_link_is_made_shown_printed_and_ended(shop: Shop, owner: Client, settings: Any) -> None:
    settings.BASE_URL = "https://till.example"
    campaign = campaign_of(shop.merchant)
    answer = owner.post(f"{page_of(campaign)}/links", {"name": "Window"})
    link = ClaimLink.objects.get(campaign=campaign)
    sheet = f"{LIST}/links/{link.public_id}"
    assert answer.headers["Location"] == sheet
    page = owner.get(sheet)
    assert f"https://till.example/claim/{link.token}" in page.content.decode()
    assert "Scan to get your coupon" in words(page)
    assert "Window" in words(owner.get(page_of(campaign)))
    assert shop["stranger"].get(sheet).status_code == 404
    owner.post(sheet + "/end")
    assert "This link has ended" in words(owner.get(sheet))


def test_no_link_for_a_campaign_that_is_over(shop: Shop, owner: Client) -> None:
    campaign = campaign_of(shop.merchant)
    owner.post(f"{page_of(campaign)}/close")
    answer = owner.post(f"{page_of(campaign)}/links", {"name": "Late"})
    assert answer.status_code == 422
    assert errors(answer, "link_form")


def test_the_export_has_every_coupon_and_no_number(shop: Shop, owner: Client) -> None:
    campaign = campaign_of(shop.merchant, name="=cmd|calc", per_buyer_limit=600, total_quota=600)
    link = make_claim_link(shop.merchant, campaign.pk)
    for _place in range(3):
        claim_coupon(link.token, shop.buyer)
    answer = owner.get(f"{page_of(campaign)}/export?count=1")
    assert answer.headers["X-Rows"] == "3"
    assert answer.headers["Content-Type"].startswith("text/csv")
    text = answer.getvalue().decode("utf-8-sig")
    rows = list(csv.reader(text.splitlines()))
    assert rows[0][0] == "Coupon"
    assert {row[0] for row in rows[1:]} == {c.public_id for c in Coupon.objects.filter(campaign=campaign)}
    assert {row[1] for row in rows[1:]} == {"issued"}
    assert str(shop.buyer.phone) not in text
    assert AuditEntry.objects.filter(merchant_id=shop.merchant.pk, verb="coupons.export").count() == 1


def test_the_export_reads_in_chunks(shop: Shop, owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coupons.flows.export_coupons.CHUNK", 2)
    campaign = campaign_of(shop.merchant, per_buyer_limit=5)
    for _place in range(5):
        issue_coupon(campaign.pk, shop.buyer)
    text = owner.get(f"{page_of(campaign)}/export").getvalue().decode()
    assert len(text.splitlines()) == 6
