"""OCEL 2.0: one object type at a time, every event used or told, what contradicts itself refused."""

from __future__ import annotations

import gzip
import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from damage import flipped, rows_or_told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs_helpers import accounted, events, excluded
from ocel_samples import Document, sample, write_json, write_sqlite

from logs import InputError, Mapping, Vocabulary, propose, read

Write = Callable[[Document, Path], Path]
FORMATS = pytest.mark.parametrize("write", [write_json, write_sqlite], ids=["json", "sqlite"])
EVENT_2_US = 1_735_776_000_123_456


def mapping(object_type: str | None = "order", **attributes: str) -> Mapping:
    return Mapping(
        case="ocel:oid",
        activity="ocel:activity",
        time="ocel:timestamp",
        event_id="ocel:eid",
        object_type=object_type,
        attributes=attributes,
    )


def put(folder: Path, write: Write, document: Document) -> Path:
    return write(document, folder / "log.dat")


def texts(values: Any) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in values]


@FORMATS
def test_an_event_of_two_orders_is_a_row_of_each(tmp_path: Path, write: Write) -> None:
    log = read(put(tmp_path, write, sample()), mapping())
    table = events(log)
    assert table[["case_id", "activity", "event_id", "source_row"]].values.tolist() == [
        ["001", "受理", "e1", 1],
        ["001", "开通", "e2", 2],
        ["002", "开通", "e2", 2],
    ]
    assert table.row_no.is_unique
    assert table.t_us.tolist()[1:] == [EVENT_2_US, EVENT_2_US]


@FORMATS
def test_an_event_without_an_order_is_left_out_and_counted(tmp_path: Path, write: Write) -> None:
    log = read(put(tmp_path, write, sample()), mapping())
    assert accounted(log) == {"other_objects": 1}
    assert excluded(log) == [(3, "other_objects", "巡检")]
    assert log.provenance.rows_rejected == 0
    assert log.provenance.files[0].query == "object_type: order"


@FORMATS
def test_attributes_are_those_at_the_events_time(tmp_path: Path, write: Write) -> None:
    wanted = {"klass": "case:service_class", "lines": "case:lines", "amount": "amount", "who": "resource"}
    table = events(read(put(tmp_path, write, sample()), mapping(**wanted)))
    assert texts(table.klass) == ["C", "A", None]
    assert texts(table.lines) == [None, "12", None]
    assert texts(table.amount) == ["1.5", None, None]
    assert texts(table.who) == ["张三", "李四", "李四"]


@FORMATS
def test_identifiers_of_other_objects_are_kept_in_order(tmp_path: Path, write: Write) -> None:
    wanted = {
        "circuits": "objects:circuit",
        "orders": "objects:order",
        "how": "ocel:qualifier",
        "owner": "case:objects:customer",
    }
    table = events(read(put(tmp_path, write, sample()), mapping(**wanted)))
    assert texts(table.circuits) == [None, "L10; L2", "L10; L2"]
    assert texts(table.orders) == [None, "002", "001"]
    assert texts(table.how) == ["new", "x", "y"]
    assert texts(table.owner) == ["K9", "K9", None]


@FORMATS
def test_another_type_gives_another_log(tmp_path: Path, write: Write) -> None:
    log = read(put(tmp_path, write, sample()), mapping("circuit"))
    assert events(log)[["case_id", "activity"]].values.tolist() == [
        ["L10", "开通"],
        ["L2", "开通"],
        ["L2", "巡检"],
    ]
    assert accounted(log) == {"other_objects": 1}


@FORMATS
def test_the_type_is_asked_for_unless_there_is_one(tmp_path: Path, write: Write) -> None:
    path = put(tmp_path, write, sample())
    with pytest.raises(InputError, match="no objects of type 'oder'") as caught:
        read(path, mapping("oder"))
    assert "order, circuit, customer" in caught.value.problems[0].mend
    with pytest.raises(InputError, match="several types of objects") as caught:
        read(path, mapping(None))
    assert "order, circuit, customer" in caught.value.problems[0].mend
    document = sample()
    document["objectTypes"] = document["objectTypes"][:1]
    document["objects"] = [{**each, "relationships": []} for each in document["objects"][:2]]
    document["events"][1]["relationships"] = document["events"][1]["relationships"][1:3]
    document["events"][2]["relationships"] = []
    assert events(read(put(tmp_path, write, document), mapping(None))).case_id.tolist() == [
        "001",
        "001",
        "002",
    ]


@FORMATS
def test_an_object_that_is_not_there_is_told_with_the_event(tmp_path: Path, write: Write) -> None:
    document = sample()
    document["events"][2]["relationships"] = [{"objectId": "404", "qualifier": ""}]
    document["events"][0]["relationships"].append({"objectId": "405", "qualifier": ""})
    log = read(put(tmp_path, write, document), mapping().model_copy(update={"reject_limit": 1}))
    assert excluded(log) == [(1, "unknown_object", "405"), (3, "unknown_object", "404")]
    assert accounted(log) == {"unknown_object": 2}
    assert len(events(log)) == 3


