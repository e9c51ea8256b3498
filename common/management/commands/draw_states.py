"""`manage.py draw_states`: draw the state diagrams of ARCHITECTURE.md from the verbs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from common.diagrams import redrawn


class Command(BaseCommand):
    """Rewrites what stands between the marks; a test compares it with the code."""

    help = "Draws the state diagrams of ARCHITECTURE.md from the code."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "ARCHITECTURE.md"
        path.write_text(redrawn(path.read_text()))
        self.stdout.write(f"drawn: {path.name}")
