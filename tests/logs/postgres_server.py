"""A PostgreSQL server of the test's own: on loopback, in a folder of its own, stopped at the end."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "walker"
NEEDED = "needs the programs of a PostgreSQL server (initdb, postgres): apt-get install postgresql"


@dataclass(frozen=True)
class Server:
    """Where it listens, and the password of its only user."""

    port: int
    password: str

    def url(self, table: str = "", *, password: str | None = None, database: str = "postgres") -> str:
        secret = self.password if password is None else password
        ending = f"?table={table}" if table else ""
        return f"postgresql://{USER}:{secret}@127.0.0.1:{self.port}/{database}{ending}"


def programs() -> Path | None:
    """The folder of the newest server; Debian does not put it on the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    on_path = shutil.which("initdb")
    if on_path:
        folders.insert(0, Path(on_path).resolve().parent)
    return next((each for each in reversed(folders) if (each / "postgres").exists()), None)


@contextmanager
def running_server(programs: Path) -> Iterator[Server]:
    """Start a server and stop it. As root it runs as another user, for it refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="walkthrough-postgres-"))
    password = f"p@ss/w:ord#{secrets.token_hex(4)}"
    user = _other_user()
    try:
        secret = folder / "password"
        secret.write_text(password)
        for path in (folder, secret):
            os.chown(path, *(user or (os.getuid(), os.getgid())))
        identity = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
        data = folder / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", USER, "--pwfile", secret, "-A", "scram-sha-256",
             "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, capture_output=True, cwd=folder, **identity,
        )  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w"]
        subprocess.run(
            [*control, "-o", options, "start"], check=True, capture_output=True, cwd=folder, **identity
        )
        try:
            yield Server(port, _encoded(password))
        finally:
            subprocess.run(
                [*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder, **identity
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _encoded(password: str) -> str:
    from urllib.parse import quote

    return quote(password, safe="")


def _other_user() -> tuple[int, int] | None:
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise RuntimeError("root, and no other user to run the server as")
