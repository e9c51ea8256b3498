"""The embedded PostgreSQL by itself: who starts it, who ends it, and what stands in its way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config import embedded
from config.embedded import Cluster, EmbeddedError
from tests.start.house import BASE_DIR, House, wait_until

pytestmark = pytest.mark.embedded

HOLD = "import sys, time; from pathlib import Path; from config import embedded; \
c = embedded.Cluster(Path(sys.argv[1])); c.use(); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of its own, in a path with a space."""
    house = House()
    made = Cluster(house.folder / "var" / "postgres")
    yield made
    made.leave()
    wait_until(lambda: not made.running(), 20)
    house.end()


def hold(cluster: Cluster) -> subprocess.Popen[bytes]:
    """Another process that uses the server."""
    user = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(cluster.home)], cwd=BASE_DIR, stdout=subprocess.PIPE
    )
    assert user.stdout is not None
    assert user.stdout.readline() == b"up\n"
    user.stdout.close()
    return user


def answers(cluster: Cluster) -> bool:
    """Whether the server takes a connection and a statement."""
    try:
        with psycopg.connect(cluster.url(), connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_it_lives_as_long_as_anybody_uses_it(cluster: Cluster) -> None:
    """The one who started it may leave first; a user that is killed does not keep it."""
    cluster.use()
    other = hold(cluster)
    cluster.leave()
    assert answers(cluster)
    other.kill()
    other.wait()
    assert wait_until(lambda: not cluster.running(), 20)
    assert not answers(cluster)


def test_nothing_is_left_when_the_starter_dies_while_it_starts(cluster: Cluster) -> None:
    """Then nobody hears that it is ready, and it goes as it goes after its last user."""
    starter = subprocess.Popen([sys.executable, "-c", HOLD, str(cluster.home)], cwd=BASE_DIR)
    assert wait_until(cluster.running, 20)
    starter.kill()
    starter.wait()
    assert wait_until(lambda: not cluster.running(), 60)
    assert not cluster.socket.exists()


def test_many_start_it_at_once(cluster: Cluster) -> None:
    """One of them does, the others wait for it."""
    users = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(cluster.home)], cwd=BASE_DIR, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == b"up\n"
        user.stdout.close()
    assert answers(cluster)
    for user in users:
        user.kill()
        user.wait()
    assert wait_until(lambda: not cluster.running(), 20)


def test_committed_rows_outlive_kill_of_everything(cluster: Cluster) -> None:
    """A stale pid file, even one that now names a stranger of the same user, is no obstacle."""
    cluster.use()
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    pid = int((cluster.home / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(_keeper_of(pid), signal.SIGSTOP)  # so that it does not see its child go
    os.kill(pid, signal.SIGKILL)
    os.kill(_keeper_of(pid), signal.SIGKILL)
    assert wait_until(lambda: not cluster.running(), 5)
    stranger = subprocess.Popen(["sleep", "60"], **_as_the_server(cluster))  # type: ignore[call-overload]
    pid_file = cluster.home / "data" / "postmaster.pid"
    pid_file.write_text("\n".join([str(stranger.pid), *pid_file.read_text().splitlines()[1:]]) + "\n")
    cluster.leave()
    cluster.use()
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
    stranger.kill()
    stranger.wait()


def test_data_of_another_version_are_refused_in_words(cluster: Cluster) -> None:
    """And left alone."""
    cluster.use()
    cluster.leave()
    version = cluster.home / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 17, and this is 18.*pg_dump"):
        cluster.use()


def test_nobody_else_can_reach_it(cluster: Cluster) -> None:
    """No TCP port, a private socket, a password, and a file of mode 600 that holds it."""
    cluster.use()
    assert cluster.socket.stat().st_mode & 0o777 == 0o700
    assert (cluster.home / "data").stat().st_mode & 0o077 == 0
    assert (cluster.home / "data" / "passfile").stat().st_mode & 0o077 == 0
    with psycopg.connect(cluster.url()) as connection:
        shown = connection.execute("SHOW listen_addresses").fetchone()
        assert shown == ("",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    for user, password in (("livetill", "guess"), ("postgres", ""), ("postgres", "postgres")):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host=str(cluster.socket), user=user, password=password, dbname="livetill")


@pytest.mark.root
def test_a_folder_of_somebody_else_is_refused(cluster: Cluster) -> None:
    """Somebody may have made a folder where our socket belongs; it is not trusted."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder for somebody else")
    cluster.socket.mkdir()
    os.chown(cluster.socket, 12345, 12345)
    try:
        with pytest.raises(EmbeddedError, match="belongs to somebody else"):
            cluster.use()
    finally:
        cluster.socket.rmdir()


def test_the_longest_socket_path_fits() -> None:
    """However deep a checkout lies."""
    deep = embedded.Cluster(Path("/" + "/".join(["a folder"] * 60)))
    assert len(os.fsencode(deep.socket / ".s.PGSQL.5432")) <= embedded.SOCKET_PATH_BYTES


def _keeper_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _as_the_server(cluster: Cluster) -> dict[str, int]:
    return {"user": (cluster.home / "data").stat().st_uid} if os.geteuid() == 0 else {}