@FORMATS
def test_a_missing_or_unreadable_time_is_a_rejected_row(tmp_path: Path, write: Write) -> None:
    document = sample()
    document["events"][0]["time"] = "soon"
    document["events"].append({**document["events"][0], "id": "e4", "time": None})
    log = read(put(tmp_path, write, document), mapping().model_copy(update={"reject_limit": 1}))
    assert [(row, reason) for row, reason, _ in excluded(log)] == [
        (1, "bad_time"),
        (3, "other_objects"),
        (4, "no_time"),
    ]


@FORMATS
def test_times_without_offset_are_of_the_mappings_zone(tmp_path: Path, write: Write) -> None:
    document = sample()
    document["events"][1]["time"] = "2025-01-02 07:59:59"
    path = put(tmp_path, write, document)
    klass = mapping(klass="case:service_class")
    assert texts(events(read(path, klass)).klass)[1] == "C"  # a second before the change at 8:00 in China
    in_utc = read(path, klass.model_copy(update={"zone": "UTC"}))
    assert texts(events(in_utc).klass)[1] == "A"
    proposal = propose(path)
    assert proposal.mapping is not None
    assert proposal.mapping.zone == "UTC"


@FORMATS
def test_a_proposal_asks_for_the_type_and_guesses_the_likeliest(tmp_path: Path, write: Write) -> None:
    document = sample()
    document["events"] += [{**document["events"][0], "id": f"x{i}"} for i in range(5)]
    path = put(tmp_path, write, document)
    proposal = propose(path, Vocabulary(attributes=(("service_class", (), ()),)))
    assert not proposal.confident
    assert "order (6 events), circuit (1 events), customer (0 events)" in proposal.questions[0].what
    assert proposal.mapping is not None
    assert proposal.mapping.object_type == "order"
    assert proposal.mapping.attributes == {
        "circuit": "objects:circuit",
        "customer": "objects:customer",
        "service_class": "case:service_class",
    }
    assert read(path, proposal.mapping).provenance.rows_used == 8


