"""The dashboard's pages of the team: members, roles, invitations, and accepting one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import actors
from common.forms import add_refusal
from common.ids import parse_public_id
from common.refusals import InvalidInput, NotFound, Refusal
from merchants.dashboard import SESSION_KEY, DashboardRequest, attempt, dashboard, found, page, sent_to
from merchants.flows.accept_invitation import accept_invitation, find_invitation
from merchants.flows.change_role import change_role
from merchants.flows.invite_member import invite_member
from merchants.flows.join_with_account import join_with_account
from merchants.flows.remove_member import remove_member
from merchants.flows.withdraw_invitation import withdraw_invitation
from merchants.forms import InviteForm, JoinForm
from merchants.models import Invitation, Member, Person
from merchants.models.merchants import Role
from merchants.queries import invitations_of, members_of
from merchants.refusals import InvitationInvalid

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dashboard("team:read")
@require_safe
def team(request: DashboardRequest) -> HttpResponseBase:
    """Who works here, and who is asked to."""
    return _draw(request, InviteForm())


def _draw(request: DashboardRequest, form: InviteForm, status: int = 200) -> HttpResponseBase:
    context = {
        "members": members_of(request.merchant),
        "invitations": invitations_of(request.merchant),
        "form": form,
        "roles": Role.choices,
    }
    return page(request, "merchants/team.html", context, nav="team", status=status)


@dashboard("team:write")
@sent_to("dashboard_team")
def invite(request: DashboardRequest) -> HttpResponseBase:
    """Ask somebody by e-mail."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _draw(request, form, status=422)
    try:
        invitation = invite_member(request.merchant, form.cleaned_data["email"], form.cleaned_data["role"])
    except InvalidInput as refused:
        add_refusal(form, refused)
    except NotFound:
        raise
    except Refusal as refused:
        form.add_error("email", str(refused.detail))
    else:
        messages.success(
            request, _("An invitation is on its way to %(email)s.") % {"email": invitation.email}
        )
        return redirect("dashboard_team")
    return _draw(request, form, status=422)


@dashboard("team:write")
@sent_to("dashboard_team")
def withdraw(request: DashboardRequest, invitation_id: str) -> HttpResponseBase:
    """Take an invitation back."""
    wanted = found(parse_public_id("inv", invitation_id))
    return attempt(
        request,
        lambda: withdraw_invitation(request.merchant, wanted),
        back=reverse("dashboard_team"),
        done=_("The invitation was taken back; its link opens nothing any more."),
    )


def _member(request: DashboardRequest, member_id: int) -> Member:
    member: Member = found(members_of(request.merchant).filter(pk=member_id).first())
    return member


@dashboard("team:write")
@sent_to("dashboard_team")
def set_role(request: DashboardRequest, member_id: int) -> HttpResponseBase:
    """Give a member another role."""
    member = _member(request, member_id)
    return attempt(
        request,
        lambda: change_role(request.merchant, member.pk, request.POST.get("role", "")),
        back=reverse("dashboard_team") if member.pk != request.member.pk else reverse("dashboard"),
        done=_("%(name)s has another role now.") % {"name": member.person},
    )


@dashboard("team:write")
@sent_to("dashboard_team")
def remove(request: DashboardRequest, member_id: int) -> HttpResponseBase:
    """End somebody's work here."""
    member = _member(request, member_id)
    return attempt(
        request,
        lambda: remove_member(request.merchant, member.pk),
        back=reverse("dashboard_team") if member.pk != request.member.pk else reverse("dashboard"),
        done=_("%(name)s does not work here any more.") % {"name": member.person},
    )


# --- accepting an invitation: the link from the e-mail ---------------------------------


def join(request: HttpRequest, token: str) -> HttpResponseBase:
    """Where an invitation's link leads, for whoever has it: sign in, or make an account, and accept."""
    response = _join(request, token)
    add_never_cache_headers(response)
    return response


def _join(request: HttpRequest, token: str) -> HttpResponseBase:
    try:
        invitation = find_invitation(token)
        if request.method == "POST":
            return _accept(request, token, invitation)
    except InvitationInvalid:
        return render(request, "merchants/join_ended.html", status=404)
    return _ask(request, invitation, JoinForm())


def _ask(request: HttpRequest, invitation: Invitation, form: JoinForm, status: int = 200) -> HttpResponseBase:
    person = request.user if isinstance(request.user, Person) else None
    context = {
        "invitation": invitation,
        "form": form,
        "has_account": Person.objects.filter(email=invitation.email).exists(),
        "is_right": person is not None and (person.email or "").lower() == invitation.email,
        "here": request.path,
    }
    return render(request, "merchants/join.html", context, status=status)


def _accept(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponseBase:
    if isinstance(request.user, Person):
        return _accept_as(request, request.user, token, invitation)
    form = JoinForm(request.POST)
    if form.is_valid():
        try:
            member = join_with_account(token, form.cleaned_data["name"], form.cleaned_data["password"])
        except InvalidInput as refused:
            add_refusal(form, refused)
        else:
            login(request, member.person, backend=BACKEND)
            return _begin(request, invitation)
    return _ask(request, invitation, form, status=422)


def _accept_as(request: HttpRequest, person: Person, token: str, invitation: Invitation) -> HttpResponseBase:
    try:
        with actors.acting_as(f"person:{person.pk.hex}"):
            accept_invitation(token, person)
    except InvitationInvalid:
        raise
    except Refusal as refused:
        messages.error(request, str(refused.detail))
        return _ask(request, invitation, JoinForm(), status=refused.status)
    return _begin(request, invitation)


def _begin(request: HttpRequest, invitation: Invitation) -> HttpResponseBase:
    request.session[SESSION_KEY] = invitation.merchant.slug
    messages.success(request, _("Welcome to %(name)s.") % {"name": invitation.merchant.name})
    return redirect("dashboard")
