"""`manage.py posting_book`: the posting book as the page `docs/ledger.md`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ledger.book_page import page


class Command(BaseCommand):
    help = "Print the posting book as Markdown; docs/ledger.md is this output."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(page(), ending="")
