"""`manage.py demo`: make what is missing of the demo, and tell how to use it."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common import locking
from desk.flows.make_demo import describe, make_demo
from desk.flows.make_history import make_history


class Command(BaseCommand):
    """Two merchants, an app, buyers with money, products, and keys that are always the same."""

    help = "Creates the demo data that is missing; with --json prints it as one JSON object."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
        parser.add_argument("--fresh", action="store_true", help="answer with three newly made buyers")
        parser.add_argument("--force", action="store_true", help="even where DEBUG is off")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEBUG or options["force"]):
            raise CommandError("The demo has known passwords: not where DEBUG is off, unless --force.")
        if not settings.DEFAULT_GATEWAY:
            raise CommandError("The demo fills wallets through the sandbox gateway: set SANDBOX_GATEWAY=1.")
        if not settings.DEFAULT_GATEWAY:
            raise CommandError("The demo fills wallets through the sandbox gateway: set SANDBOX_GATEWAY=1.")
        if options["json"]:
            call_command("migrate", interactive=False, verbosity=0)
        with locking.waiting_turn("demo"):
            demo = make_demo(fresh=options["fresh"])
            make_history(demo.merchants[0])
        told = describe(demo)
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        self.stdout.write(f"Shop       {told['base_url']}/s/{told['merchant']['slug']}")
        self.stdout.write(f"Dashboard  {told['base_url']}/dashboard/")
        self.stdout.write(f"           {told['merchant']['login']}  {told['merchant']['password']}")
        self.stdout.write(f"Staff      {told['base_url']}/admin/")
        self.stdout.write(f"           {told['staff']['login']}  {told['staff']['password']}")
        self.stdout.write(f"Buyer      {told['base_url']}/me/")
        for buyer in told["buyers"]:
            self.stdout.write(f"           {buyer['phone']}  {buyer['password']}")
        self.stdout.write(f"API        {told['base_url']}/api/docs/  (keys: manage.py demo --json)")
