"""XES: read whole or not at all, and never by way of entities."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from logs_helpers import accounted, events, excluded

from logs import InputError, Mapping, propose, read

LOG = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
  <trace>
    <string key="concept:name" value="001"/><string key="grade" value="C"/>
    <event><string key="concept:name" value="受理"><string key="nested" value="x"/></string>
      <date key="time:timestamp" value="2025-01-01T08:00:00.000+08:00"/>
      <string key="org:resource" value="张三"/><string key="lifecycle:transition" value="COMPLETE"/></event>
    <event><string key="concept:name" value="派单"/>
      <date key="time:timestamp" value="2025-01-01T00:00:00Z"/><int key="cost" value="12"/></event>
  </trace>
  <trace>
    <string key="concept:name" value="NA"/>
    <event><string key="concept:name" value="受理"/><date key="time:timestamp" value="soon"/></event>
    <event><date key="time:timestamp" value="2025-01-01T00:00:00Z"/></event>
    <event><string key="concept:name" value="竣工"/>
      <date key="time:timestamp" value="2025-01-02T00:00:00Z"/></event>
  </trace>
</log>
"""
MAPPING = Mapping(
    case="case:concept:name",
    activity="concept:name",
    time="time:timestamp",
    resource="org:resource",
    lifecycle="lifecycle:transition",
    attributes={"grade": "case:grade", "cost": "cost"},
)


def written(folder: Path, text: str = LOG, name: str = "log.xes") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz", "renamed.txt"])
def test_events_and_attributes(tmp_path: Path, name: str) -> None:
    log = read(written(tmp_path, name=name), MAPPING)
    table = events(log)
    assert table.case_id.tolist() == ["001", "001", "NA"]
    assert table.activity.tolist() == ["受理", "派单", "竣工"]
    assert table.t_us.tolist() == [1_735_689_600_000_000, 1_735_689_600_000_000, 1_735_776_000_000_000]
    assert table.grade.fillna("").tolist() == ["C", "C", ""]
    assert table.cost.fillna("").tolist() == ["", "12", ""]
    assert table.lifecycle[0] == "complete"
    assert table.source_row.tolist() == [1, 2, 5]
    assert accounted(log) == {"bad_time": 1, "no_activity": 1}
    assert excluded(log) == [(3, "bad_time", "soon"), (4, "no_activity", None)]
    assert log.provenance.files[0].format == "xes"


def test_the_proposal_takes_the_standard_keys(tmp_path: Path) -> None:
    proposal = propose(written(tmp_path))
    assert proposal.confident
    assert proposal.mapping is not None
    assert (proposal.mapping.case, proposal.mapping.time) == ("case:concept:name", "time:timestamp")
    assert read(written(tmp_path)).provenance.rows_used == 3


def test_a_truncated_log_is_an_error_that_says_how_far_it_came(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"breaks off: .*; 3 events were read before") as caught:
        read(written(tmp_path, LOG[: LOG.index("<event><date")]), MAPPING)
    assert caught.value.problems[0].line == 17


def test_a_truncated_gzip_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, name="log.xes.gz")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"is truncated|breaks off"):
        read(path, MAPPING)


BOMB = '<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n'
EXTERNAL = '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/hostname">]>\n'


@pytest.mark.parametrize("doctype", [BOMB, EXTERNAL, '<!DOCTYPE log SYSTEM "http://example.org/x.dtd">\n'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_before_anything_is_parsed(
    tmp_path: Path, doctype: str, encoding: str
) -> None:
    text = LOG.replace("UTF-8", encoding, 1).replace("<!-- a comment -->\n", f"<!-- <log> -->\n{doctype}")
    path = tmp_path / "log.xes"
    path.write_bytes(text.replace('value="C"', 'value="&b;"').encode(encoding))
    with pytest.raises(InputError, match="declares a document type"):
        read(path, MAPPING)


def test_entities_that_nobody_declared_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not well-formed"):
        read(written(tmp_path, LOG.replace('value="C"', 'value="&b;"')), MAPPING)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<log></log>", "holds no events"),
        ("<html><p/></html>", "is XML but not XES"),
        ("<?xml version='1.0'?>", "is not XML"),
    ],
)
def test_what_is_no_log(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(written(tmp_path, text), MAPPING)


def test_an_attribute_that_no_event_has_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'org:group'") as caught:
        read(written(tmp_path), MAPPING.model_copy(update={"role": "org:group"}))
    assert "org:resource" in caught.value.problems[0].mend


def test_the_same_log_as_csv_gives_the_same_events(tmp_path: Path) -> None:
    log = read(written(tmp_path), MAPPING)
    rows = [f"{e.case_id},{e.activity},{e.t_us // 1_000_000}" for e in events(log).itertuples()]
    (tmp_path / "log.csv").write_text("\n".join(["case,activity,time", *rows]) + "\n", encoding="utf-8")
    same = read(tmp_path / "log.csv", Mapping(case="case", activity="activity", time="time"))
    columns = ["case_id", "activity", "t_us"]
    assert events(same)[columns].equals(events(log)[columns])
