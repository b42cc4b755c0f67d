"""The address of a database's table: what of it may be shown, and what may not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from logs.problems import InputError, Problem

SCHEMES = ("postgresql", "postgres")
EXAMPLE = "postgresql://user@host:5432/database?table=schema.table"
_HOST = re.compile(r"([\w.-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?")
_TABLE = re.compile(r'(?:(?P<schema>"(?:[^"]|"")+"|[^".]+)\.)?(?P<table>"(?:[^"]|"")+"|[^"]+)')


@dataclass(frozen=True)
class TableAddress:
    """A table of a database that a URL names."""

    schema: str | None
    """None: the one that the server looks in first."""
    table: str
    shown: str
    """Host, port, database and table: no user, no password, no other parameter."""
    libpq_url: str
    """For the client library; holds the credentials."""

    def __repr__(self) -> str:
        return f"TableAddress({self.shown!r})"


def parse_address(url: str) -> TableAddress:
    """Read the address of a table. Raises InputError, which repeats nothing that may be of a password."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in SCHEMES:
        raise InputError(
            Problem(f"no database is read by {scheme.lower()}:// addresses", "", None,
                    f"write {EXAMPLE}, or export the table as Parquet or CSV")
        )  # fmt: skip
    problem = Problem(
        "the address of the database cannot be read", "", None,
        f"write {EXAMPLE}; in a user, password or table, @ / # ? are written %40 %2F %23 %3F",
    )  # fmt: skip
    try:
        parts = urlsplit(f"postgresql://{rest}")
    except ValueError:
        raise InputError(problem) from None
    credentials, _, host = parts.netloc.rpartition("@")
    # A password that is not encoded ends up in what would be shown as host, path or table: so none of it is.
    stray = "@" in parts.path + parts.query or "#" in url or "@" in credentials or credentials.count(":") > 1
    if stray or not _HOST.fullmatch(host):
        raise InputError(problem)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    named = [value for key, value in pairs if key == "table"]
    shown = f"postgresql://{host}{parts.path}"
    match = _TABLE.fullmatch(named[0]) if len(named) == 1 else None
    if match is None:
        raise InputError(
            Problem("the address names no one table", unquote(shown), None, "end it in ?table=schema.table")
        )  # fmt: skip
    kept = "&".join(pair for pair in parts.query.split("&") if pair.partition("=")[0] != "table")
    return TableAddress(
        schema=_unquoted(match["schema"]),
        table=_unquoted(match["table"]) or "",
        shown=f"{unquote(shown)}?table={named[0]}",
        libpq_url=f"postgresql://{parts.netloc}{parts.path}" + (f"?{kept}" if kept else ""),
    )


def _unquoted(identifier: str | None) -> str | None:
    if identifier and identifier.startswith('"'):
        return identifier[1:-1].replace('""', '"')
    return identifier
