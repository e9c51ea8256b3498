"""Filters for customers: what happened (`moment_face`), a step's name and its error in words."""

from __future__ import annotations

from typing import NamedTuple

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.steps import REGISTRY

register = template.Library()


class Face(NamedTuple):
    """How something that happened looks."""

    tone: str
    icon: str
    label: str | Promise


FACES: dict[str, Face] = {
    "scanned": Face("mute", "scan", _("Opened the live code")),
    "confirmed": Face("mute", "user-check", _("Set out to pay")),
    "paid": Face("ok", "circle-check", _("Paid")),
    "created": Face("info", "user-plus", _("Became a customer")),
    "came_back": Face("info", "user-heart", _("Came back")),
    "step_done": Face("ok", "check", _("Done")),
    "step_waiting": Face("wait", "clock", _("Waiting")),
    "step_given_up": Face("bad", "circle-x", _("Given up")),
    "note": Face("mute", "note", _("Note")),
    "merged": Face("warn", "git-merge", _("Another customer was merged into this one")),
    "unmerged": Face("mute", "arrow-back-up", _("The merge was undone")),
}

ERRORS: dict[str, str | Promise] = {
    "no_email": _("no e-mail address is known"),
    "no_phone": _("no phone is known"),
    "no_member": _("nobody to assign to"),
    "no_secret": _("the webhook has no secret"),
    "erased": _("the customer was erased"),
}


@register.filter
def moment_face(what: str) -> Face:
    """Tone, icon and words of something that happened with a customer."""
    return FACES.get(what) or Face("mute", "point", what.replace("_", " ").capitalize())


@register.filter
def step_label(kind: str) -> str:
    """A step's name; one of a kind that this version does not know by its own word."""
    known = REGISTRY.get(kind)
    return str(known.label) if known else kind


@register.filter
def step_error(code: str) -> str:
    """Why a step failed, in words where it is known."""
    return str(ERRORS.get(code) or code)
