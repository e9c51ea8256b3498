"""The tags of the look: values as people read them, fields tied to their errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from common.paging import Page
from desk.look.plots import Plot, Series, sparkline_points
from desk.look.states import LOOKS, look_of
from desk.templatetags.look import icon_names
from orders.models import CallState, ItemState, ObjectionState, OrderState
from payments.models.payments import PaymentState
from payments.models.returns import ReturnState
from refunds.models import RefundState


def render(text: str, **context: Any) -> str:
    context.setdefault("request", RequestFactory().get("/list?state=paid&cursor=x"))
    return Template("{% load look %}" + text).render(Context(context)).strip()


@pytest.mark.parametrize(
    ("language", "text"), [("en", "CN¥1,234.50"), ("zh-hans", "¥1,234.50")], ids=["English", "Chinese"]
)
def test_money_follows_the_language(language: str, text: str) -> None:
    with translation.override(language):
        assert render("{{ a|money:'CNY' }}", a=123450) == f'<span class="lt-money">{text}</span>'


def test_money_of_a_currency_without_minor_units() -> None:
    assert "¥1,200" in render("{{ a|money_text:'JPY' }}", a=1200)


def test_a_time_is_told_in_the_projects_zone() -> None:
    html = render("{{ at|when:'short' }}", at=datetime(2026, 3, 1, 18, 30, tzinfo=UTC))
    assert "Mar 2 02:30" in html
    assert 'datetime="2026-03-02T02:30:00+08:00"' in html


@pytest.mark.parametrize(
    ("number", "text"), [("+8613800138000", "+86 138 0013 8000"), (None, "–"), ("not a phone", "not a phone")]
)
def test_phones(number: str | None, text: str) -> None:
    assert render("{{ n|phone }}", n=number).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("order", OrderState),
        ("item", ItemState),
        ("payment", PaymentState),
        ("return", ReturnState),
        ("call", CallState),
        ("objection", ObjectionState),
        ("refund", RefundState),
    ],
)
def test_every_state_has_a_look(kind: str, states: Any) -> None:
    assert set(states.values) <= set(LOOKS[kind])


def test_looks_use_icons_that_are_there() -> None:
    assert {look.icon for looks in LOOKS.values() for look in looks.values()} <= icon_names()


def test_a_state_nobody_drew_is_shown_in_its_word() -> None:
    assert look_of("order", "gone_fishing") == ("mute", "circle-dashed", "Gone fishing")


class Sample(forms.Form):
    price = forms.IntegerField(min_value=1, help_text="In whole yuan")
    way = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect)
    fine = forms.BooleanField(required=False)


def test_a_refused_field_is_tied_to_its_help_and_error() -> None:
    html = render("{% field form.price %}", form=Sample({"price": "0"}))
    assert 'aria-describedby="id_price_helptext id_price_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_price_error"' in html
    assert 'id="id_price_helptext"' in html
    assert 'class="form-control is-invalid"' in html


def test_a_hint_of_the_page_is_tied_too() -> None:
    assert 'aria-describedby="id_fine_helptext"' in render("{% field form.fine hint='x' %}", form=Sample())


def test_choices_stand_in_a_fieldset_with_their_name() -> None:
    html = render("{% field form.way %}", form=Sample({}))
    assert "<fieldset" in html
    assert "<legend" in html
    assert 'aria-describedby="id_way_error"' in html


def test_the_pager_keeps_other_parameters() -> None:
    html = render("{% pager page %}", page=Page([1], "o" + "a" * 32, None))
    assert 'href="?state=paid&amp;cursor=o' in html
    assert "aria-disabled" in html


def test_no_pager_for_one_page() -> None:
    assert render("{% pager page %}", page=Page([1], None, None)) == ""


def test_text_of_others_is_escaped() -> None:
    evil = "<img src=x onerror=alert(1)>"
    for use in (
        "{% page_header title=e %}{% endpage_header %}",
        "{% copy_field 'a' e e %}",
        "{% stat e e 'cash' e %}",
        "{% empty_state 'cash' e e '/' e %}",
        "{% live name='x' url='/' state=e announce=e %}{{ e }}{% endlive %}",
        "{% confirm name='x' label=e title=e action='/' text=e %}{{ e }}{% endconfirm %}",
        "{% table label=e %}{{ e }}{% endtable %}",
        "{% badge 'ok' 'cash' e %}",
    ):
        assert "<img" not in render(use, e=evil), use


def test_a_plot_carries_its_table() -> None:
    sales = Plot("bar", ["Mon"], [Series("Paid", [120_00])], "money", "CNY", "Day")
    html = render("{% plot 'sales' plot 'Sales' %}", plot=sales)
    assert 'data-plot="plot-sales-data"' in html
    assert '<script id="plot-sales-data" type="application/json">' in html
    assert "<td>CN¥120.00</td>" in html


def test_an_empty_plot_says_so() -> None:
    html = render("{% plot 'sales' plot 'Sales' %}", plot=Plot("line", ["Mon"], [Series("Paid", [0])]))
    assert "data-plot" not in html
    assert "lt-empty" in html


def test_a_sparkline_stays_in_its_box() -> None:
    points = [point.split(",") for point in sparkline_points([5, 9, 1, 7]).split()]
    assert all(0 <= float(x) <= 96 and 0 <= float(y) <= 28 for x, y in points)
    assert sparkline_points([4]) == ""
    assert sparkline_points([3, 3])
