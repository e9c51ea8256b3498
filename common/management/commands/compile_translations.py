"""Compiles the translations without gettext."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.translations import compile_all


class Command(BaseCommand):
    help = "Compile .po files to .mo where they changed; needs no gettext."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Compile, and name what was made."""
        for made in compile_all(settings.LOCALE_PATHS):
            self.stdout.write(str(made.relative_to(settings.BASE_DIR)))
