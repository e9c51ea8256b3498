"""Telephones (sipp): the buyer's behind the trunk, the shop's line, somebody who is neither."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.sip.server import LINE, SERVER, TRUNK, Server, free_udp_port, is_bound
from tests.sip.tables import ends_with_us
from tests.start.house import wait_until

SCENARIOS = Path(__file__).with_name("scenarios")
TALK_SECONDS = 0.3
CALL_SECONDS = 15.0
_READY_SECONDS, _LAST_WORDS = 5.0, 3_000


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended at the caller's side: as its scenario says, or otherwise (`said` tells how)."""

    call_id: str
    is_as_meant: bool
    said: str


class Call:
    """A call under way; `finish` waits for its end, leaving the block ends it in any case."""

    def __init__(
        self,
        server: Server,
        caller: str,
        called: str,
        scenario: str = "call",
        *,
        seconds: float = TALK_SECONDS,
        address: str = TRUNK,
        call_id: str = "",
    ) -> None:
        self.call_id = call_id or f"{secrets.token_hex(8)}@{address}"
        self._process = _sipp(
            server.folder,
            scenario,
            address,
            free_udp_port(address),
            *("-m", "1", "-s", called, "-key", "caller", caller, "-cid_str", self.call_id),
            *("-d", str(int(seconds * 1000)), "-timeout", str(int(CALL_SECONDS)), "-timeout_error"),
            f"{SERVER}:{server.port}",
        )

    def finish(self) -> Ended:
        """Wait until the caller has hung up."""
        said, _nothing = self._process.communicate(timeout=CALL_SECONDS + 5)
        return Ended(self.call_id, self._process.returncode == 0, said[-_LAST_WORDS:])

    def __enter__(self) -> Call:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _end(self._process)


def call(
    server: Server,
    caller: str,
    called: str,
    scenario: str = "call",
    *,
    seconds: float = TALK_SECONDS,
    address: str = TRUNK,
) -> Ended:
    """Call and do what the scenario says; how it ended. Fails where it went otherwise than that."""
    with Call(server, caller, called, scenario, seconds=seconds, address=address) as under_way:
        ended = under_way.finish()
    assert ended.is_as_meant, ended.said + server.log.read_text()[-_LAST_WORDS:]
    return ended


@contextlib.contextmanager
def line(server: Server, scenario: str = "answer") -> Iterator[None]:
    """The shop's line for a while: it answers, is busy, or rings and nobody takes it."""
    process = _sipp(server.folder, scenario, LINE, server.line_port)
    try:
        assert wait_until(lambda: is_bound(LINE, server.line_port), _READY_SECONDS), "the line is not up"
        yield
    finally:
        _end(process)


def _sipp(folder: Path, scenario: str, address: str, port: int, *words: str) -> subprocess.Popen[str]:
    command = [
        *ends_with_us("KILL"),
        "sipp",
        "-sf",
        str(SCENARIOS / f"{scenario}.xml"),
        "-i",
        address,
        "-p",
        str(port),
    ]
    return subprocess.Popen(
        [*command, "-mi", address, "-nostdin", "-skip_rlimit", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if words else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if words else subprocess.DEVNULL,
        text=True,
        errors="replace",
        cwd=folder,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[str]) -> None:
    with process:  # closes what it wrote into
        if process.poll() is None:
            process.kill()
