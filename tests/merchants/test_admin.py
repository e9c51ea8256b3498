"""The staff's admin: everything is read only, and what is done has a reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from common.admin import MAX_ROWS, ReadOnlyAdmin
from common.models import AuditEntry, InboxMessage, OutboxEvent
from merchants.flows.add_endpoint import add_endpoint
from merchants.flows.create_key import create_key
from merchants.flows.invite_member import invite_member
from merchants.models import Invitation, Key, Member, Merchant, Person, WebhookEndpoint
from merchants.models.merchants import Role
from merchants.models.webhooks import WebhookDelivery
from tests.merchants.cast import a_merchant, a_person, an_app, happen

MODELS = [model for model in admin.site._registry if model._meta.app_label == "merchants"]


def staff(*permissions: str) -> tuple[Client, Person]:
    """Somebody of the staff, signed in; with all permissions if none is named."""
    person = a_person("Staff")
    person.is_staff, person.is_superuser = True, not permissions
    person.save()
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(person)
    return client, person


def list_of(model: type[Any]) -> str:
    """The address of a model's list."""
    return reverse(f"admin:merchants_{model._meta.model_name}_changelist")


def page_of(row: Any) -> str:
    """The address of a row's page."""
    return reverse(f"admin:merchants_{row._meta.model_name}_change", args=[row.pk])


@pytest.fixture
def rows(merchant: Merchant, settings: Any) -> list[Any]:
    """One of everything."""
    settings.DEBUG = True
    added = add_endpoint(merchant, "http://127.0.0.1:9/", ["*"])
    settings.DEBUG = False
    happen(merchant)
    member = Member.objects.create(merchant=merchant, person=a_person(), role=Role.OWNER)
    return [
        merchant,
        member,
        member.person,
        invite_member(merchant, "guest@example.com", Role.CASHIER),
        create_key(merchant, "Till", ["orders:read"]).key,
        an_app(merchant),
        added.endpoint,
        WebhookDelivery.objects.get(endpoint=added.endpoint),
    ]


def test_every_list_and_page_opens(rows: list[Any]) -> None:
    """And none of them has a field to fill in or a secret to see."""
    client, _person = staff()
    assert {type(row) for row in rows} == set(MODELS)
    for row in rows:
        found = client.get(list_of(type(row)), {"q": "a"})
        assert found.status_code == 200, row
        opened = client.get(page_of(row))
        assert opened.status_code == 200, row
        text = opened.content.decode()
        assert 'name="_save"' not in text
        assert not isinstance(row, Key) or bytes(row.hash).hex() not in text
        assert "whsec_" not in text


def test_the_trails_open(rows: list[Any]) -> None:
    """Audit, outbox and inbox, each with its search."""
    client, _person = staff()
    for model in (AuditEntry, OutboxEvent, InboxMessage):
        name = f"admin:common_{model._meta.model_name}"
        assert client.get(reverse(f"{name}_changelist"), {"q": "x"}).status_code == 200
        row = model._default_manager.first()
        if row is not None:
            assert client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200


