"""A real telephony server (Kamailio) on loopback, and the tables into which it writes its calls."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from tests.sip.tables import NAME, Tables, ends_with_us
from tests.start.house import wait_until

CONFIG = Path(__file__).with_name("kamailio.cfg")
SERVER, TRUNK, LINE, STRANGER = (f"127.0.0.{place}" for place in (1, 2, 3, 4))
"""Everybody has an address of the loopback network: the server believes the trunk's alone."""
TIME_ZONE = "Asia/Shanghai"
"""The server writes its own local time and does not say so."""

_SBIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_STARTS_SECONDS = _STOPS_SECONDS = 10.0


def program(name: str) -> str | None:
    """Where a program lies; that of servers is not in everybody's PATH."""
    return shutil.which(name, path=_SBIN)


def free_udp_port(address: str) -> int:
    """A port of UDP that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def is_bound(address: str, port: int) -> bool:
    """Whether somebody listens there (UDP)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False


class Server:
    """Kamailio as a child of ours: started, killed, started again; its port stays the same."""

    def __init__(self, tables: Tables, folder: Path) -> None:
        self.tables, self.folder = tables, folder
        self.port, self.line_port = free_udp_port(SERVER), free_udp_port(LINE)
        self.log = folder / "kamailio.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        if self._answers():
            return
        executable = program("kamailio")
        assert executable is not None, "no kamailio here"
        defined = {
            "LISTEN": f"udp:{SERVER}:{self.port}",
            "TRUNK": f'"{TRUNK}"',
            "LINE_IP": f'"{LINE}"',
            "LINE": f'"sip:{LINE}:{self.line_port}"',
            "DATABASE": f'"postgres:///{NAME}"',
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *ends_with_us("TERM"),
                    executable,
                    "-DD",
                    "-E",
                    "-m32",
                    "-M4",
                    f"-Y{self.folder}",
                    f"-f{CONFIG}",
                ]
                + [f"-A{name}={value}" for name, value in defined.items()],
                env={**os.environ, **self.tables.environment, "TZ": TIME_ZONE},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        assert wait_until(self._answers, _STARTS_SECONDS), self.log.read_text()[-2000:]

    def kill(self) -> None:
        """End all its processes at once, as a power cut would."""
        self._take_away()

    def stop(self) -> None:
        """End it politely; whatever is left of it is killed."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOPS_SECONDS)
        self._take_away()

    def _take_away(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_STOPS_SECONDS)
        self._process = None

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            return False
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.bind((TRUNK, 0))
            asker.settimeout(0.2)
            here = "{}:{}".format(*asker.getsockname())
            asker.sendto(
                _OPTIONS.format(here=here, there=f"{SERVER}:{self.port}").encode(), (SERVER, self.port)
            )
            try:
                return asker.recv(4096).startswith(b"SIP/2.0 ")
            except OSError:
                return False


_OPTIONS = (
    "OPTIONS sip:{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-ask\r\nMax-Forwards: 9\r\n"
    "From: <sip:ask@{here}>;tag=1\r\nTo: <sip:{there}>\r\nCall-ID: ask@{here}\r\nCSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n"
)
