"""Every "no" about a merchant's team, keys and webhooks, by name."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from common.refusals import Refusal


class TooManyEndpoints(Refusal):
    """A merchant has so many webhook endpoints, and no more."""

    code = "too_many_endpoints"
    title = _("There are as many webhook endpoints as there may be. Delete one first.")


class TooManyKeys(Refusal):
    """A merchant has so many live keys, and no more."""

    code = "too_many_keys"
    title = _("There are as many keys as there may be. Revoke one first.")


class KeyRevoked(Refusal):
    """The key has been revoked before."""

    code = "key_revoked"
    title = _("This key was revoked before.")


class AlreadyMember(Refusal):
    """The invited address belongs to somebody who works here."""

    code = "already_member"
    title = _("This person works here already.")


class InvitationInvalid(Refusal):
    """Unknown, used, withdrawn or past: one answer."""

    code = "invitation_invalid"
    status = 404
    title = _("This invitation is not valid, or no longer.")


class InvitationForAnother(Refusal):
    """Whoever is signed in is not who was invited."""

    code = "invitation_for_another"
    status = 403
    title = _("This invitation was sent to another e-mail address. Sign in with that one.")


class TooManyInvitations(Refusal):
    """So many open invitations, and no more."""

    code = "too_many_invitations"
    title = _("There are as many open invitations as there may be. Withdraw one first.")


class InvitedJustNow(Refusal):
    """The same address was invited a moment ago; its e-mail is on the way."""

    code = "invited_just_now"
    title = _("This address was invited a moment ago. Wait a minute before you invite it again.")


class LastOwner(Refusal):
    """A merchant is never left without an owner."""

    code = "last_owner"
    title = _("A shop needs at least one owner. Make somebody else an owner first.")
