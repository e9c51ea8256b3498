"""English and Simplified Chinese: every text is marked, translated, and arrives on the pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.translation import trans_real

from common.money import format_minor
from config.translations import compile_all
from desk.look.plots import babel_locale
from desk.templatetags.look import when
from merchants.models.merchants import Role
from tests.cast import Cast, make_order, signed_in

ROOT = Path(settings.BASE_DIR)
CATALOG = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
CHINESE = "zh-CN,zh;q=0.9,en;q=0.5"
HAN = re.compile(r"[\u4e00-\u9fff]")

SAME_IN_BOTH = {", ", "English", "Webhook", "Webhooks", "Asterisk", "Kamailio", "Twilio"}
"""What a Chinese reader also calls so, and what has no words."""

NAMES = {"Livetill", "Sandbox Bank", "Lantern Tea House", "LT", "English", "简体中文", "webhook-id"}
"""Words in templates that are names, or a language in itself: they need no translation."""

NOT_FOR_READERS = ("styleguide/", "admin/", "allauth/elements/button.html")
"""The style guide is for whoever makes pages, the admin's are the library's, and one is half a tag."""


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """The catalogue as it is written now; Django keeps what it has read."""
    compile_all(settings.LOCALE_PATHS)
    trans_real._translations.clear()  # type: ignore[attr-defined]


# --- the catalogue ------------------------------------------------------------------


def read_catalog(path: Path) -> Catalog:
    with path.open("rb") as text:
        return read_po(text, locale="zh_Hans")


def texts(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def forms(text: Any) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def key(message: Message) -> tuple[str | None, str]:
    return message.context, forms(message.id)[0]


def placeholders(text: str) -> set[str]:
    """What is filled in (`%(name)s`), and the markup that must be kept."""
    return set(re.findall(r"%\(\w+\)[a-z]|%%s|</?\w+>", text))


def test_everything_is_translated() -> None:
    empty = [key(message) for message in texts(read_catalog(CATALOG)) if not all(forms(message.string))]
    assert empty == []


def test_nothing_is_guessed_or_left_over() -> None:
    catalog = read_catalog(CATALOG)
    assert [key(message) for message in texts(catalog) if message.fuzzy] == []
    assert list(catalog.obsolete) == []


def test_a_translation_fills_in_the_same() -> None:
    wrong = []
    for message in texts(read_catalog(CATALOG)):
        wanted = set().union(*map(placeholders, forms(message.id)))
        wrong += [key(message) for text in forms(message.string) if placeholders(text) != wanted]
    assert wrong == []


def test_chinese_is_chinese() -> None:
    """One form for every number; a text that holds no Chinese is a name or nothing but places."""
    catalog = read_catalog(CATALOG)
    assert catalog.num_plurals == 1
    foreign = [
        key(message)[1] for message in texts(catalog) if not any(map(HAN.search, forms(message.string)))
    ]
    assert set(foreign) <= SAME_IN_BOTH
    half_width = [
        text for message in texts(catalog) for text in forms(message.string) if re.search(r"[,.!?;]$", text)
    ]
    assert half_width == [], "a sentence ends in Chinese punctuation"


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_no_text_was_added_without_its_translation(tmp_path: Path) -> None:
    """`make messages` in a copy of the sources finds nothing new."""
    for name in [*settings.HOUSE_APPS, "config", "templates", "static/js", "docs"]:
        left_out = shutil.ignore_patterns("__pycache__", "*.mo")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=left_out)
    (tmp_path / "locale" / "zh_Hans").mkdir(parents=True)
    command = "from django.core.management import call_command as call; import django; django.setup(); "
    command += "call('makemessages', locale=['zh_Hans'], no_location=True, verbosity=0)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "-c", command], cwd=tmp_path, check=True, env=environment, timeout=120)
    fresh = texts(read_catalog(tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"))
    known = {key(message) for message in texts(read_catalog(CATALOG))}
    assert [key(message) for message in fresh if key(message) not in known] == []


# --- the templates ------------------------------------------------------------------

SAID_IN_ATTRIBUTES = {"alt", "aria-label", "title", "placeholder", "label", "data-share-title"}


class _Words(HTMLParser):
    """The words of a template that are written down in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "code", "kbd")
        self.said += [value for name, value in attrs if name in SAID_IN_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "code", "kbd")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)


def words_of(template: str) -> Iterator[str]:
    """What a reader would see of it in every language alike."""
    bare = re.sub(r"{#.*?#}|{%-?\s*comment.*?endcomment\s*%}", "", template, flags=re.S)
    bare = re.sub(r"{%\s*block\s+body_class\s*%}.*?{%\s*endblock\s*%}", "", bare, flags=re.S)
    bare = re.sub(r"{%\s*blocktrans(late)?\b.*?{%\s*endblocktrans(late)?\s*%}", "", bare, flags=re.S)
    bare = re.sub(r"{%.*?%}|{{.*?}}", "\x00", bare, flags=re.S)
    parser = _Words()
    parser.feed(bare)
    for said in parser.said:
        for piece in said.split("\x00"):
            text = re.sub(r"\s+", " ", piece).strip(" ·–—…×+:/\u2022")
            if re.search(r"[^\W\d_]{2}", text):
                yield text


