"""`manage.py import_calls FILE --merchant SLUG`: call records from a CSV or JSON file."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import actors
from merchants.models import Merchant
from orders.flows.import_calls import Imported, import_calls
from orders.gateways.file import read_file

SHOWN = 1000
_WIDTH = 30


class Command(BaseCommand):
    """Take in the call records of a file; what is known already changes nothing."""

    help = "Takes in call records from a CSV or JSON file (docs/feeds.md); may be repeated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--merchant", required=True, help="slug of the shop whose calls they are")
        parser.add_argument("--provider", default="file", help="provider of records that name none")
        parser.add_argument("--encoding", default="utf-8", help="for example gbk, utf-16; utf-8 if not named")

    def handle(self, *args: Any, **options: Any) -> None:
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"No shop has the slug {options['merchant']!r}.")
        if not 0 < len(options["provider"]) <= 40:
            raise CommandError("A provider's name has from 1 to 40 characters.")
        try:
            "".encode(options["encoding"])
        except LookupError as error:
            raise CommandError(f"No such encoding of text: {options['encoding']!r}.") from error
        path: Path = options["file"]
        try:
            with actors.acting_as("command:import_calls"), path.open("rb") as raw:
                bar = _Bar(raw, path.stat().st_size)
                with open(
                    raw.fileno(), encoding=options["encoding"], errors="replace", newline="", closefd=False
                ) as text:
                    result = import_calls(merchant, read_file(text, options["provider"]), bar.show)
                bar.end()
        except OSError as error:
            raise CommandError(f"{path} can't be read: {error.strerror or error}.") from error
        self._report(result)

    def _report(self, result: Imported) -> None:
        for one in result.rejected[:SHOWN]:
            self.stdout.write(f"line {one.place}: {one.code}: {one.detail}")
        if result.refused > SHOWN:
            self.stdout.write(f"… and {result.refused - SHOWN:,} more")
        self.stdout.write(
            f"{result.lines:,} records: {result.accepted:,} new, {result.duplicates:,} known before, "
            f"{result.refused:,} rejected; {result.redeemed:,} orders redeemed"
        )


class _Bar:
    """How far a file was read, on a terminal; silent anywhere else."""

    def __init__(self, raw: Any, size: int) -> None:
        self.raw, self.size = raw, size
        self.is_on = sys.stderr.isatty()
        self.has_length = raw.seekable() and size > 0

    def show(self, so_far: Imported) -> None:
        """Draw it anew; of a pipe nobody knows how long it is."""
        if self.is_on:
            sys.stderr.write(f"\r{self._drawn() if self.has_length else ''}{so_far.lines:,} records")
            sys.stderr.flush()

    def _drawn(self) -> str:
        share = min(1, self.raw.seek(0, 1) / self.size)
        done = "#" * int(_WIDTH * share)
        return f"[{done:<{_WIDTH}}] {share:4.0%}  "

    def end(self) -> None:
        """Leave the line."""
        if self.is_on:
            sys.stderr.write("\n")
