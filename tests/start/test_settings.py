"""Settings: every one explained, weak secrets refused, a first `.env` written once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config import environment
from tests.start.house import BASE_DIR

SECRET = "Xk29dkKs03ls0dKf02ksLd92kdLs02kd"


def settings_say(expression: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What the settings hold in a fresh process with only these variables."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", f"from config import settings; print({expression})"],
        cwd=BASE_DIR,
        env={**kept, "VAR_DIR": "/nonexistent/livetill", "DATABASE_URL": "postgresql://u@h/d", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_setting_is_explained() -> None:
    """`.env.example` lists exactly what the settings read."""
    code = (BASE_DIR / "config" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', code))
    listed = set(re.findall(r"^#? ?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE))
    assert read == listed


@pytest.mark.parametrize("secret", ["", "short", "a" * 64])
def test_a_weak_secret_is_refused_in_production(secret: str) -> None:
    """With words, not with a start that anybody could sign in to."""
    said = settings_say("1", SECRET_KEY=secret, DEBUG="0")
    assert said.returncode != 0
    assert "SECRET_KEY is missing or weak" in said.stderr


def test_https_makes_cookies_secure_and_sends_hsts() -> None:
    """And plain http in development does not."""
    shown = "settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SECURE_HSTS_SECONDS"
    said = settings_say(shown, SECRET_KEY=SECRET, DEBUG="0", BASE_URL="https://till.example")
    assert said.stdout == "True True 31536000\n", said.stderr
    said = settings_say(shown, SECRET_KEY=SECRET, DEBUG="1")
    assert said.stdout == "False False 0\n", said.stderr


def test_the_host_of_the_base_url_is_allowed() -> None:
    """So that BASE_URL alone is enough to serve under a name."""
    said = settings_say("settings.ALLOWED_HOSTS", SECRET_KEY=SECRET, BASE_URL="https://till.example")
    assert "till.example" in said.stdout, said.stderr


def test_the_first_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written once, private, and never where the environment already says something."""
    for name in ("SECRET_KEY", "DEBUG"):
        monkeypatch.delenv(name, raising=False)
    environment.ensure_env_file(tmp_path)
    first = (tmp_path / ".env").read_text()
    assert "DEBUG=1" in first
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    environment.ensure_env_file(tmp_path)
    assert (tmp_path / ".env").read_text() == first
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_no_env_file_in_production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that sets DEBUG=0 and forgot its secret must not fall into development."""
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("DEBUG", "0")
    environment.ensure_env_file(tmp_path)
    assert list(tmp_path.iterdir()) == []
