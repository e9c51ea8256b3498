"""Accepting an invitation as somebody new: the account is made and becomes a member at once."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from common import actors, locking
from common.refusals import FieldProblem, InvalidInput
from merchants.flows.accept_invitation import accept_invitation, find_invitation
from merchants.models import Member, Person

NAME_LENGTH = 120


def join_with_account(token: str, name: str, password: str) -> Member:
    """Make the invited address an account; the link that only its mailbox got proves the address.

    Raises `InvitationInvalid`, and `InvalidInput` for a name or password that does not do, or an
    address that has an account by now (its owner signs in instead).
    """
    email = find_invitation(token).email
    name = name.strip()
    _check(email, name, password)
    try:
        with locking.transaction():
            person = Person.objects.create_user(email, password, name=name)
            with actors.acting_as(f"person:{person.pk.hex}"):
                return accept_invitation(token, person)
    except IntegrityError as error:
        taken = _("There is an account with this address by now. Sign in to accept.")
        raise InvalidInput(FieldProblem("", "account_exists", taken)) from error


def _check(email: str, name: str, password: str) -> None:
    problems = []
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        problems.append(FieldProblem("name", "invalid", _("1 to 120 characters.")))
    try:
        validate_password(password, Person(email=email, name=name))
    except ValidationError as error:
        problems += [FieldProblem("password", "too_weak", message) for message in error.messages]
    if problems:
        raise InvalidInput(*problems)
