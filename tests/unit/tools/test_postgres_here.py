"""The throw-away PostgreSQL: found, started, reached and gone again."""

from __future__ import annotations

import socket
from pathlib import Path

import postgres_here
import psutil
import pytest
from debian_here import may_install
from postgres_here import LocalPostgres, PostgresNotUp, find_programs

installed = pytest.mark.skipif(
    find_programs() is None and not may_install(), reason="PostgreSQL is not installed, and only root may install it"
)


def programs(folder: Path, *names: str) -> Path:
    """A folder with programs of these names."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_path_wins_over_the_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user put first is taken."""
    mine = programs(tmp_path / "mine", "initdb", "postgres")
    programs(tmp_path / "debian/17/bin", "initdb", "postgres")
    monkeypatch.setenv("PATH", str(mine))
    assert find_programs(tmp_path / "debian") == mine


def test_the_newest_version_of_the_distribution_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions are numbers, and a version without its server does not count."""
    programs(tmp_path / "debian/9.6/bin", "initdb", "postgres")
    newest = programs(tmp_path / "debian/15/bin", "initdb", "postgres")
    programs(tmp_path / "debian/17/bin", "initdb")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_programs(tmp_path / "debian") == newest


def test_pg_config_is_asked_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server outside the usual places is found through the client's own word."""
    hidden = programs(tmp_path / "opt/pg", "initdb", "postgres")
    config = programs(tmp_path / "bin", "pg_config") / "pg_config"
    config.write_text(f"#!/bin/sh\necho {hidden}\n")
    monkeypatch.setenv("PATH", str(config.parent))
    assert find_programs(tmp_path / "debian") == hidden


def test_without_a_server_or_an_installer_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is tried that cannot work; the sentence names the package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_programs(tmp_path) is None
    with pytest.raises(PostgresNotUp, match="apt-get install postgresql"):
        postgres_here._install()


@installed
def test_a_restart_keeps_data_and_port() -> None:
    """As after an upgrade: clients are thrown out, and find everything where it was."""
    with LocalPostgres() as postgres:
        port, pid = postgres.port, postgres.pid
        # A large object is data that a query can both make and give back.
        assert postgres.rows("select lo_from_bytea(4711, 'kept')") == [(4711,)]
        postgres.restart()
        assert postgres.port == port and postgres.pid != pid
        assert bytes(postgres.rows("select lo_get(4711)")[0][0]) == b"kept"


@installed
def test_it_serves_and_leaves_nothing_behind() -> None:
    """It takes clients while it is open; afterwards process, port and files are gone."""
    with LocalPostgres() as postgres:
        folder, pid, port = postgres.folder, postgres.pid, postgres.port
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        assert folder is not None
        assert (folder / "data").is_dir()
        assert not (folder / "password").exists()
        assert psutil.Process(pid).uids().effective != 0
    assert not folder.exists()
    assert not psutil.pid_exists(pid)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


@installed
def test_a_taken_port_is_not_insisted_on() -> None:
    """The wanted port is a wish."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with LocalPostgres(port=taken) as postgres:
            assert postgres.port != taken


@installed
def test_a_setting_that_the_server_refuses_is_told_with_its_log() -> None:
    """The reason stands in the message, because the log is gone with the folder."""
    with pytest.raises(PostgresNotUp, match="no_such_setting"), LocalPostgres(settings={"no_such_setting": "1"}):
        pass