def spoilt(change: Callable[[Document], object]) -> Document:
    document = sample()
    change(document)
    return document


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (spoilt(lambda d: d["objects"].append(d["objects"][0])), "object '001' is there more than once"),
        (spoilt(lambda d: d["objects"][0].update(type="ordr")), "of type 'ordr', which is not declared"),
        (
            spoilt(lambda d: d["events"][0].update(type="?")),
            "1 events are of type '?', which is not declared",
        ),
        (
            spoilt(lambda d: d["events"][0]["attributes"].append({"name": "x", "value": 1})),
            "event 1: attribute 'x' is not",
        ),
        (
            spoilt(lambda d: d["events"][0]["attributes"].append({"name": "amount", "value": 2})),
            "gives attribute 'amount' twice",
        ),
        (
            spoilt(lambda d: d["objects"][0]["attributes"][1].update(time="1970-01-01T00:00:00Z")),
            "two values of 'service_class'",
        ),
        (
            spoilt(lambda d: d["objects"][0]["attributes"][0].pop("time")),
            "object 1, attribute 'service_class': 'time' is missing",
        ),
        (
            spoilt(lambda d: d["objects"][0]["attributes"][0].update(time="never")),
            "'never' of attribute 'service_class' cannot",
        ),
        (spoilt(lambda d: d["events"][1].pop("id")), "event 2: 'id' is missing"),
        (spoilt(lambda d: d["events"][1].update(id=7)), "event 2: 'id' is no text"),
        (spoilt(lambda d: d["events"].append("e4")), "event 4: is no object"),
        (spoilt(lambda d: d["events"][1].update(relationships={})), "event 2: 'relationships' is no list"),
        (spoilt(lambda d: d.pop("objects")), "no OCEL 2.0: it has no list objects"),
        (
            spoilt(lambda d: d["objectTypes"].append(d["objectTypes"][0])),
            "object type 4: 'order' is declared twice",
        ),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(tmp_path: Path, document: Document, what: str) -> None:
    path = write_json(document, tmp_path / "log.jsonocel")
    with pytest.raises(InputError) as caught:
        read(path, mapping())
    assert what in str(caught.value)
    assert all(problem.file == str(path) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DROP TABLE event_map_type", "no OCEL 2.0: it has no table event_map_type"),
        ("DROP TABLE event_t1", "there is no table event_t1 for event type '开通'"),
        (
            "ALTER TABLE event_object DROP COLUMN ocel_object_id",
            "table event_object has no column ocel_object_id",
        ),
        ("INSERT INTO event VALUES ('e1', '开通')", "id 'e1' is missing or there before"),
        ("INSERT INTO event_t1 SELECT * FROM event_t1", "event 'e2' is there before, or of another type"),
        ("INSERT INTO event_object VALUES ('e9', '001', '')", "event_object names event 'e9'"),
        ("UPDATE object_t0 SET ocel_changed_field = 'colour' WHERE lines = 12", "'001' changed 'colour'"),
        ("INSERT INTO object VALUES ('001', 'order')", "object '001' is there more than once"),
        ("UPDATE object SET ocel_type = 'x' WHERE ocel_id = 'L2'", "of type 'x', which is not declared"),
    ],
)
def test_a_database_that_contradicts_itself_is_refused(tmp_path: Path, statement: str, what: str) -> None:
    path = write_sqlite(sample(), tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()
    with pytest.raises(InputError) as caught:
        read(path, mapping())
    assert what in str(caught.value)


def test_a_database_that_is_no_ocel_is_told_with_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE tickets (id TEXT)")
        database.commit()
    with pytest.raises(InputError, match="an SQLite database, but no OCEL") as caught:
        read(path, mapping())
    assert "tickets" in caught.value.problems[0].mend


def test_a_database_with_unwritten_changes_is_told(tmp_path: Path) -> None:
    path = write_sqlite(sample(), tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("INSERT INTO event VALUES ('e9', '受理')")
        database.commit()
        with pytest.raises(InputError, match=r"changes that are still in log\.sqlite-wal"):
            read(path, mapping())


def test_events_keep_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    """An index that covers the query must not reorder the table."""
    document = sample()
    document["events"] = [{**document["events"][0], "id": f"e{i}"} for i in (5, 3, 9, 1)]
    path = write_sqlite(document, tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE INDEX covering ON event (ocel_id, ocel_type)")
        database.commit()
    assert events(read(path, mapping())).event_id.tolist() == ["e5", "e3", "e9", "e1"]


@FORMATS
@pytest.mark.parametrize("share", [0.01, 0.4, 0.98])
def test_a_truncated_file_is_told(tmp_path: Path, write: Write, share: float) -> None:
    document = sample()
    document["events"] = [{**document["events"][0], "id": f"e{i}"} for i in range(800)]
    path = write(document, tmp_path / "log.jsonocel")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match=r"breaks off|not a whole SQLite"):
        read(path, mapping())


@FORMATS
def test_gzipped_files_are_read(tmp_path: Path, write: Write) -> None:
    path = put(tmp_path, write, sample())
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read(path, mapping()).provenance.rows_used == 3
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="truncated"):
        read(path, mapping())


@FORMATS
def test_both_formats_give_what_a_slow_obvious_reading_gives(tmp_path: Path, write: Write) -> None:
    document = _random_document(random.Random(7))
    log = read(put(tmp_path, write, document), mapping(state="case:state", parts="objects:part"))
    found = [
        (
            row.case_id,
            row.source_row,
            row.state if isinstance(row.state, str) else None,
            row.parts if isinstance(row.parts, str) else None,
        )
        for row in events(log).itertuples()
    ]
    assert found == _flattened(document)
    accounted(log)


def _random_document(chance: random.Random) -> Document:
    stamp = "2025-01-{:02}T00:00:00Z".format
    orders = [
        {
            "id": f"o{i}",
            "type": "order",
            "attributes": [
                {"name": "state", "time": stamp(day), "value": f"s{day}"}
                for day in sorted(chance.sample(range(1, 28), 4))
            ],
            "relationships": [],
        }
        for i in range(12)
    ]
    parts = [{"id": f"p{i}", "type": "part", "attributes": [], "relationships": []} for i in range(9)]
    found = []
    for i in range(150):
        near = chance.sample([each["id"] for each in orders + parts], chance.randint(0, 4))
        relations = [{"objectId": each, "qualifier": ""} for each in near]
        found.append(
            {
                "id": f"e{i}",
                "type": "a",
                "time": stamp(chance.randint(1, 28)),
                "attributes": [],
                "relationships": relations,
            }
        )
    types = [
        {"name": "order", "attributes": [{"name": "state", "type": "string"}]},
        {"name": "part", "attributes": []},
    ]
    return {
        "objectTypes": types,
        "eventTypes": [{"name": "a", "attributes": []}],
        "objects": orders + parts,
        "events": found,
    }


def _flattened(document: Document) -> list[tuple[str, int, str | None, str | None]]:
    values = {each["id"]: each["attributes"] for each in document["objects"]}
    rows = []
    for position, event in enumerate(document["events"], 1):
        near = sorted(each["objectId"] for each in event["relationships"])
        parts = "; ".join(each for each in near if each.startswith("p")) or None
        for order in (each for each in near if each.startswith("o")):
            past = [value["value"] for value in values[order] if value["time"] <= event["time"]]
            rows.append((order, position, past[-1] if past else None, parts))
    return rows


@FORMATS
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bytes_are_told_or_read_but_never_a_traceback(
    tmp_path: Path, write: Write, data: st.DataObject
) -> None:
    path = write(sample(), tmp_path / "log.jsonocel")
    path.write_bytes(data.draw(flipped(path.read_bytes())))
    rows_or_told(path, mapping())


KEYS = st.sampled_from(["id", "type", "time", "name", "value", "attributes", "relationships", "objectId"])
THINGS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(THINGS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_in_the_lists_is_told(tmp_path: Path, thing: Any) -> None:
    document = sample()
    for part in document.values():
        part.append(thing)
    path = tmp_path / "log.jsonocel"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError):
        read(path, mapping())
