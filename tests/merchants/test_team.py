"""Inviting, accepting, changing roles, leaving: and never without an owner."""

from __future__ import annotations

import re
import smtplib
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import translation

from common import clock, locking
from common.models import AuditEntry
from common.refusals import InvalidInput, NotFound
from merchants import roles
from merchants.flows import invite_member as inviting
from merchants.flows.accept_invitation import accept_invitation, find_invitation
from merchants.flows.change_role import change_role
from merchants.flows.invite_member import invite_member
from merchants.flows.remove_member import remove_member
from merchants.flows.send_invitations import JOIN_PATH, send_invitations
from merchants.flows.withdraw_invitation import withdraw_invitation
from merchants.models import Invitation, Member, Merchant, Person
from merchants.models.merchants import Role
from merchants.queries import invitations_of, members_of, membership_of, memberships_of
from merchants.refusals import (
    AlreadyMember,
    InvitationForAnother,
    InvitationInvalid,
    InvitedJustNow,
    LastOwner,
    TooManyInvitations,
)
from tests.merchants.cast import a_merchant, a_person
from tests.merchants.races import WAIT_SECONDS, at_once

MINUTE = timedelta(minutes=1, seconds=1)


def a_member(merchant: Merchant, role: str = Role.OWNER) -> Member:
    """Somebody who works there."""
    return Member.objects.create(merchant=merchant, person=a_person(), role=role)


def token_sent() -> str:
    """The token in the only e-mail that was sent."""
    (message,) = mail.outbox
    found = re.search(rf"http://testserver{JOIN_PATH}(\S+)", str(message.body))
    assert found
    return found[1]


def test_from_invitation_to_member(merchant: Merchant) -> None:
    """An e-mail with a link, accepted once by whoever was invited."""
    guest = a_person()
    assert guest.email
    invitation = invite_member(merchant, f"  {guest.email.upper()} ", Role.CASHIER)
    assert send_invitations() == 1
    assert send_invitations() == 0
    assert mail.outbox[0].to == [guest.email]
    assert "Teahouse" in mail.outbox[0].subject
    token = token_sent()
    fresh = Invitation.objects.get(pk=invitation.pk)
    assert (fresh.token_sealed, fresh.send_at) == (None, None)
    assert fresh.sent_at is not None
    assert find_invitation(token).merchant == merchant
    member = accept_invitation(token, guest)
    assert (member.role, member.merchant_id) == ("cashier", merchant.pk)
    assert list(memberships_of(guest)) == [member]
    assert membership_of(guest, merchant.slug) == member
    with pytest.raises(InvitationInvalid):
        accept_invitation(token, guest)
    verbs = AuditEntry.objects.filter(merchant_id=merchant.pk).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["member.invite", "member.join"]


def test_the_token_is_nowhere_in_plain(merchant: Merchant) -> None:
    """Neither in the row nor in the audit trail."""
    invitation = invite_member(merchant, "guest@example.com", Role.OWNER)
    send_invitations()
    token = token_sent()
    row = Invitation.objects.filter(pk=invitation.pk).values().get()
    assert token not in str(row)
    assert token not in str(list(AuditEntry.objects.filter(merchant_id=merchant.pk).values()))


def test_a_guest_is_written_to_in_the_inviters_language(merchant: Merchant) -> None:
    """The language is kept with the invitation."""
    with translation.override("zh-hans"):
        assert invite_member(merchant, "guest@example.com", Role.CASHIER).language == "zh-hans"


