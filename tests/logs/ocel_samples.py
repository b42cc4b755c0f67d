"""One object-centric log, written as OCEL 2.0 in either format."""

from __future__ import annotations

import copy
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

Document = dict[str, Any]

SAMPLE: Document = {
    "objectTypes": [
        {
            "name": "order",
            "attributes": [{"name": "service_class", "type": "string"}, {"name": "lines", "type": "integer"}],
        },
        {"name": "circuit", "attributes": []},
        {"name": "customer", "attributes": []},
    ],
    "eventTypes": [
        {
            "name": "受理",
            "attributes": [{"name": "resource", "type": "string"}, {"name": "amount", "type": "float"}],
        },
        {"name": "开通", "attributes": [{"name": "resource", "type": "string"}]},
        {"name": "巡检", "attributes": []},
    ],
    "objects": [
        {
            "id": "001",
            "type": "order",
            "attributes": [
                {"name": "service_class", "time": "1970-01-01T00:00:00Z", "value": "C"},
                {"name": "service_class", "time": "2025-01-02T00:00:00Z", "value": "A"},
                {"name": "lines", "time": "2025-01-01T08:00:00Z", "value": 12},
            ],
            "relationships": [{"objectId": "K9", "qualifier": "of"}],
        },
        {"id": "002", "type": "order", "attributes": [], "relationships": []},
        {"id": "L2", "type": "circuit", "attributes": [], "relationships": []},
        {"id": "L10", "type": "circuit", "attributes": [], "relationships": []},
        {"id": "K9", "type": "customer", "attributes": [], "relationships": []},
    ],
    "events": [
        {
            "id": "e1",
            "type": "受理",
            "time": "2025-01-01T00:00:00Z",
            "attributes": [{"name": "resource", "value": "张三"}, {"name": "amount", "value": 1.5}],
            "relationships": [{"objectId": "001", "qualifier": "new"}],
        },
        {
            "id": "e2",
            "type": "开通",
            "time": "2025-01-02T08:00:00.123456+08:00",
            "attributes": [{"name": "resource", "value": "李四"}],
            "relationships": [
                {"objectId": "L2", "qualifier": "b"},
                {"objectId": "002", "qualifier": "y"},
                {"objectId": "001", "qualifier": "x"},
                {"objectId": "L10", "qualifier": "a"},
            ],
        },
        {
            "id": "e3",
            "type": "巡检",
            "time": "2025-01-03T00:00:00Z",
            "attributes": [],
            "relationships": [{"objectId": "L2", "qualifier": ""}],
        },
    ],
}


def sample() -> Document:
    return copy.deepcopy(SAMPLE)


def write_json(document: Document, path: Path) -> Path:
    path.write_text(json.dumps(document, ensure_ascii=False))
    return path


def write_sqlite(document: Document, path: Path) -> Path:
    """As the specification lays it out: a table per type, an initial row and one per change."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        run = database.execute
        run("CREATE TABLE event (ocel_id TEXT, ocel_type TEXT)")
        run("CREATE TABLE object (ocel_id TEXT, ocel_type TEXT)")
        run("CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT)")
        run("CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT)")
        for kind in ("event", "object"):
            run(f"CREATE TABLE {kind}_map_type (ocel_type TEXT, ocel_type_map TEXT)")
            for number, each in enumerate(document[f"{kind}Types"]):
                run(f"INSERT INTO {kind}_map_type VALUES (?, ?)", (each["name"], f"t{number}"))
                columns = "".join(f', "{attribute["name"]}"' for attribute in each["attributes"])
                changed = ", ocel_changed_field TEXT" if kind == "object" else ""
                run(f"CREATE TABLE {kind}_t{number} (ocel_id TEXT, ocel_time TEXT{changed}{columns})")
        for event in document["events"]:
            run("INSERT INTO event VALUES (?, ?)", (event["id"], event["type"]))
            values = {a["name"]: a["value"] for a in event["attributes"]}
            _insert(database, document, "event", event, {"ocel_time": event["time"], **values})
            for each in event["relationships"]:
                run(
                    "INSERT INTO event_object VALUES (?, ?, ?)",
                    (event["id"], each["objectId"], each["qualifier"]),
                )
        for each in document["objects"]:
            run("INSERT INTO object VALUES (?, ?)", (each["id"], each["type"]))
            for change in each["attributes"]:
                changed_field = None if change["time"].startswith("1970") else change["name"]
                row = {
                    "ocel_time": change["time"],
                    "ocel_changed_field": changed_field,
                    change["name"]: change["value"],
                }
                _insert(database, document, "object", each, row)
            for relation in each["relationships"]:
                run(
                    "INSERT INTO object_object VALUES (?, ?, ?)",
                    (each["id"], relation["objectId"], relation["qualifier"]),
                )
        database.commit()
    return path


def _insert(
    database: sqlite3.Connection, document: Document, kind: str, each: Document, row: Document
) -> None:
    number = [known["name"] for known in document[f"{kind}Types"]].index(each["type"])
    row = {"ocel_id": each["id"], **row}
    columns, marks = ", ".join(f'"{column}"' for column in row), ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {kind}_t{number} ({columns}) VALUES ({marks})", tuple(row.values()))
