"""`manage.py reconcile`: exits 0 when the money agrees, else prints every difference and exits 1."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import reconciliation


class Command(BaseCommand):
    help = "Prove that the money agrees; print every difference and exit 1 where it does not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("checks", nargs="*", metavar="check", help="only these (default: all)")
        parser.add_argument("--list", action="store_true", help="name the checks and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self.stdout.write("\n".join(sorted(reconciliation.CHECKS)))
            return
        found = self._print(options["checks"] or None)
        if found:
            self.stderr.write(f"The money does not agree: {found} differences.")
            sys.exit(1)
        self.stdout.write(f"The money agrees ({len(options['checks'] or reconciliation.CHECKS)} checks).")

    def _print(self, names: list[str] | None) -> int:
        unknown = set(names or []) - reconciliation.CHECKS.keys()
        if unknown:
            raise CommandError(f"no check named {', '.join(sorted(unknown))}; see --list")
        found = 0
        for name, difference in reconciliation.differences(names):
            found += not difference.is_notice
            self.stdout.write(f"{name}: {'notice: ' if difference.is_notice else ''}{difference}")
        return found
