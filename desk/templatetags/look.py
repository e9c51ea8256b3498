"""Tags of the look: icons, money, states, fields, plots. docs/look.md shows each in use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import phonenumbers
import structlog
from babel.dates import format_date, format_skeleton
from django import template
from django.conf import settings
from django.forms import (
    BoundField,
    CheckboxInput,
    CheckboxSelectMultiple,
    RadioSelect,
    Select,
    SelectMultiple,
)
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from common.money import format_minor
from common.paging import Page, address
from desk.look.plots import Plot, babel_locale, sparkline_points
from desk.look.states import look_of

register = template.Library()

SPRITE = "vendor/tabler-icons-3.51.0/sprite.svg"
ECHARTS = "vendor/echarts-6.1.0/echarts.common.min.js"


# --- small things -----------------------------------------------------------------


@lru_cache(maxsize=1)
def icon_names() -> frozenset[str]:
    """The names in the sprite (the list that it is built from)."""
    lines = (Path(settings.BASE_DIR) / "deploy" / "icons.txt").read_text().splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of the sprite, hidden from screen readers: the text beside it says the same."""
    if settings.DEBUG and name not in icon_names():
        raise template.TemplateSyntaxError(
            f"No icon {name!r}: add it to deploy/icons.txt, run deploy/vendor.sh"
        )
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes, static(SPRITE), name,
    )  # fmt: skip


@register.filter
def money(amount_minor: int | None, currency: str) -> SafeString:
    """`{{ order.amount_minor|money:order.currency }}`: minor units as people read them, in even digits."""
    if amount_minor is None:
        return mark_safe("–")
    return format_html('<span class="lt-money">{}</span>', money_text(amount_minor, currency))


@register.filter
def money_text(amount_minor: int, currency: str) -> str:
    """The same without markup, for attributes and titles."""
    return format_minor(amount_minor, currency, babel_locale())


@register.filter
def when(moment: datetime | None, style: str = "medium") -> SafeString:
    """A time in the reader's language and the project's zone: `medium`, `short` (no year), `date`."""
    if moment is None:
        return mark_safe("–")
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    locale = babel_locale()
    day = (
        format_skeleton("MMMd", local, locale=locale)
        if style == "short"
        else format_date(local, locale=locale)
    )
    text = day if style == "date" else f"{day} {local:%H:%M}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), text)


@register.filter
def phone(number: str | None) -> str:
    """A phone in E.164 with the spaces that people of its country put."""
    if not number:
        return "–"
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    spaced = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return spaced.replace(" ", "\u00a0")


@register.filter
def initials(name: str) -> str:
    """Up to two letters for a person's or shop's disc."""
    words = str(name).lstrip("+").split()
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.filter
def as_json(value: Any) -> str:
    """A value as JSON for an attribute (`hx-vals`); escaped by the template as any text."""
    return json.dumps(value, ensure_ascii=False, default=str)


@register.simple_tag
def request_id() -> str:
    """The id that the logs know this request by; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


@register.simple_tag(takes_context=True)
def home_address(context: Context) -> str:
    """Where somebody who is signed in is at home: the shop's dashboard, the admin, or `/me/`."""
    from merchants.adapters import AccountAdapter

    request = context["request"]
    return AccountAdapter(request).get_login_redirect_url(request)


@register.simple_tag
def echarts_address() -> str:
    """Where plots.js finds ECharts when a page has something to draw."""
    return static(ECHARTS)


# --- states -------------------------------------------------------------------------


@register.inclusion_tag("components/badge.html")
def state_badge(kind: str, state: str, large: bool = False) -> dict[str, Any]:
    """`{% state_badge "order" order.state %}`: tone, icon and word of a state."""
    look = look_of(kind, state)
    return {"tone": look.tone, "icon_name": look.icon, "label": look.label, "large": large}


@register.inclusion_tag("components/badge.html")
def badge(tone: str, icon_name: str, label: str) -> dict[str, Any]:
    """Any other badge: tone is ok, wait, warn, bad, info or mute."""
    return {"tone": tone, "icon_name": icon_name, "label": label}


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    icon_name: str, title: str, text: str = "", action_url: str = "", action_label: str = ""
) -> dict[str, Any]:
    """Where a list or plot has nothing yet: what it will hold, and the way to the first."""
    return {
        "icon_name": icon_name, "title": title, "text": text,
        "action_url": action_url, "action_label": action_label,
    }  # fmt: skip


@register.inclusion_tag("components/error_state.html")
def error_state(title: str, text: str = "", retry_url: str = "") -> dict[str, Any]:
    """Where a part of a page could not be had: what happened, and the way to try again."""
    return {"title": title, "text": text, "retry_url": retry_url}


@register.inclusion_tag("components/qr_frame.html")
def qr_frame(source: str, alternative: str, state: str = "live", caption: str = "") -> dict[str, Any]:
    """A QR code on white with a frame; state is `live`, `done` or `ended` (the latter two cover it)."""
    return {"source": source, "alternative": alternative, "state": state, "caption": caption}


@register.inclusion_tag("components/progress.html")
def progress(value: int, maximum: int, label: str, text: str = "") -> dict[str, Any]:
    """How much of something is done, with its label and both numbers as text."""
    return {"value": value, "maximum": maximum, "label": label, "text": text or f"{value} / {maximum}"}