def test_nothing_can_be_added_edited_or_deleted(rows: list[Any]) -> None:
    """Not even by who may do everything."""
    client, _person = staff()
    for row in rows:
        assert isinstance(admin.site._registry[type(row)], ReadOnlyAdmin)
        assert client.get(list_of(type(row)) + "add/").status_code == 403
        assert client.post(page_of(row), {"name": "x"}).status_code == 403
        assert client.post(page_of(row).replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403


def test_a_reason_is_asked_for_and_kept(merchant: Merchant) -> None:
    """First a page, then the flow, with an entry in the audit trail by name."""
    client, person = staff()
    asked = client.post(list_of(Merchant), {"action": "stop", "_selected_action": [str(merchant.pk)]})
    assert asked.status_code == 200
    assert 'name="reason"' in asked.content.decode()
    empty = {"action": "stop", "_selected_action": [str(merchant.pk)], "reason": "   "}
    assert client.post(list_of(Merchant), empty).status_code == 200
    assert Merchant.objects.get(pk=merchant.pk).is_open
    done = client.post(list_of(Merchant), {**empty, "reason": "complaints"}, follow=True)
    assert "1 row done" in done.content.decode()
    assert Merchant.objects.get(pk=merchant.pk).stopped_reason == "complaints"
    entry = AuditEntry.objects.get(merchant_id=merchant.pk, verb="merchant.stop")
    assert (entry.actor, entry.detail["reason"]) == (f"person:{person.pk.hex}", "complaints")


def test_each_row_has_its_own_outcome(db: None) -> None:
    """One that is refused holds up no other."""
    client, _person = staff()
    open_one, stopped = a_merchant(), a_merchant()
    Merchant.objects.filter(pk=stopped.pk).update(stopped_reason="before")
    chosen = [str(open_one.pk), str(stopped.pk)]
    body = {"action": "stop", "_selected_action": chosen, "reason": "complaints"}
    told = client.post(list_of(Merchant), body, follow=True).content.decode()
    assert "1 row done" in told
    assert "The present state does not allow this." in told
    assert Merchant.objects.get(pk=stopped.pk).stopped_reason == "before"


def test_a_flow_without_a_reason_of_its_own_is_audited_too(merchant: Merchant) -> None:
    """The entry stands in the same transaction: a refused one leaves none."""
    client, person = staff()
    owner = Member.objects.create(merchant=merchant, person=a_person(), role=Role.OWNER)
    body = {"action": "remove", "_selected_action": [owner.pk], "reason": "left"}
    assert "at least one owner" in client.post(list_of(Member), body, follow=True).content.decode()
    assert not AuditEntry.objects.filter(verb="staff.remove", merchant_id=merchant.pk).exists()
    other = Member.objects.create(merchant=merchant, person=a_person(), role=Role.OWNER)
    client.post(list_of(Member), body)
    assert Member.objects.filter(merchant=merchant).get() == other
    entry = AuditEntry.objects.get(verb="staff.remove", merchant_id=merchant.pk)
    assert (entry.actor, entry.subject, entry.detail) == (
        f"person:{person.pk.hex}",
        f"member:{owner.pk}",
        {"reason": "left"},
    )


def test_the_row_itself_has_the_buttons(merchant: Merchant) -> None:
    """They lead to the same page."""
    client, _person = staff()
    text = client.get(page_of(merchant)).content.decode()
    assert 'name="action" value="stop"' in text
    assert f'action="{list_of(Merchant)}"' in text


def test_who_may_only_look(merchant: Merchant) -> None:
    """The "view" permission opens pages, "change" runs actions."""
    client, _person = staff("view_merchant")
    assert client.get(page_of(merchant)).status_code == 200
    assert 'value="stop"' not in client.get(page_of(merchant)).content.decode()
    body = {"action": "stop", "_selected_action": [str(merchant.pk)], "reason": "x"}
    client.post(list_of(Merchant), body)
    assert Merchant.objects.get(pk=merchant.pk).is_open
    assert client.get(list_of(Key)).status_code == 403
    acting, _other = staff("view_merchant", "change_merchant")
    acting.post(list_of(Merchant), body)
    assert not Merchant.objects.get(pk=merchant.pk).is_open


def test_nobody_and_members_are_sent_away(merchant: Merchant) -> None:
    """The admin is for staff."""
    member = Member.objects.create(merchant=merchant, person=a_person(), role=Role.OWNER)
    client = Client()
    assert client.get(list_of(Merchant)).status_code in (302, 403)
    client.force_login(member.person)
    assert client.get(list_of(Merchant)).status_code in (302, 403)


def test_a_bound_on_rows(db: None) -> None:
    """So many at a time, and no more."""
    client, _person = staff()
    Merchant.objects.bulk_create(
        [Merchant(slug=f"many-{number}", name="M", stopped_reason="x") for number in range(MAX_ROWS + 1)]
    )
    chosen = [str(key) for key in Merchant.objects.values_list("pk", flat=True)]
    body = {"action": "reopen", "_selected_action": chosen, "reason": "x"}
    assert "At most 100 rows" in client.post(list_of(Merchant), body, follow=True).content.decode()
    assert Merchant.objects.filter(slug__startswith="many-", stopped_reason="").count() == 0


@pytest.mark.parametrize("action", ["block", "unblock", "revoke", "stop", "withdraw", "make_owner"])
def test_the_other_actions(rows: list[Any], action: str) -> None:
    """Each calls its flow."""
    client, _person = staff()
    _merchant, member, person, invitation, key, _app, endpoint, _delivery = rows
    row = {"block": person, "unblock": person, "revoke": key, "stop": endpoint}.get(action)
    row = row or (invitation if action == "withdraw" else member)
    if action == "unblock":
        Person.objects.filter(pk=person.pk).update(is_active=False)
    if action == "make_owner":
        Member.objects.filter(pk=member.pk).update(role=Role.CASHIER)
    body = {"action": action, "_selected_action": [str(row.pk)], "reason": "because"}
    assert "1 row done" in client.post(list_of(type(row)), body, follow=True).content.decode()
    assert {
        "block": lambda: not Person.objects.get(pk=person.pk).is_active,
        "unblock": lambda: Person.objects.get(pk=person.pk).is_active,
        "revoke": lambda: Key.objects.get(pk=key.pk).revoked_at is not None,
        "stop": lambda: WebhookEndpoint.objects.get(pk=endpoint.pk).stopped_reason == "because",
        "withdraw": lambda: not Invitation.objects.filter(pk=invitation.pk).exists(),
        "make_owner": lambda: Member.objects.get(pk=member.pk).role == Role.OWNER,
    }[action]()
    assert AuditEntry.objects.filter(detail__reason="because").count() == 1
