"""The shop itself: opening one, team and invitations, keys, webhooks, settings, money."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from common import drains
from merchants.models import Invitation, Key, Member, Merchant, Person, WebhookEndpoint
from merchants.models.merchants import Role
from tests.cast import PASSWORD, Caller, make_buyer, make_member, make_paid_order, signed_in
from tests.pages_dashboard.conftest import HOME, Shop, errors, words

OPEN, TEAM, KEYS, HOOKS, SETTINGS = (HOME + name for name in ("open", "team", "keys", "webhooks", "settings"))


# --- opening a shop -----------------------------------------------------------------------


def test_whoever_works_nowhere_is_led_to_open_a_shop(shop: Shop) -> None:
    assert shop["buyer"].get(HOME).headers["Location"] == OPEN


def test_whoever_opens_a_shop_owns_it(shop: Shop) -> None:
    browser = shop["buyer"]
    sent = {"name": "月光茶馆", "slug": "Moon-Tea", "currency": "CNY"}
    first = browser.post(OPEN, sent, follow=True)
    merchant = Merchant.objects.get(slug="moon-tea")
    assert first.context["merchant"] == merchant
    assert Member.objects.get(merchant=merchant).role == Role.OWNER
    assert "Add the first product" in words(first)
    assert browser.get(HOME + "settings").status_code == 200


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"slug": "ab"}, "slug"),
        ({"slug": "-tea-"}, "slug"),
        ({"slug": "tea house"}, "slug"),
        ({"slug": "茶"}, "slug"),
        ({"slug": "a" * 61}, "slug"),
        ({"currency": "XXX"}, "currency"),
    ],
)
def test_a_bad_shop_is_refused(shop: Shop, sent: dict[str, str], field: str) -> None:
    answer = shop["buyer"].post(OPEN, {"name": "Tea", "slug": "some-tea", "currency": "CNY", **sent})
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]
    assert not Member.objects.filter(person=shop.buyer).exists()


def test_an_address_is_given_once(shop: Shop) -> None:
    sent = {"name": "Tea", "slug": shop.merchant.slug, "currency": "CNY"}
    assert list(errors(shop["buyer"].post(OPEN, sent))) == ["slug"]


# --- the team -----------------------------------------------------------------------------------


def invited(owner: Client, email: str = "lin@example.com", role: str = "manager") -> str:
    """Invite somebody; the address in the e-mail."""
    assert owner.post(TEAM + "/invite", {"email": email, "role": role}).status_code == 302
    drains.run("invitations")
    text = str(mail.outbox[-1].body)
    return text[text.index("/dashboard/join/") :].split()[0]


def test_somebody_new_joins_with_an_account(shop: Shop, owner: Client) -> None:
    link = invited(owner)
    browser = Client()
    assert "Make my account" in words(browser.get(link))
    weak = browser.post(link, {"name": "Lin", "password": "12345678"})
    assert weak.status_code == 422
    assert list(errors(weak)) == ["password"]
    joined = browser.post(link, {"name": "Lin", "password": "wood-fire-tea"}, follow=True)
    assert joined.context["merchant"] == shop.merchant
    assert Member.objects.get(person__email="lin@example.com").role == Role.MANAGER
    assert browser.get(link).status_code == 404
    assert "has ended" in words(browser.get(link))


def test_somebody_known_signs_in_and_accepts(shop: Shop, owner: Client) -> None:
    person = Person.objects.create_user("lin@example.com", PASSWORD, name="Lin")
    link = invited(owner)
    assert "There is an account with your address" in words(Client().get(link))
    assert Client().post(link, {"name": "X", "password": "wood-fire-tea"}).status_code == 422
    browser = signed_in(person)
    assert browser.post(link).status_code == 302
    assert Member.objects.filter(merchant=shop.merchant, person=person).exists()


def test_an_invitation_is_for_whom_it_was_sent_to(shop: Shop, owner: Client) -> None:
    link = invited(owner)
    stranger = shop["stranger"]
    assert "signed in as somebody else" in words(stranger.get(link))
    assert stranger.post(link).status_code == 403
    assert Member.objects.filter(merchant=shop.merchant).count() == 3


def test_a_withdrawn_invitation_opens_nothing(shop: Shop, owner: Client) -> None:
    link = invited(owner)
    invitation = Invitation.objects.get(merchant=shop.merchant)
    owner.post(f"{TEAM}/invitations/{invitation.public_id}/withdraw")
    assert Client().get(link).status_code == 404
    assert Client().get("/dashboard/join/" + "x" * 22).status_code == 404


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"email": "nobody"}, "email"), ({"email": ""}, "email"), ({"role": "emperor"}, "role")],
)
def test_a_bad_invitation_is_refused(owner: Client, sent: dict[str, str], field: str) -> None:
    answer = owner.post(TEAM + "/invite", {"email": "lin@example.com", "role": "cashier", **sent})
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]


def test_who_works_here_is_not_invited_again(shop: Shop, owner: Client) -> None:
    email = shop.people["cashier"].email or ""
    answer = owner.post(TEAM + "/invite", {"email": email.upper(), "role": "cashier"})
    assert "works here already" in words(answer)


def member(shop: Shop, role: str) -> Member:
    return Member.objects.get(merchant=shop.merchant, person=shop.people[role])


def test_a_role_takes_effect_at_once(shop: Shop, owner: Client) -> None:
    assert shop["cashier"].get(HOME + "money").status_code == 403
    owner.post(f"{TEAM}/{member(shop, 'cashier').pk}/role", {"role": "manager"})
    assert shop["cashier"].get(HOME + "money").status_code == 200


def test_the_last_owner_stays(shop: Shop, owner: Client) -> None:
    own = member(shop, "owner")
    assert "at least one owner" in words(owner.post(f"{TEAM}/{own.pk}/remove", follow=True))
    assert "at least one owner" in words(
        owner.post(f"{TEAM}/{own.pk}/role", {"role": "cashier"}, follow=True)
    )
    assert member(shop, "owner").role == Role.OWNER
    make_member(shop.merchant, Role.OWNER)
    assert owner.post(f"{TEAM}/{own.pk}/remove", follow=True).status_code == 200
    assert owner.get(TEAM).status_code == 404


def test_who_was_removed_is_a_stranger_at_once(shop: Shop, owner: Client) -> None:
    shop["cashier"].get(HOME + "orders")
    owner.post(f"{TEAM}/{member(shop, 'cashier').pk}/remove")
    assert shop["cashier"].get(HOME + "orders").status_code == 404


# --- keys and webhooks -----------------------------------------------------------------------


def test_a_key_is_shown_once_and_works_until_it_is_revoked(shop: Shop, owner: Client) -> None:
    made = owner.post(KEYS + "/new", {"name": "Web shop", "scopes": ["orders:read"]})
    secret = made.context["secret"]
    assert secret in made.content.decode()
    assert secret not in owner.get(KEYS).content.decode()
    caller = Caller(secret)
    assert caller.get("orders").status == 200
    assert caller.get("products").status == 403
    key = Key.objects.get(merchant=shop.merchant)
    owner.post(f"{KEYS}/key_{key.pk.hex}/revoke")
    assert caller.get("orders").status == 401
    assert "revoked before" in words(owner.post(f"{KEYS}/key_{key.pk.hex}/revoke", follow=True))


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"name": ""}, "name"), ({"scopes": []}, "scopes"), ({"scopes": ["everything"]}, "scopes")],
)
def test_a_bad_key_is_refused(shop: Shop, owner: Client, sent: dict[str, Any], field: str) -> None:
    answer = owner.post(KEYS + "/new", {"name": "Web shop", "scopes": ["orders:read"], **sent})
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]
    assert not Key.objects.filter(merchant=shop.merchant).exists()


def test_an_endpoint_and_its_deliveries(shop: Shop, owner: Client, settings: Any) -> None:
    settings.DEBUG = True
    added = owner.post(HOOKS + "/new", {"url": "http://127.0.0.1:9/hook", "chosen": ["order.paid"]})
    secret = added.context["added"].secret
    assert secret.startswith("whsec_")
    assert secret not in owner.get(HOOKS).content.decode()
    endpoint = WebhookEndpoint.objects.get(merchant=shop.merchant)
    assert endpoint.events == ["order.paid"]
    make_paid_order(shop.merchant, shop.buyer, shop.product)
    drains.run("outbox")
    drains.run("webhooks")
    page = owner.get(f"{HOOKS}/{endpoint.public_id}")
    (delivery,) = page.context["page"].rows
    detail = f"{HOOKS}/deliveries/whd_{delivery.pk.hex}"
    assert "Not accepted" in words(owner.get(detail))
    assert shop["stranger"].get(detail).status_code == 404
    owner.post(f"{HOOKS}/{endpoint.public_id}/delete")
    assert owner.get(f"{HOOKS}/{endpoint.public_id}").status_code == 404


@pytest.mark.parametrize("url", ["ftp://x.example/", "http://127.0.0.1/hook", "not an address", ""])
def test_an_address_that_may_not_be_called_is_refused(shop: Shop, owner: Client, url: str) -> None:
    answer = owner.post(HOOKS + "/new", {"url": url})
    assert answer.status_code == 422
    assert list(errors(answer)) == ["url"]
    assert not WebhookEndpoint.objects.filter(merchant=shop.merchant).exists()


def test_without_a_choice_an_endpoint_hears_of_all(shop: Shop, owner: Client, settings: Any) -> None:
    settings.DEBUG = True
    owner.post(HOOKS + "/new", {"url": "http://127.0.0.1:9/hook"})
    assert WebhookEndpoint.objects.get(merchant=shop.merchant).events == ["*"]


# --- settings --------------------------------------------------------------------------------------

KEPT = {
    "name": "Tea house",
    "region": "CN",
    "pay_within_minutes": "30",
    "redeem_within_days": "90",
    "holding_hours": "168",
    "undo_within_minutes": "15",
    "unredeemed": "refund",
    "contact_name": "",
    "contact_phone": "",
    "contact_note": "",
}


def test_settings_are_saved_in_their_own_units(shop: Shop, owner: Client) -> None:
    sent = {**KEPT, "name": "月光", "pay_within_minutes": "45", "holding_hours": "0", "region": "sg"}
    sent |= {"undo_within_minutes": "5", "unredeemed": "keep"}
    assert owner.post(SETTINGS, sent).status_code == 302
    merchant = Merchant.objects.get(pk=shop.merchant.pk)
    assert (merchant.undo_within_seconds, merchant.unredeemed) == (300, "keep")
    assert (merchant.name, merchant.pay_within_seconds, merchant.holding_seconds, merchant.region) == (
        "月光",
        2700,
        0,
        "SG",
    )


def test_odd_seconds_stay_when_nobody_touches_them(shop: Shop, owner: Client) -> None:
    Merchant.objects.filter(pk=shop.merchant.pk).update(pay_within_seconds=1_830)
    owner.post(SETTINGS, {**KEPT, "contact_name": "Lin"})
    merchant = Merchant.objects.get(pk=shop.merchant.pk)
    assert (merchant.pay_within_seconds, merchant.contact_name) == (1_830, "Lin")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": " "}, "name"),
        ({"region": "XX"}, "region"),
        ({"region": "CHN"}, "region"),
        ({"pay_within_minutes": "0"}, "pay_within_minutes"),
        ({"pay_within_minutes": "43201"}, "pay_within_minutes"),
        ({"redeem_within_days": "0"}, "redeem_within_days"),
        ({"holding_hours": "-1"}, "holding_hours"),
        ({"holding_hours": "1.5"}, "holding_hours"),
        ({"contact_note": "x" * 301}, "contact_note"),
        ({"undo_within_minutes": "10081"}, "undo_within_minutes"),
        ({"undo_within_minutes": ""}, "undo_within_minutes"),
        ({"unredeemed": "burn"}, "unredeemed"),
    ],
)
def test_bad_settings_are_explained_at_their_field(
    shop: Shop, owner: Client, sent: dict[str, str], field: str
) -> None:
    answer = owner.post(SETTINGS, {**KEPT, **sent})
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]
    assert Merchant.objects.get(pk=shop.merchant.pk).name == shop.merchant.name


def test_a_manager_sees_settings_but_cannot_send_them(shop: Shop) -> None:
    page = shop["manager"].get(SETTINGS)
    assert "Only an owner can change these" in words(page)
    assert shop["manager"].post(SETTINGS, KEPT).status_code == 403


# --- money ---------------------------------------------------------------------------------------


def test_the_statement_leads_to_the_orders(shop: Shop, owner: Client) -> None:
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product, quantity=2)
    held = owner.get(HOME + "money").context["balance"]
    assert (held.available_minor, held.held_minor) == (0, 12_000)
    owner.post(f"{HOME}redeem/{placed.order.public_id}")
    page = owner.get(HOME + "money")
    assert page.context["balance"].available_minor == 12_000
    assert [order_id for _line, _what, order_id in page.context["lines"]] == [placed.order.public_id] * 2


@pytest.mark.parametrize("cursor", ["x", "0", "a.b", "0" * 32 + ".99999999", "%00"])
def test_a_mangled_cursor_begins_at_the_newest(owner: Client, cursor: str) -> None:
    assert owner.get(HOME + "money", {"cursor": cursor}).context["is_first"]


def test_a_statement_has_pages(shop: Shop, owner: Client) -> None:
    rich = make_buyer(10_000_000)
    placed = make_paid_order(shop.merchant, rich, shop.product, quantity=30)
    owner.post(f"{HOME}redeem/{placed.order.public_id}")
    first = owner.get(HOME + "money")
    second = owner.get(HOME + "money", {"cursor": first.context["older"]})
    assert (len(first.context["lines"]), len(second.context["lines"])) == (25, 5)
    assert second.context["older"] is None
