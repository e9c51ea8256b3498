from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from ledger.accounts import Account
from ledger.models import BalanceRow, Leg, LegRow
from tests.cast import make_staff, signed_in
from tests.ledger.till import wallet_with

pytestmark = pytest.mark.django_db

LEGS, BALANCES = "admin:ledger_legrow", "admin:ledger_balancerow"


@pytest.fixture
def staff() -> Client:
    return signed_in(make_staff())


@pytest.fixture
def wallet() -> Account:
    return wallet_with(1234)


@pytest.mark.parametrize("page", [LEGS, BALANCES])
def test_the_lists_are_shown_and_searched_by_id(staff: Client, wallet: Account, page: str) -> None:
    address = reverse(f"{page}_changelist")
    assert "12.34" in staff.get(address, {"q": str(wallet.owner)}).content.decode()
    assert "12.34" in staff.get(address, {"q": f"per_{wallet.owner.hex}"}).content.decode()
    assert "12.34" not in staff.get(address, {"q": "no id"}).content.decode()


def test_the_lists_are_filtered(staff: Client, wallet: Account) -> None:
    legs, balances = reverse(f"{LEGS}_changelist"), reverse(f"{BALANCES}_changelist")
    found = {"q": str(wallet.owner)}
    assert "12.34" in staff.get(legs, {**found, "posting": "top_up_confirmed"}).content.decode()
    assert "12.34" not in staff.get(legs, {**found, "posting": "payout_sent"}).content.decode()
    assert "12.34" in staff.get(balances, {**found, "kind": "W"}).content.decode()
    assert "12.34" not in staff.get(balances, {**found, "kind": "M"}).content.decode()


def test_a_row_is_shown_and_not_changed(staff: Client, wallet: Account) -> None:
    leg, balance = LegRow.objects.get(credit_owner=wallet.owner), BalanceRow.objects.get(owner=wallet.owner)
    for page, row in ((LEGS, leg), (BALANCES, balance)):
        address = reverse(f"{page}_change", args=[row.pk])
        assert "12.34" in staff.get(address).content.decode()
        assert staff.post(address, {"amount": "1"}).status_code == 403
        assert staff.post(reverse(f"{page}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        assert staff.get(reverse(f"{page}_add")).status_code == 403
    assert Leg.objects.get(credit_owner=wallet.owner).amount == 1234


@pytest.mark.parametrize("key", ["nonsense", "W.x.CNY.0", "00000000-0000-0000-0000-000000000000.0"])
def test_a_row_that_is_not_there(staff: Client, key: str) -> None:
    for page in (LEGS, BALANCES):
        assert staff.get(reverse(f"{page}_change", args=[key])).status_code == 302
