"""Templates: they compile, name only addresses that are there, and hold nothing inline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines
from django.urls import URLResolver, get_resolver

ROOT = Path(settings.BASE_DIR)


def templates() -> list[str]:
    folder = ROOT / "templates"
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in (".html", ".txt")
    )


@pytest.mark.parametrize("name", templates())
def test_a_template_compiles_and_holds_nothing_inline(name: str) -> None:
    """The policy allows neither inline scripts nor inline styles."""
    text = (ROOT / "templates" / name).read_text()
    engines["django"].get_template(name)
    text = re.sub(r"{#.*?#}|{% comment.*?endcomment %}", "", text, flags=re.DOTALL)
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script, script
    assert not re.findall(r"<style\b", text)
    assert not re.findall(r"(?<![\w:-])style\s*=", text)
    assert not re.findall(r"(?<![\w:-])on[a-z]+\s*=\s*[\"']", text)
    assert not re.findall(r"javascript:", text)
    assert not re.findall(r"https?://(?:cdn|unpkg|fonts)", text), "nothing from elsewhere"


def address_names(resolver: URLResolver, space: str = "") -> Iterator[str]:
    for found in resolver.url_patterns:
        if isinstance(found, URLResolver):
            inner = f"{space}{found.namespace}:" if found.namespace else space
            yield from address_names(found, inner)
        elif found.name:
            yield space + found.name


@pytest.mark.parametrize("name", templates())
def test_the_addresses_that_a_template_names_are_there(name: str) -> None:
    text = (ROOT / "templates" / name).read_text()
    named = set(re.findall(r"{%\s*url\s+[\"']([^\"']+)[\"'](?:(?!\sas\s)[^%])*%}", text))
    assert named <= set(address_names(get_resolver()))


def test_no_address_is_named_twice() -> None:
    names = [name for name in address_names(get_resolver()) if not name.startswith("admin:")]
    assert sorted(names) == sorted(set(names))