@register.inclusion_tag("components/stat.html")
def stat(
    label: str,
    value: str,
    icon_name: str = "",
    hint: str = "",
    trend: str = "",
    values: Sequence[int] | None = None,
    url: str = "",
) -> dict[str, Any]:
    """A tile: one number under its name; trend is `up`, `down`, `flat` and is said by the hint too."""
    return {
        "label": label, "value": value, "icon_name": icon_name, "hint": hint,
        "trend": trend, "points": sparkline_points(values or []), "url": url,
    }  # fmt: skip


@register.inclusion_tag("components/plot.html")
def plot(name: str, plot: Plot, title: str, text: str = "", short: bool = False) -> dict[str, Any]:
    """A plot with its title and a table for screen readers; `name` is unique on the page."""
    return {
        "name": name, "data_id": f"plot-{name}-data", "plot": plot,
        "title": title, "text": text, "short": short,
    }  # fmt: skip


# --- forms ---------------------------------------------------------------------------


def _widget_class(bound: BoundField) -> str:
    widget = bound.field.widget
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        widget.attrs.setdefault("class", "form-check-input")  # the choices take it from here
        return ""
    if isinstance(widget, CheckboxInput):
        return "form-check-input"
    if isinstance(widget, Select | SelectMultiple):
        return "form-select"
    return "form-control"


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, hint: str = "", prefix: str = "", suffix: str = "") -> dict[str, Any]:
    """A form's field: label, control, help, errors, tied together by ids for screen readers."""
    widget = bound.field.widget
    own = str(widget.attrs.get("class", ""))
    classes = f"{own} {_widget_class(bound)}".strip() + (" is-invalid" if bound.errors else "")
    attributes: dict[str, str | bool] = {"class": classes}
    if hint and not bound.help_text and bound.auto_id:
        described = f"{bound.auto_id}_helptext" + (f" {bound.auto_id}_error" if bound.errors else "")
        attributes["aria-describedby"] = described
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attributes),
        "is_check": isinstance(widget, CheckboxInput),
        "is_group": isinstance(widget, RadioSelect | CheckboxSelectMultiple),
        "help": hint or bound.help_text,
        "prefix": prefix,
        "suffix": suffix,
    }


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: Any) -> dict[str, Any]:
    """The whole form: errors of the form first, then every field, hidden ones too."""
    return {"form": form}


# --- frames around content -------------------------------------------------------------


@register.simple_block_tag(takes_context=True)
def page_header(context: Context, content: str, title: str, pretitle: str = "", back_url: str = "") -> str:
    """`{% page_header title=… %} buttons {% endpage_header %}`: the page's one h1 and its actions."""
    parts = {
        "title": title,
        "pretitle": pretitle,
        "back_url": back_url,
        "actions": mark_safe(content.strip()),
    }
    return render_to_string("components/page_header.html", parts)


@register.simple_block_tag(takes_context=True)
def table(context: Context, content: str, label: str) -> str:
    """A table with a name; on a phone each row becomes a card (give each td a `data-label`)."""
    return render_to_string("components/table.html", {"label": label, "content": content})


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: Context, page: Page[Any]) -> dict[str, Any]:
    """Newer and older pages of a `common.paging.Page`, other parameters of the address kept."""
    request = context.get("request")
    query: Mapping[str, str] = request.GET.dict() if request else {}
    return {
        "newer_url": address("", query, page.newer),
        "older_url": address("", query, page.older),
        "newest_url": "?" if page.newer else None,
    }


@register.simple_block_tag(takes_context=True)
def confirm(
    context: Context, content: str, name: str, label: str, title: str, action: str,
    text: str = "", button: str = "", tone: str = "primary", icon_name: str = "", classes: str = "btn",
) -> str:  # fmt: skip
    """A button that asks before it posts to `action`; content holds further fields, e.g. a reason."""
    parts = {
        "name": name, "label": label, "title": title, "action": action, "text": text, "content": content,
        "button": button or label, "tone": tone, "icon_name": icon_name, "classes": classes,
        "csrf_token": context.get("csrf_token"),
    }  # fmt: skip
    return render_to_string("components/confirm.html", parts)


@register.simple_block_tag(takes_context=True)
def live(
    context: Context, content: str, name: str, url: str, state: str,
    announce: str = "", seconds: int = 2, final: bool = False,
) -> str:  # fmt: skip
    """A part that asks `url` for itself again and again; a new `state` swaps and announces it."""
    parts = {
        "name": name, "url": url, "state": state, "announce": announce,
        "seconds": seconds, "final": final, "content": content,
    }  # fmt: skip
    return render_to_string("components/live.html", parts)


@register.inclusion_tag("components/copy_field.html")
def copy_field(name: str, value: str, label: str, hint: str = "") -> dict[str, Any]:
    """A value to take elsewhere: read-only, one tap copies it."""
    return {"name": name, "value": value, "label": label, "hint": hint}


@register.inclusion_tag("components/secret_once.html")
def secret_once(name: str, value: str, label: str) -> dict[str, Any]:
    """A secret that is shown this once: warning, value, copy."""
    return {"name": name, "value": value, "label": label}
