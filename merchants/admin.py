"""What staff see of people, merchants, keys and webhooks; they change state by flows, with a reason."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin, ReadOnlyInline, reasoned_action
from merchants.flows.block_person import block_person, unblock_person
from merchants.flows.change_role import change_role
from merchants.flows.remove_member import remove_member
from merchants.flows.revoke_key import revoke_key
from merchants.flows.stop_endpoints import stop_endpoints
from merchants.flows.stop_merchant import reopen_merchant, stop_merchant
from merchants.flows.withdraw_invitation import withdraw_invitation
from merchants.models import (
    App,
    Invitation,
    Key,
    Member,
    Merchant,
    Person,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from merchants.models.merchants import Role

_MERCHANT_FIELDS = (
    "slug",
    "name",
    "currency",
    "region",
    "pay_within_seconds",
    "redeem_within_days",
    "holding_seconds",
    "undo_within_seconds",
    "unredeemed",
    "fee_basis_points",
    "contact_name",
    "contact_phone",
    "contact_note",
    "stopped_reason",
    "created_at",
)

# Plain admins of libraries would let staff change who signs in how, and read second factors.
admin.site.unregister([Authenticator, EmailAddress, Group])


class MembershipInline(ReadOnlyInline):
    """Where a person works."""

    model = Member
    fields = ("merchant", "role", "created_at")


class MemberInline(ReadOnlyInline):
    """Who works for a merchant."""

    model = Member
    fields = ("person", "role", "created_at")


class AttemptInline(ReadOnlyInline):
    """Every try of a delivery."""

    model = WebhookAttempt
    fields = ("at", "status", "error", "duration_ms", "answer")
    show_change_link = False


@admin.register(Person)
class PersonAdmin(ReadOnlyAdmin):
    """Everybody who signs in."""

    list_display = ("__str__", "email", "phone", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "phone", "name")
    fields = (
        "email",
        "phone",
        "phone_verified",
        "name",
        "language",
        "is_active",
        "is_staff",
        "is_superuser",
        "date_joined",
        "last_login",
    )
    inlines = (MembershipInline,)
    actions = (
        reasoned_action(
            lambda person, reason: block_person(person.pk, reason),
            name="block",
            description=_("Block"),
            audited_by_flow=True,
        ),
        reasoned_action(
            lambda person, reason: unblock_person(person.pk, reason),
            name="unblock",
            description=_("Unblock"),
            audited_by_flow=True,
        ),
    )


@admin.register(Merchant)
class MerchantAdmin(ReadOnlyAdmin):
    """Sellers."""

    list_display = ("name", "slug", "currency", "is_open", "created_at")
    search_fields = ("name", "slug")
    fields = _MERCHANT_FIELDS
    inlines = (MemberInline,)
    actions = (
        reasoned_action(
            lambda merchant, reason: stop_merchant(merchant.pk, reason),
            name="stop",
            description=_("Stop: no new orders"),
            audited_by_flow=True,
        ),
        reasoned_action(
            lambda merchant, reason: reopen_merchant(merchant.pk, reason),
            name="reopen",
            description=_("Let it open again"),
            audited_by_flow=True,
        ),
    )

    @admin.display(boolean=True, description=_("open"))
    def is_open(self, merchant: Merchant) -> bool:
        """Whether it takes orders."""
        return merchant.is_open


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    """Who works where."""

    list_display = ("person", "merchant", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("person", "merchant")
    search_fields = ("person__email", "person__name", "merchant__slug", "merchant__name")
    fields = ("person", "merchant", "role", "created_at", "last_assigned_at")
    actions = (
        reasoned_action(
            lambda member, reason: change_role(member.merchant, member.pk, Role.OWNER),
            name="make_owner",
            description=_("Make an owner"),
        ),
        reasoned_action(
            lambda member, reason: remove_member(member.merchant, member.pk),
            name="remove",
            description=_("End the membership"),
        ),
    )


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who was asked to join."""

    list_display = ("email", "merchant", "role", "created_at", "sent_at", "expires_at", "accepted_at")
    list_select_related = ("merchant",)
    search_fields = ("email", "merchant__slug")
    fields = (
        "email",
        "merchant",
        "role",
        "created_at",
        "sent_at",
        "send_attempts",
        "expires_at",
        "accepted_at",
    )
    actions = (
        reasoned_action(
            lambda invitation, reason: withdraw_invitation(invitation.merchant, invitation.pk),
            name="withdraw",
            description=_("Withdraw"),
        ),
    )


@admin.register(Key)
class KeyAdmin(ReadOnlyAdmin):
    """Keys of merchants, apps and buyers; neither secret nor hash is shown."""

    list_display = ("hint", "kind", "name", "owner", "created_at", "last_used_at", "revoked_at")
    list_filter = ("kind", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("merchant", "app", "person")
    search_fields = ("hint", "name", "merchant__slug", "app__name", "person__email", "person__phone")
    fields = (
        "hint",
        "kind",
        "name",
        "merchant",
        "app",
        "person",
        "scopes",
        "requests_per_second",
        "created_at",
        "last_used_at",
        "revoked_at",
    )
    actions = (
        reasoned_action(
            lambda key, reason: revoke_key(key.pk, reason=reason),
            name="revoke",
            description=_("Revoke"),
            audited_by_flow=True,
        ),
    )

    @admin.display(description=_("owner"))
    def owner(self, key: Key) -> str:
        """Whose it is."""
        return str(key.merchant or key.app or key.person)


@admin.register(App)
class AppAdmin(ReadOnlyAdmin):
    """Third parties' apps."""

    list_display = ("name", "owner", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__slug")
    fields = ("name", "owner", "created_at")


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    """Where merchants and apps hear of events; the secret is not shown."""

    list_display = ("url", "owner", "created_at", "stopped_at", "deleted_at")
    list_select_related = ("merchant", "app")
    search_fields = ("url", "merchant__slug", "app__name")
    fields = (
        "url",
        "merchant",
        "app",
        "events",
        "created_at",
        "stopped_at",
        "stopped_reason",
        "deleted_at",
    )
    actions = (
        reasoned_action(
            lambda endpoint, reason: stop_endpoints([endpoint.pk], reason),
            name="stop",
            description=_("Stop: tell it nothing more"),
            audited_by_flow=True,
        ),
    )

    @admin.display(description=_("owner"))
    def owner(self, endpoint: WebhookEndpoint) -> str:
        """Whose it is."""
        return str(endpoint.merchant or endpoint.app)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """What was told or is to be told, with every attempt."""

    list_display = ("event_name", "endpoint", "state", "attempts_made", "created_at", "due_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("endpoint",)
    search_fields = ("event_name", "endpoint__url", "endpoint__merchant__slug", "request_id")
    fields = (
        "event_name",
        "endpoint",
        "state",
        "attempts_made",
        "created_at",
        "due_at",
        "finished_at",
        "request_id",
        "body",
    )
    inlines = (AttemptInline,)
