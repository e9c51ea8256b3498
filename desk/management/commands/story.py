"""`manage.py story` (make story): the flows played by separate clients against a running server."""

from __future__ import annotations

import io
import json
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from desk.story import Story, StoryWrong, play


class Command(BaseCommand):
    """Prints each step with what came back; exits non-zero if one differs from what it should."""

    help = "Plays the flows against a running server (make run) as separate clients would."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base-url", default="", help="the server; default: the demo's")

    def handle(self, *args: Any, **options: Any) -> None:
        told = io.StringIO()
        call_command("demo", json=True, fresh=True, stdout=told)
        demo = json.loads(told.getvalue())
        base_url = options["base_url"] or demo["base_url"]
        try:
            steps = play(Story(base_url, demo, self.stdout.write))
        except StoryWrong as wrong:
            raise CommandError(str(wrong)) from wrong
        self.stdout.write(f"\nThe story came out as it should: {steps} steps at {base_url}.")
