"""Keys made and revoked, settings changed, merchants stopped, people blocked."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from common.models import AuditEntry
from common.refusals import InvalidInput, InvalidState, NotFound
from merchants.flows import create_key as creating
from merchants.flows.block_person import block_person, unblock_person
from merchants.flows.create_key import create_key
from merchants.flows.revoke_key import revoke_key
from merchants.flows.stop_merchant import reopen_merchant, stop_merchant
from merchants.flows.update_settings import update_settings
from merchants.models import Key, Merchant
from merchants.queries import keys_of
from merchants.refusals import KeyRevoked, TooManyKeys
from tests.merchants.cast import Caller, a_merchant, a_person, caller


def test_a_key_from_birth_to_end(merchant: Merchant) -> None:
    """Works at once with its scopes, is nowhere in plain, is unknown once revoked."""
    made = create_key(merchant, " Till 1 ", ["webhooks:read"])
    assert made.secret.startswith("mk_")
    assert made.secret not in str(Key.objects.filter(pk=made.key.pk).values().get())
    program = Caller(made.secret)
    assert program.get("webhook-endpoints").status_code == 200
    assert program.get("orders").status_code == 403
    revoke_key(made.key.pk, of=merchant)
    assert program.get("webhook-endpoints").status_code == 401
    with pytest.raises(KeyRevoked):
        revoke_key(made.key.pk, of=merchant)
    assert [key.name for key in keys_of(merchant)] == ["Till 1"]
    verbs = AuditEntry.objects.filter(subject=f"key:{made.key.pk.hex}").order_by("pk")
    assert [entry.verb for entry in verbs] == ["key.create", "key.revoke"]


def test_a_strangers_key_is_not_there(merchant: Merchant) -> None:
    """Staff may revoke anybody's, a merchant its own."""
    made = create_key(merchant, "Till", ["orders:read"])
    with pytest.raises(NotFound):
        revoke_key(made.key.pk, of=a_merchant())
    revoke_key(made.key.pk, reason="leaked")
    with pytest.raises(NotFound):
        revoke_key(uuid4())


@pytest.mark.parametrize(
    ("name", "scopes"),
    [
        ("", ["orders:read"]),
        ("  ", ["orders:read"]),
        ("x" * 81, ["orders:read"]),
        ("a\x00", ["orders:read"]),
        ("Till", []),
        ("Till", ["orders:imagine"]),
        ("Till", ["me:read"]),
    ],
)
def test_bad_keys(merchant: Merchant, name: str, scopes: list[str]) -> None:
    """A name and at least one scope of a merchant's."""
    with pytest.raises(InvalidInput):
        create_key(merchant, name, scopes)


def test_keys_are_bounded(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Revoked ones don't count."""
    monkeypatch.setattr(creating, "MAX_KEYS", 1)
    made = create_key(merchant, "Till", ["orders:read"])
    with pytest.raises(TooManyKeys):
        create_key(merchant, "Till", ["orders:read"])
    revoke_key(made.key.pk, of=merchant)
    create_key(merchant, "Till", ["orders:read"])


def test_settings_change(merchant: Merchant) -> None:
    """What differs is written and audited; the same again writes nothing."""
    changes: dict[str, object] = {"name": " New name ", "pay_within_seconds": 600, "contact_note": ""}
    fresh = update_settings(merchant, changes)
    assert (fresh.name, fresh.pay_within_seconds) == ("New name", 600)
    assert Merchant.objects.get(pk=merchant.pk).name == "New name"
    update_settings(merchant, changes)
    entry = AuditEntry.objects.get(verb="merchant.settings", merchant_id=merchant.pk)
    assert entry.detail["changed"] == {"name": ["Teahouse", "New name"], "pay_within_seconds": [1800, 600]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("name", "a\x00b"),
        ("name", None),
        ("region", "XX"),
        ("region", "China"),
        ("pay_within_seconds", 59),
        ("pay_within_seconds", 10**12),
        ("pay_within_seconds", "soon"),
        ("redeem_within_days", 0),
        ("holding_seconds", -1),
        ("undo_within_seconds", 604_801),
        ("unredeemed", "burn"),
        ("contact_note", "x" * 301),
        ("fee_basis_points", 0),
        ("currency", "USD"),
        ("slug", "mine"),
        ("stopped_reason", ""),
        ("pk", "1"),
    ],
)
def test_bad_settings(merchant: Merchant, field: str, value: object) -> None:
    """The field is named, nothing is written."""
    with pytest.raises(InvalidInput) as refused:
        update_settings(merchant, {"contact_name": "Lin", field: value})
    assert [problem.field for problem in refused.value.problems] == [field]
    assert Merchant.objects.get(pk=merchant.pk).contact_name == ""


def test_stopping_a_merchant(merchant: Merchant, till: Any) -> None:
    """No new orders while it is stopped."""
    product = {"name": "Tea", "price": 900, "currency": "CNY", "redeem_by": "code"}
    made = till.post("products", product).json()
    order = {"lines": [{"product": made["id"], "quantity": 1}]}
    with pytest.raises(InvalidState):
        reopen_merchant(merchant.pk, "by mistake")
    stop_merchant(merchant.pk, "complaints")
    with pytest.raises(InvalidState):
        stop_merchant(merchant.pk, "again")
    assert till.post("orders", order).status_code in (403, 409)
    reopen_merchant(merchant.pk, "settled")
    assert till.post("orders", order).status_code == 201
    with pytest.raises(InvalidInput):
        stop_merchant(merchant.pk, "  ")
    with pytest.raises(NotFound):
        stop_merchant(uuid4(), "x")


def test_blocking_a_person(db: None) -> None:
    """Their token is unknown while they are blocked."""
    person = a_person()
    token = caller(person)
    with pytest.raises(InvalidState):
        unblock_person(person.pk, "x")
    assert token.get("me").status_code == 200
    block_person(person.pk, "fraud")
    assert token.get("me").status_code == 401
    unblock_person(person.pk, "cleared")
    assert token.get("me").status_code == 200
    with pytest.raises(NotFound):
        block_person(uuid4(), "x")