def test_a_mail_server_that_is_away(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost: it is tried again with growing pauses."""
    invitation = invite_member(merchant, "guest@example.com", Role.CASHIER)
    with monkeypatch.context() as away:
        away.setattr(mail.EmailMessage, "send", _no_server)
        assert send_invitations() == 1
        with clock.moved(MINUTE):
            assert send_invitations() == 1
    assert mail.outbox == []
    with clock.moved(MINUTE * 2):
        assert send_invitations() == 0
    with clock.moved(MINUTE * 4):
        assert send_invitations() == 1
    assert Invitation.objects.get(pk=invitation.pk).send_attempts == 3
    assert token_sent()


def _no_server(*_said: object) -> int:
    raise smtplib.SMTPServerDisconnected("gone")


def test_past_invitations_are_neither_sent_nor_accepted(merchant: Merchant) -> None:
    """A week, then it is over; inviting again is possible."""
    guest = a_person()
    assert guest.email
    invite_member(merchant, guest.email, Role.CASHIER)
    send_invitations()
    token = token_sent()
    with clock.moved(inviting.VALID_FOR):
        with pytest.raises(InvitationInvalid):
            accept_invitation(token, guest)
        invite_member(merchant, guest.email, Role.MANAGER)
    assert invitations_of(merchant).count() == 1


def test_inviting_again_makes_the_earlier_link_void(merchant: Merchant) -> None:
    """Not within a minute; then there is one invitation, with another token."""
    guest = a_person()
    assert guest.email
    invite_member(merchant, guest.email, Role.CASHIER)
    send_invitations()
    token = token_sent()
    with pytest.raises(InvitedJustNow):
        invite_member(merchant, guest.email, Role.MANAGER)
    with clock.moved(MINUTE):
        invite_member(merchant, guest.email, Role.MANAGER)
        with pytest.raises(InvitationInvalid):
            accept_invitation(token, guest)
    assert invitations_of(merchant).get().role == "manager"


def test_only_who_was_invited(merchant: Merchant) -> None:
    """Somebody else who has the link is refused, and the link still works."""
    guest = a_person()
    assert guest.email
    invite_member(merchant, guest.email, Role.CASHIER)
    send_invitations()
    token = token_sent()
    with pytest.raises(InvitationForAnother):
        accept_invitation(token, a_person())
    with pytest.raises(InvitationForAnother):
        accept_invitation(token, Person.objects.create_user(phone="+8613800138000"))
    assert accept_invitation(token, guest).role == "cashier"


@pytest.mark.parametrize("token", ["", "x", "é", "x" * 5000, "\x00"])
def test_nonsense_for_a_token(merchant: Merchant, token: str) -> None:
    """Refused by name."""
    with pytest.raises(InvitationInvalid):
        accept_invitation(token, a_person())


@pytest.mark.parametrize(
    ("email", "role"),
    [
        ("", "cashier"),
        ("x", "cashier"),
        ("a@b", "cashier"),
        ("a@example.com\nBcc: b@example.com", "cashier"),
        (f"{'a' * 300}@example.com", "cashier"),
        ("a@example.com", "emperor"),
        ("a@example.com", ""),
    ],
)
def test_bad_invitations(merchant: Merchant, email: str, role: str) -> None:
    """No address, no role."""
    with pytest.raises(InvalidInput):
        invite_member(merchant, email, role)


def test_who_works_here_is_not_invited(merchant: Merchant) -> None:
    """Their address is known."""
    with pytest.raises(AlreadyMember):
        invite_member(merchant, str(a_member(merchant).person.email), Role.CASHIER)


def test_a_member_who_accepts_keeps_the_role(merchant: Merchant) -> None:
    """An old link lowers nobody."""
    guest = a_person()
    invite_member(merchant, str(guest.email), Role.CASHIER)
    send_invitations()
    Member.objects.create(merchant=merchant, person=guest, role=Role.OWNER)
    assert accept_invitation(token_sent(), guest).role == "owner"


def test_open_invitations_are_bounded(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sends mail to the world from here."""
    monkeypatch.setattr(inviting, "MAX_OPEN", 2)
    invite_member(merchant, "a@example.com", Role.CASHIER)
    invite_member(merchant, "b@example.com", Role.CASHIER)
    with pytest.raises(TooManyInvitations):
        invite_member(merchant, "c@example.com", Role.CASHIER)


def test_withdrawing(merchant: Merchant) -> None:
    """The stranger can't, the merchant can, once."""
    invitation = invite_member(merchant, "a@example.com", Role.CASHIER)
    with pytest.raises(NotFound):
        withdraw_invitation(a_merchant(), invitation.pk)
    withdraw_invitation(merchant, invitation.pk)
    with pytest.raises(NotFound):
        withdraw_invitation(merchant, invitation.pk)
    assert send_invitations() == 0


def test_roles_change(merchant: Merchant) -> None:
    """Audited with what was before."""
    a_member(merchant)
    member = a_member(merchant, Role.CASHIER)
    assert change_role(merchant, member.pk, Role.MANAGER).role == "manager"
    assert Member.objects.get(pk=member.pk).role == "manager"
    detail = AuditEntry.objects.get(verb="member.role", merchant_id=merchant.pk).detail
    assert detail == {"before": "cashier", "role": "manager"}
    with pytest.raises(InvalidInput):
        change_role(merchant, member.pk, "emperor")


def test_the_last_owner_stays(merchant: Merchant) -> None:
    """Neither lowered nor removed, until there is another."""
    owner, other = a_member(merchant), a_member(merchant, Role.MANAGER)
    with pytest.raises(LastOwner):
        change_role(merchant, owner.pk, Role.MANAGER)
    with pytest.raises(LastOwner):
        remove_member(merchant, owner.pk)
    assert change_role(merchant, owner.pk, Role.OWNER).role == "owner"
    change_role(merchant, other.pk, Role.OWNER)
    remove_member(merchant, owner.pk)
    assert list(members_of(merchant)) == [other]
    assert Person.objects.filter(pk=owner.person_id).exists()


def test_another_merchants_member_is_not_there(merchant: Merchant) -> None:
    """404 for both verbs."""
    elsewhere = a_member(a_merchant(), Role.CASHIER)
    a_member(merchant)
    with pytest.raises(NotFound):
        change_role(merchant, elsewhere.pk, Role.OWNER)
    with pytest.raises(NotFound):
        remove_member(merchant, elsewhere.pk)


def _leave(merchant: Merchant, member: Member) -> object:
    remove_member(merchant, member.pk)
    return None


@pytest.mark.races
@pytest.mark.parametrize("round_", range(5))
def test_two_owners_leave_at_once(committed: None, round_: int) -> None:
    """One of them has to stay, whichever way they go."""
    merchant = a_merchant()
    first, second = a_member(merchant), a_member(merchant)
    results = at_once(
        lambda: _leave(merchant, first),
        lambda: change_role(merchant, second.pk, Role.CASHIER),
    )
    assert sum(isinstance(result, LastOwner) for result in results) == 1, results
    assert members_of(merchant).filter(role=Role.OWNER).count() == 1


@pytest.mark.races
def test_control_without_the_lock(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking without locking, both see the other and both go."""
    merchant = a_merchant()
    first, second = a_member(merchant), a_member(merchant)
    both_looked = threading.Barrier(2)

    def look(rows: Any, **_options: Any) -> list[Any]:
        found = list(rows)
        both_looked.wait(WAIT_SECONDS)
        return found

    monkeypatch.setattr(locking, "lock_rows", look)
    at_once(lambda: _leave(merchant, first), lambda: _leave(merchant, second))
    assert members_of(merchant).count() == 0


@pytest.mark.parametrize("capability", sorted(roles.LEAST))
def test_each_may_what_the_ones_below_may(capability: str) -> None:
    """Owner over manager over cashier, for every capability."""
    allowed = [roles.may(role, capability) for role in ("cashier", "manager", "owner")]
    assert allowed == sorted(allowed)
    assert allowed[2]
    assert capability in roles.of("owner")


def test_what_cashiers_may(merchant: Merchant) -> None:
    """The counter, and nothing that is the owner's."""
    cashier = a_member(merchant, Role.CASHIER)
    assert roles.may(cashier, "orders:redeem")
    assert not roles.may(cashier, "team:write")
    assert not roles.may("manager", "keys:write")
    with pytest.raises(KeyError):
        roles.may(cashier, "no:such")