def literals_of(template: str) -> Iterator[str]:
    """Texts given to our tags as they stand, without `_()`."""
    for tag in re.findall(
        r"{%\s*(?:page_header|stat|confirm|badge|empty_state|error_state)\b(.*?)%}", template
    ):
        for said in re.findall(r'(?<!_\()(?:^|[\s=])"([^"]*)"', tag):
            if re.match(r"[A-Z][a-z]+", said):
                yield said


def templates() -> list[str]:
    folder = ROOT / "templates"
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    return sorted(
        name for name in names if name.endswith((".html", ".txt")) and not name.startswith(NOT_FOR_READERS)
    )


@pytest.mark.parametrize("name", templates())
def test_a_template_says_nothing_untranslated(name: str) -> None:
    text = (ROOT / "templates" / name).read_text()
    assert [said for said in [*words_of(text), *literals_of(text)] if said not in NAMES] == []


# --- the pages ----------------------------------------------------------------------

LEFTOVERS = re.compile(
    r"\b(Orders?|Paid|Pay|Sign|Wallet|Phone|Password|Choose|Overview|Customers?|Products?|Today|Top up"
    r"|Total|Amount|Close|Back|Note|Language|Menu|Shop|Settings|the|your|with|and|is|of|to)\b"
)
OF_THE_TEST = ("Our shop", "A shop", "A thing", "By code", "By call", "Not redeemed", "The owner")


def words_on(answer: Any) -> str:
    """A page's words without its markup, and without the names that the test gave."""
    page = answer.content.decode()
    page = re.sub(r"<(script|style|svg|code)\b.*?</\1>", " ", page, flags=re.S)
    spoken = re.findall(r'(?:aria-label|alt|placeholder|title)="([^"]*)"', page)
    text = " ".join([re.sub(r"<[^>]+>", " ", page), *spoken])
    for name in OF_THE_TEST:
        text = text.replace(name, " ")
    return re.sub(r"\s+", " ", text)


def reader(client: Client) -> Client:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = CHINESE
    return client


PUBLIC = {
    "landing": ("/", "收款码"),
    "sign-in": ("/accounts/login/", "登录"),
    "sign-in by code": ("/accounts/login/code/", "验证码"),
    "problems": ("/api/problems", "状态码"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page_speaks_chinese(name: str) -> None:
    path, expected = PUBLIC[name]
    answer = reader(Client()).get(path)
    said = words_on(answer)
    assert 'lang="zh-hans"' in answer.content.decode()
    assert expected in said
    assert LEFTOVERS.findall(said) == []


def test_the_buyers_pages_speak_chinese(cast: Cast) -> None:
    order = make_order(cast.merchant, buyer=cast.buyer).order
    pages = {
        f"/s/{cast.merchant.slug}": "提交订单",
        f"/pay/{order.live_token}": "付款方式",
        f"/o/{order.page_token}": "立即付款",
        "/me/": "钱包余额",
        "/me/orders": "我的订单",
        "/me/account": "语言",
    }
    client = reader(signed_in(cast.buyer))
    for path, expected in pages.items():
        said = words_on(client.get(path))
        assert expected in said, path
        assert LEFTOVERS.findall(said) == [], path


DASHBOARD = {
    "": "概览",
    "orders": "订单",
    "products": "商品",
    "codes": "桌台码",
    "customers": "顾客",
    "refunds": "退款",
    "funnel": "转化漏斗",
    "team": "团队",
    "settings": "设置",
}


@pytest.mark.parametrize("path", DASHBOARD)
def test_the_dashboard_speaks_chinese(cast: Cast, path: str) -> None:
    answer = reader(signed_in(cast.member(Role.OWNER))).get(f"/dashboard/{path}")
    said = words_on(answer)
    assert answer.status_code == 200
    assert DASHBOARD[path] in said
    assert LEFTOVERS.findall(said) == []


def test_a_refusal_follows_the_callers_language(cast: Cast) -> None:
    """Codes never change; titles and details are for people."""
    answer = Client(headers={"Accept-Language": CHINESE}).get("/api/v1/orders")
    assert answer.json()["code"] == "unauthenticated"
    assert HAN.search(answer.json()["detail"])
    assert not HAN.search(Client().get("/api/v1/orders").json()["detail"])


# --- money and time -----------------------------------------------------------------

NOON = datetime(2026, 3, 1, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "money", "day", "short"),
    [
        ("en", "CN¥1,234.50", "Mar 1, 2026", "Mar 1 12:05"),
        ("zh-hans", "¥1,234.50", "2026年3月1日", "3月1日 12:05"),
    ],
    ids=["English", "Chinese"],
)
def test_money_and_times_are_written_as_the_reader_does(
    language: str, money: str, day: str, short: str
) -> None:
    with translation.override(language):
        assert format_minor(123_450, "CNY", babel_locale()) == money
        assert f">{day}<" in when(NOON, "date")
        assert f">{short}<" in when(NOON, "short")


def test_one_form_serves_every_number() -> None:
    with translation.override("zh-hans"):
        for count in (0, 1, 2, 12):
            said = translation.ngettext("%(count)s paid order", "%(count)s paid orders", count)
            assert said % {"count": count} == f"{count} 笔已付款订单"
