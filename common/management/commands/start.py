"""The whole house in the foreground: `make run` ends here."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from argparse import ArgumentParser
from http.client import HTTPConnection, HTTPException
from io import StringIO
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from common import schema
from config import environment, processes
from config.embedded import Cluster
from config.supervisor import Supervisor, household
from config.translations import compile_all

READY_SECONDS = 60

_log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Database, migrations, demo data, web server, worker and beat in the foreground."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the start."""
        parser.add_argument("--no-demo", action="store_true", help="do not make demo data")
        parser.add_argument(
            "--logs",
            choices=("terminal", "files"),
            help="where web, worker and beat log; by default to the terminal, if it is one, else to files",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, run until stopped."""
        if "MAKELEVEL" in os.environ:
            processes.end_with_parent_politely()
        began = time.monotonic()
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        with environment.serving(settings.VAR_DIR, settings.BASE_URL):
            _refuse_taken_port(settings.HOST, settings.PORT)
            self._prepare()
            demo = self._demo() if settings.DEBUG and not options["no_demo"] else ""
            logs = options["logs"] or ("terminal" if sys.stdout.isatty() else "files")
            self._run(began, demo, _log_folder(logs))

    # --- before ---------------------------------------------------------------------

    def _prepare(self) -> None:
        self._say(f"Database: {_describe_database()}")
        self._migrate()
        compile_all(settings.LOCALE_PATHS)
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)
        if not settings.BROKER_URL:
            environment.clear_broker(settings.BROKER_DIR)

    def _migrate(self) -> None:
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except DatabaseError as error:
            if not schema.unknown_migrations():
                raise
            raise CommandError(_before_the_first_release()) from error
        if schema.unknown_migrations() and schema.missing_columns():
            raise CommandError(_before_the_first_release())

    def _demo(self) -> str:
        if "demo" not in get_commands():
            return ""
        said = StringIO()
        try:
            call_command("demo", stdout=said)
        except Exception as error:
            _log.exception("demo_failed")
            return f"The demo data could not be made: {error}"
        return said.getvalue()

    # --- running -----------------------------------------------------------------------

    def _run(self, began: float, demo: str, log_folder: Path | None) -> None:
        connection.close()
        beat_file = settings.VAR_DIR / "beat"
        supervisor = Supervisor(
            children=household(
                host=settings.HOST,
                port=settings.PORT,
                workers=settings.WEB_WORKERS,
                threads=settings.WEB_THREADS,
                beat_file=beat_file,
                broker_prefix=settings.BROKER_PREFIX,
            ),
            folder=settings.BASE_DIR,
            environment={
                "PORT": str(settings.PORT),
                "BASE_URL": settings.BASE_URL,
                "PROMETHEUS_MULTIPROC_DIR": str(environment.fresh_folder(settings.VAR_DIR / "metrics")),
            },
            log_folder=log_folder,
            look_after=_look_after_database,
        )

        def ready() -> None:
            if _wait_for_web(supervisor):
                self._greet(time.monotonic() - began, demo, log_folder)

        supervisor.run(ready)
        self._say("Stopped.")

    def _greet(self, took_seconds: float, demo: str, log_folder: Path | None) -> None:
        logs = f"Logs: {log_folder}/\n" if log_folder else ""
        self._say(
            f"\n{demo.strip()}\n\nRunning at {settings.BASE_URL} (up in {took_seconds:.1f} s)."
            f"\n{logs}Ctrl-C stops everything."
        )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _describe_database() -> str:
    embedded = connection.settings_dict.get("EMBEDDED")
    if not isinstance(embedded, Cluster):
        return f"{connection.settings_dict['HOST'] or 'local'}, as DATABASE_URL says"
    embedded.use()
    return f"the embedded PostgreSQL, data in {embedded.home}"


def _before_the_first_release() -> str:
    """What to do about tables that no migration leads on from."""
    embedded = connection.settings_dict.get("EMBEDDED")
    where = embedded.home if isinstance(embedded, Cluster) else ""
    what = f"Stop everything and remove {where}" if where else "Give DATABASE_URL an empty database"
    return (
        "This database was made by a state of the project from before its first release, and there is no way"
        f" on from there: {', '.join(schema.missing_columns()[:3]) or 'what is there'} does not fit. {what},"
        " then start again; demo data are made anew."
    )


def _look_after_database() -> None:
    embedded = connection.settings_dict.get("EMBEDDED")
    if isinstance(embedded, Cluster):
        embedded.revive()


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
            raise CommandError(
                f"Port {port} is taken. Choose another one: `make run PORT={port + 1}`."
            ) from error


def _log_folder(logs: str) -> Path | None:
    if logs == "terminal":
        return None
    folder = Path(settings.VAR_DIR) / "log"
    folder.mkdir(exist_ok=True)
    return folder


def _wait_for_web(supervisor: Supervisor) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and not supervisor.stopping():
        supervisor.tick()
        if _answers():
            return True
        time.sleep(0.05)
    return False


def _answers() -> bool:
    web = HTTPConnection(
        settings.HOST if settings.HOST != "0.0.0.0" else "127.0.0.1", settings.PORT, timeout=5
    )
    try:
        web.request("GET", "/healthz")
        return web.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        web.close()
