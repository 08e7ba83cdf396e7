"""A throw-away PostgreSQL on a free loopback port, for tests and benchmarks; its files go when it ends.

The server refuses to run as root, so root starts it as another user. Nothing is flushed to the disk: the data does not
outlive a power cut, and is not meant to outlive the test.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from airflow_here import free_port
from debian_here import NotInstalledError, install, may_install

USER = "airflow"
DATABASE = "postgres"
# A path of a Unix socket has room for 107 bytes, and the server adds the name `.s.PGSQL.65535.lock`.
_LONGEST_SOCKET_FOLDER = 85
_SHORT_LIFE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "on",
    "max_wal_size": "1GB",
    "shared_buffers": "128MB",
    "logging_collector": "off",
}


class PostgresNotUp(RuntimeError):
    """PostgreSQL is not installed or did not start; the message says what to do, or holds the end of its log."""


class LocalPostgres:
    """One cluster with one user and one database.

    Args:
        port: taken if it is free.
        connections: the most clients at once.
        settings: further settings of `postgresql.conf`.
    """

    def __init__(self, *, port: int = 0, connections: int = 200, settings: Mapping[str, str] | None = None) -> None:
        self.port = port
        self.folder: Path | None = None
        self._settings = {**_SHORT_LIFE, "max_connections": str(connections), **(settings or {})}
        self._password = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LocalPostgres:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def dsn(self) -> str:
        """Address for SQLAlchemy and Airflow, which makes the one for its event loops from it."""
        return f"postgresql+psycopg2://{USER}:{self._password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def pid(self) -> int:
        """The process id of the server.

        Raises:
            PostgresNotUp: it does not run.
        """
        if self._process is None:
            raise PostgresNotUp("PostgreSQL was not started")
        return self._process.pid

    def start(self, timeout: float = 60) -> None:
        """Makes the cluster, starts the server and returns when it takes clients.

        Raises:
            PostgresNotUp: it is not installed, or did not start in time.
        """
        programs = find_programs() or _install()
        owner = _unprivileged()
        # Not below a folder of the caller: pytest's are closed to the user that the server runs as.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        if owner is not None:
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._initialise(programs, identity)
        deadline = time.monotonic() + timeout
        wanted = self.port
        # Somebody else may take the port between the look and the start.
        for _ in range(3):
            self.port = free_port(wanted)
            if self._launch(programs, identity, deadline):
                return
        raise PostgresNotUp(f"PostgreSQL did not start; the end of its log:\n{self._log_tail()}")

    def _initialise(self, programs: Path, identity: Mapping[str, Any]) -> None:
        folder = self._home
        secret = folder / "password"
        secret.write_text(self._password)
        secret.chmod(0o600)
        if identity:
            os.chown(secret, identity["user"], identity["group"])
        command: list[str | Path] = [
            programs / "initdb", "--pgdata", folder / "data", "--username", USER, "--pwfile", secret, "--no-sync",
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale",
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False, **identity
        )
        secret.unlink()
        if done.returncode:
            raise PostgresNotUp(f"{programs / 'initdb'} failed:\n{done.stderr[-2000:]}")

    def _launch(self, programs: Path, identity: Mapping[str, Any], deadline: float) -> bool:
        """Starts the server; `False` when it ended at once, as it does when its port is taken."""
        folder = self._home
        sockets = str(folder) if len(str(folder)) <= _LONGEST_SOCKET_FOLDER else ""
        settings = {
            **self._settings, "listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": sockets,
        }  # fmt: skip
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", *arguments],
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **identity,
            )
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if _status(folder / "data" / "postmaster.pid") == "ready":
                return True
            time.sleep(0.02)
        raise PostgresNotUp(f"PostgreSQL takes no clients yet; the end of its log:\n{self._log_tail()}")

    def restart(self, away: float = 0.0, timeout: float = 60) -> None:
        """Ends the server as an upgrade does, throwing its clients out, and starts it again with its data on the same port.

        Args:
            away: seconds between the two.
            timeout: seconds until it takes clients again.

        Raises:
            PostgresNotUp: it was not started, or does not come back.
        """
        if self._process is None:
            raise PostgresNotUp("PostgreSQL was not started")
        programs, owner = find_programs() or _install(), _unprivileged()
        identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout)
        time.sleep(away)
        if not self._launch(programs, identity, time.monotonic() + timeout):
            raise PostgresNotUp(f"PostgreSQL did not come back; the end of its log:\n{self._log_tail()}")

    @property
    def _home(self) -> Path:
        if self.folder is None:
            raise PostgresNotUp("PostgreSQL was not started")
        return self.folder

    def _log_tail(self) -> str:
        return (self._home / "log").read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """Ends the server without waiting for its clients, and removes its files."""
        if self._process is not None:
            # Fast, then immediate, then by force. The server ends its own children in all but the last case, and they
            # end by themselves when they see that it is gone.
            for number, patience in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
                if self._process.poll() is None:
                    self._process.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(patience)
                    break
            self._process = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What a query gives, in a connection of its own. Needs psycopg2, as Airflow does."""
        import psycopg2  # type: ignore[import-untyped, unused-ignore]

        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user=USER, password=self._password, dbname=DATABASE
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query, parameters)
                found: list[tuple[Any, ...]] = cursor.fetchall()
                return found
        finally:
            connection.close()


def find_programs(debian: Path = Path("/usr/lib/postgresql")) -> Path | None:
    """The folder of `initdb` and `postgres`: of the PATH, of Debian's newest version, or as `pg_config` says."""
    candidates = []
    if found := shutil.which("initdb"):
        candidates.append(Path(found).resolve().parent)
    versions = debian.glob("*/bin")
    candidates += sorted(versions, key=lambda folder: _number(folder.parent.name), reverse=True)
    if config := shutil.which("pg_config"):
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(said.stdout.strip()))
    return next((folder for folder in candidates if _complete(folder)), None)


def _complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres"))


def _number(version: str) -> float:
    try:
        return float(version)
    except ValueError:
        return 0


def _install() -> Path:
    """Installs Debian's package when we may, without the cluster on the usual port that it would start.

    Raises:
        PostgresNotUp: nobody may install here, or it failed.
    """
    if not may_install():
        raise PostgresNotUp(
            "PostgreSQL is not installed: no initdb on the PATH, in /usr/lib/postgresql or at `pg_config --bindir`. "
            "Install the server (Debian: apt-get install postgresql) or add its bin folder to the PATH."
        )
    print("PostgreSQL is not installed; installing Debian's package `postgresql` …", file=sys.stderr)
    defaults = Path("/etc/postgresql-common/createcluster.conf")
    try:
        install("postgresql-common")
        before = defaults.read_text()
        try:
            defaults.write_text(f"{before}\ncreate_main_cluster = false\n")
            install("postgresql")
        finally:
            defaults.write_text(before)
    except NotInstalledError as error:
        raise PostgresNotUp(str(error)) from None
    programs = find_programs()
    if programs is None:
        raise PostgresNotUp("Debian's package `postgresql` was installed but holds no initdb; install a server by hand")
    return programs


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom root starts the server as; `None` when we are not root.

    Raises:
        PostgresNotUp: the system has neither of the users.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresNotUp("PostgreSQL does not run as root and there is no user postgres or nobody; run as another user")


def _environment() -> dict[str, str]:
    """Without the settings for clients (PGHOST, PGDATA …) of the shell."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _status(file: Path) -> str:
    """What the server says about itself in its eighth line; empty while there is none."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return ""
    return lines[7].strip() if len(lines) > 7 else ""
