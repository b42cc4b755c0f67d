"""A PostgreSQL table by its address: values exact, rows in a stated order, credentials nowhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from logs_helpers import LONG, accounted, events, excluded
from postgres_server import NEEDED, Server, programs, running_server

from logs import InputError, Mapping, propose, read
from logs.table_address import parse_address

PROGRAMS = programs()
needs_server = pytest.mark.skipif(PROGRAMS is None, reason=NEEDED)
pytestmark = pytest.mark.xdist_group("postgres")

SETUP = """
CREATE SCHEMA 导出;
CREATE TYPE urgency AS ENUM ('low', 'high');
CREATE TABLE events (
    "case" text, activity text, time timestamptz, naive timestamp, day date, event_id integer,
    amount numeric(30, 4), huge numeric, weight double precision, single real, yes boolean, tags text[],
    payload jsonb, raw json, kind urgency, id uuid, bytes bytea, host inet, span interval
);
INSERT INTO events VALUES (
   '001', '派单', '2025-01-01 09:00:00.123456+08', '2025-01-01 09:00:00.123456', '2025-01-01', 10, 1.50,
   123456789012345678901234567890.5, 0.1, 0.1, true, '{a,"b c"}', '{"a": 1.50}', '{"a":  1.50}', 'high',
   '0e37df36-f698-11e6-8dd4-cb9ced3df976', '\\xff00', '10.0.0.1', '1 day 02:00:00');
INSERT INTO events ("case", activity, time, naive, day, event_id, weight, single, yes) VALUES
  ('001', '受理', '2025-01-01 08:00:00+08', '2025-01-01 08:00:00', '2025-01-01', 9, 'NaN', 1, false);
INSERT INTO events (activity, time, event_id) VALUES ('受理', '2025-01-01 08:00:00+08', 11);
CREATE TABLE 导出."Odd.Name" (k integer PRIMARY KEY, "case" integer, activity text, time text);
INSERT INTO 导出."Odd.Name" SELECT 20 - n, n % 3, 'a', '2025-01-01' FROM generate_series(1, 19) n;
CREATE TABLE nothing ("case" text, activity text, time text);
CREATE VIEW many AS SELECT n % 7 AS "case", 'a' AS activity,
  timestamptz '2025-01-01' + n * interval '1 s' AS time FROM generate_series(1, 120000) n;
CREATE SEQUENCE s;
CREATE VIEW writes AS SELECT nextval('s')::text AS "case", 'a' AS activity, '2025-01-01' AS time;
CREATE ROLE reader LOGIN PASSWORD 'geheim';
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    import psycopg

    assert PROGRAMS is not None
    with running_server(PROGRAMS) as running:
        with psycopg.connect(running.url()) as connection:
            connection.execute(SETUP)
        yield running


def change(server: Server, sql: str) -> None:
    import psycopg

    with psycopg.connect(server.url()) as connection:
        connection.execute(sql)


@needs_server
def test_rows_are_read_in_the_order_of_their_event_id(server: Server) -> None:
    log = read(server.url("events"), LONG.model_copy(update={"event_id": "event_id", "reject_limit": 1}))
    table = events(log)
    assert table[["case_id", "activity", "event_id", "source_row"]].values.tolist() == [
        ["001", "受理", "9", 1],
        ["001", "派单", "10", 2],
    ]
    assert table.t_us.tolist() == [1_735_689_600_000_000, 1_735_693_200_123_456]
    assert excluded(log) == [(3, "no_case", None)]
    assert accounted(log) == {"no_case": 1}


@needs_server
def test_values_become_text_without_loss(server: Server) -> None:
    expected = {
        "amount": "1.5000", "huge": "123456789012345678901234567890.5", "weight": "0.1", "single": "0.1",
        "yes": "true", "tags": '{a,"b c"}', "payload": '{"a": 1.50}', "raw": '{"a":  1.50}', "kind": "high",
        "id": "0e37df36-f698-11e6-8dd4-cb9ced3df976", "bytes": "\\377\\000", "host": "10.0.0.1/32",
        "span": "P1DT2H", "day": "2025-01-01",
    }  # fmt: skip
    columns = {f"x_{key}": key for key in expected}
    table = events(
        read(server.url("events"), LONG.model_copy(update={"attributes": columns, "reject_limit": 1}))
    )
    first = table[table.activity == "派单"].iloc[0]
    assert {key: first[f"x_{key}"] for key in expected} == expected
    second = table[table.activity == "受理"].iloc[0]
    missing = [key for key in expected if not isinstance(second[f"x_{key}"], str)]
    assert missing == [key for key in expected if key not in ("single", "yes", "day")]


@needs_server
@pytest.mark.parametrize("formats", [(), ("%d/%m/%Y",)])
def test_naive_times_are_of_the_mappings_zone(server: Server, formats: tuple[str, ...]) -> None:
    naive = LONG.model_copy(update={"time": "naive", "time_formats": formats, "reject_limit": 1})
    assert sorted(events(read(server.url("events"), naive)).t_us)[0] == 1_735_689_600_000_000
    in_utc = naive.model_copy(update={"zone": "UTC"})
    assert sorted(events(read(server.url("events"), in_utc)).t_us)[0] == 1_735_718_400_000_000


@needs_server
def test_without_event_id_the_primary_key_orders(server: Server) -> None:
    table = '导出."Odd.Name"'
    log = read(server.url(table), LONG.model_copy(update={"attributes": {"k": "k"}}))
    assert events(log).k.tolist() == [str(n) for n in range(1, 20)]
    assert "rows in the order of k, " in log.provenance.files[0].query
    assert log.provenance.files[0].name.endswith(f"/postgres?table={table}")


