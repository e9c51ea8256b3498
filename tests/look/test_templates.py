"""What every template must keep to, whoever writes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from desk.templatetags.look import icon_names

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = [str(path.relative_to(ROOT)) for path in TEMPLATES]

FORBIDDEN = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE),
    "an event attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "something fetched from elsewhere": re.compile(
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE
    ),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_no_template_needs_a_weaker_policy(path: Path) -> None:
    text = path.read_text()
    assert [name for name, pattern in FORBIDDEN.items() if pattern.search(text)] == []


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    used = {name for path in TEMPLATES for name in re.findall(r"{% icon \"([^\"]+)\"", path.read_text())}
    assert used - icon_names() == set()


def test_the_sprite_holds_the_list() -> None:
    sprite = next((ROOT / "static" / "vendor").glob("tabler-icons-*/sprite.svg")).read_text()
    assert set(re.findall(r'<symbol id="([^"]+)"', sprite)) == icon_names()


def test_what_others_made_is_named_with_its_licence() -> None:
    vendor = ROOT / "static" / "vendor"
    readme = (vendor / "README.md").read_text()
    for folder in (path for path in vendor.iterdir() if path.is_dir()):
        assert list(folder.glob("LICENSE*")), folder
        assert folder.name.rpartition("-")[2] in readme, folder


def test_no_source_maps_are_promised() -> None:
    files = [path for path in (ROOT / "static").rglob("*") if path.suffix in {".js", ".css", ".map"}]
    assert not [path for path in files if path.suffix == ".map" or "sourceMappingURL" in path.read_text()]
