"""A telephony server for the tests in this folder: one, started for all of them and ended with them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sip.server import Server, program
from tests.sip.tables import SCHEMAS, Tables


def _missing() -> list[str]:
    lacks = [name for name in ("kamailio", "sipp", "setpriv") if program(name) is None]
    return lacks if SCHEMAS.is_dir() else [*lacks, f"{SCHEMAS} (kamailio-postgres-modules)"]


@pytest.fixture(scope="session")
def installed_server() -> Iterator[Server]:
    """Kamailio with a PostgreSQL of its own, for all tests together."""
    if missing := _missing():
        pytest.skip(f"missing: {', '.join(missing)}; see docs/sip.md")
    with tempfile.TemporaryDirectory(prefix="livetill-sip-") as folder:
        tables = Tables(Path(folder))
        server = Server(tables, Path(folder))
        try:
            tables.start()
            yield server
        finally:
            server.stop()
            tables.stop()


@pytest.fixture
def server(installed_server: Server) -> Server:
    """The telephony server, running, whatever an earlier test did to it."""
    installed_server.start()
    return installed_server
