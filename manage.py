#!/usr/bin/env python3
"""The project's command line: `manage.py help` lists what it can do."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from config.embedded import EmbeddedError
    from config.environment import ensure_env_file

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    ensure_env_file(Path(__file__).resolve().parent)
    try:
        execute_from_command_line(sys.argv)
    except (EmbeddedError, ImproperlyConfigured) as error:
        sys.exit(f"Cannot run: {error}")


if __name__ == "__main__":
    main()