@needs_server
def test_the_hash_is_of_what_was_read(server: Server) -> None:
    mapping = LONG.model_copy(update={"reject_limit": 1})
    before, again = (read(server.url("events"), mapping).provenance.files[0] for _ in range(2))
    assert before == again
    assert (before.format, before.rows_read, len(before.sha256)) == ("table", 3, 64)
    assert 'FROM "events"' in before.query
    change(server, "UPDATE events SET activity = '派工' WHERE event_id = 10")
    after = read(server.url("events"), mapping).provenance.files[0]
    change(server, "UPDATE events SET activity = '派单' WHERE event_id = 10")
    assert after.sha256 != before.sha256
    assert after.query == before.query
    assert read(server.url("events"), mapping).provenance.files[0].sha256 == before.sha256


@needs_server
def test_a_view_larger_than_a_batch_is_read_whole(server: Server) -> None:
    log = read(server.url("many"), LONG)
    assert log.provenance.rows_used == 120_000
    assert events(log).groupby("case_id").size().sum() == 120_000


@needs_server
def test_a_mapping_is_proposed_and_the_same_log_read(server: Server) -> None:
    proposal = propose(server.url("events"))
    assert proposal.mapping is not None
    assert (proposal.mapping.case, proposal.mapping.activity) == ("case", "activity")
    mapping = Mapping(case="case", activity="activity", time="time", event_id="event_id", reject_limit=1)
    assert events(read([server.url("events"), server.url("events")], mapping)).shape[0] == 2


@needs_server
def test_no_credential_is_shown_anywhere(server: Server) -> None:
    secret = unquote(server.password)
    log = read(server.url("events"), LONG.model_copy(update={"reject_limit": 1}))
    told = [repr(log.provenance)]
    refused = (
        server.url("events", password="wrong-secret"),
        server.url("event"),
        server.url("events", database="nowhere"),
        server.url("events") + "&sslmode=require&application_name=x",
        server.url("events") + "&nosuchoption=1",
        server.url("events").replace(f":{server.port}/", ":1/"),
        server.url("events").replace("walker", "nobody-here"),
        f"postgresql://reader:geheim@127.0.0.1:{server.port}/postgres?table=events",
    )
    for url in refused:
        with pytest.raises(InputError) as caught:
            read(url, LONG)
        assert caught.value.problems[0].mend, url
        told += [str(caught.value), repr(caught.value)]
    for each in (secret, server.password, "wrong-secret", "geheim"):
        assert each not in "\n".join(told)
    assert "walker" not in told[0]


@needs_server
def test_what_is_not_there_is_told_with_what_is(server: Server) -> None:
    with pytest.raises(InputError, match="no table 'event'") as caught:
        read(server.url("event"), LONG)
    assert "did you mean 'events'" in caught.value.problems[0].mend
    with pytest.raises(InputError, match="no table 'events' in schema 'no'"):
        read(server.url("no.events"), LONG)
    with pytest.raises(InputError, match="no column 'Time'"):
        read(server.url("events"), LONG.model_copy(update={"time": "Time"}))
    with pytest.raises(InputError, match="the table has no rows"):
        read(server.url("nothing"), LONG)
    with pytest.raises(InputError, match=r"the database refuses: permission denied"):
        read(f"postgresql://reader:geheim@127.0.0.1:{server.port}/postgres?table=events", LONG)


@needs_server
def test_nothing_can_be_written(server: Server) -> None:
    with pytest.raises(InputError, match="read-only transaction"):
        read(server.url("writes"), LONG)


def test_no_server_is_told() -> None:
    with pytest.raises(InputError, match="does not answer as asked") as caught:
        read("postgresql://u:geheim@127.0.0.1:1/db?table=t", LONG)
    assert caught.value.problems[0].file == "postgresql://127.0.0.1:1/db?table=t"
    assert "geheim" not in str(caught.value)


def test_a_missing_client_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError) as caught:
        read("postgresql://h/db?table=t", LONG)
    assert "process-walkthrough[postgres]" in caught.value.problems[0].mend


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:geheim@h/db?table=t",
        "postgresql://u:geheim@h/db",
        "postgresql://u:geheim@h/db?table=",
        "postgresql://u:geheim@h/db?table=a&table=b",
        "postgresql://u:geheim@h:port/db?table=t",
        "postgresql://u:x@geheim@h/db?table=t",
        "postgresql://u:x/geheim@h/db?table=t",
        "postgresql://u:1/geheim@h/db?table=t",
        "postgresql://u:1?geheim@h/db?table=t",
        "postgresql://u:1#geheim@h/db?table=t",
        "postgresql://u:x:geheim@h/db?table=t",
        "postgresql://[geheim/db?table=t",
        "postgresql://u:geheim@h/db?table=t&password=geheim#x",
    ],
)
def test_an_address_that_cannot_be_read_repeats_no_password(url: str) -> None:
    with pytest.raises(InputError) as caught:
        read([url], LONG)
    problem = caught.value.problems[0]
    assert "geheim" not in str(caught.value)
    assert problem.mend


@pytest.mark.parametrize(
    ("url", "schema", "table"),
    [
        ("postgres://h/db?table=t", None, "t"),
        ("postgresql:///db?host=/run/x&table=s.t", "s", "t"),
        ('postgresql://[::1]:5432/db?table="a.b"."c""d"', "a.b", 'c"d'),
        ("postgresql://u%40x:p@h/db?sslmode=require&table=s.T%20x", "s", "T x"),
    ],
)
def test_addresses(url: str, schema: str | None, table: str) -> None:
    found: Any = parse_address(url)
    assert (found.schema, found.table) == (schema, table)
    assert "table=" not in found.libpq_url


def test_files_and_tables_that_are_not_there_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read([tmp_path / "no.csv", "oracle://h/db?table=t"], LONG)
    assert len(caught.value.problems) == 2
