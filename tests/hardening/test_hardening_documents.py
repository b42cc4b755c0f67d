"""Mappings and contracts, changed in every way: used, or refused with file and line; never anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from damage_of_files import changed, damaged, scalars, text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reference_models
from logs import InputError, Mapping, load_mapping, read
from logs.documents import parse_yaml
from reference_models.loader import read_model

LIBRARY = Path(reference_models.__file__).parent / "library"
MODELS = ("circuit-provisioning", "fault-handling", "in-sales-procurement")
FOLDERS = {folder.name: folder for folder in LIBRARY.iterdir() if (folder / "contract.yaml").is_file()}
CONTRACTS = {name: (FOLDERS[name] / "contract.yaml").read_bytes() for name in sorted(FOLDERS)}
PIECES = (
    b"&a ",
    b"*a",
    b"<<: *a\n",
    b"!!int ",
    b"!!python/object:os.system ",
    b"? ",
    b"\t",
    b": ",
    b"- ",
    b"'",
    b"{",
    b"[",
    b"|\n",
    b"---\n",
    b"%YAML 1.1\n",
    b"#",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"~",
    b".inf",
)
EXPORT = "订单号,环节,时间,开始,人,部门,状态,id,甲,乙\n" + "".join(
    f"{n // 3},a{n % 3},2026-03-0{n + 1} 10:00,2026-03-0{n + 1} 09:00,张,网管,complete,e{n},x,1\n"
    for n in range(6)
)
MAPPING = {
    "case": "订单号",
    "activity": ["环节", "甲"],
    "time": "时间",
    "start": "开始",
    "resource": "人",
    "role": "部门",
    "lifecycle": "状态",
    "event_id": "id",
    "attributes": {"size": "乙"},
    "time_formats": ["%Y-%m-%d %H:%M"],
    "zone": "Asia/Shanghai",
    "encoding": "utf-8",
    "delimiter": ",",
    "window": {"from": "2026-01-01", "until": "2026-12-31", "selection": "all"},
    "activities": {"a1": "x"},
    "filters": ["size=1", "period=2026-01-01.."],
    "reject_limit": 0.5,
}
WIDE = {"layout": "wide", "case": "订单号", "milestones": {"时间": "a", "开始": "b"}, "delta": "milestones"}
STANDARD_WORDS = (
    "rowid",
    "row_no",
    "_id",
    "h",
    "nth",
    "kept",
    "reason",
    "count",
    "events",
    "select",
    "c0",
    "p",
    "t",
)
some = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def told(error: InputError, *files: str) -> None:
    """Each problem names its file (or the filter) and says something short."""
    assert error.problems
    for problem in error.problems:
        assert problem.what
        assert problem.file.endswith(files), problem
        assert len(str(problem)) < 3_000
        str(problem).encode()


def loads(path: Path) -> Mapping | None:
    try:
        return load_mapping(path)
    except InputError as error:
        told(error, path.name)
    return None


def used(folder: Path, mapping: Mapping) -> None:
    """Reading by the mapping accounts for every row, or is refused."""
    path = folder / "log.csv"
    path.write_text(EXPORT, encoding="utf-8")
    try:
        with read(path, mapping) as log:
            provenance = log.provenance
            assert provenance.rows_read == 6
            assert provenance.rows_read == provenance.rows_used + sum(e.rows for e in provenance.excluded)
            numbers = log.events.row_no.to_pandas()
            assert sorted(set(numbers)) == sorted(numbers)
    except InputError as error:
        told(error, "log.csv", "given", "mapping with filters", "'")


@settings(some, max_examples=60)
@given(document=st.one_of(changed(MAPPING), changed(WIDE)))
def test_a_changed_mapping_is_used_or_refused(tmp_path: Path, document: object) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    mapping = loads(path)
    if mapping:
        used(tmp_path, mapping)


@settings(some, max_examples=60)
@given(content=damaged(yaml.safe_dump(MAPPING, allow_unicode=True).encode(), PIECES))
def test_a_damaged_mapping_is_used_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(content)
    mapping = loads(path)
    if mapping:
        used(tmp_path, mapping)


@settings(some, max_examples=30)
@given(
    names=st.dictionaries(
        st.one_of(st.sampled_from(STANDARD_WORDS), text), st.sampled_from("甲乙"), min_size=1
    )
)
def test_attributes_may_have_any_name(tmp_path: Path, names: dict[str, str]) -> None:
    path = tmp_path / "m.yaml"
    document = {"case": "订单号", "activity": "环节", "time": "时间", "attributes": names}
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    mapping = loads(path)
    if mapping:
        used(tmp_path, mapping)


def model_with(folder: Path, contract: bytes, override: bytes | None = None) -> None:
    """The model is read as far as it goes, and what is wrong is told."""
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "contract.yaml").write_bytes(contract)
    given_override = folder / "own.yaml" if override is not None else None
    if given_override and override is not None:
        given_override.write_bytes(override)
    loading = read_model(folder / "model", "model", given_override)
    assert bool(loading.model) != bool(loading.problems)
    if loading.problems:
        told(InputError(loading.problems), "contract.yaml", "process.bpmn", "own.yaml")


@settings(some, max_examples=40)
@given(data=st.data(), name=st.sampled_from(sorted(CONTRACTS)))
def test_a_changed_contract_is_used_or_refused(tmp_path: Path, data: st.DataObject, name: str) -> None:
    (tmp_path / "model").mkdir(exist_ok=True)
    (tmp_path / "model" / "process.bpmn").write_bytes((FOLDERS[name] / "process.bpmn").read_bytes())
    document = data.draw(changed(parse_yaml(CONTRACTS[name].decode(), name)[0]))
    model_with(tmp_path, yaml.dump(document, Dumper=yaml.CSafeDumper, allow_unicode=True).encode())


@settings(some, max_examples=30)
@given(data=st.data(), name=st.sampled_from(sorted(CONTRACTS)))
def test_a_damaged_contract_is_used_or_refused(tmp_path: Path, data: st.DataObject, name: str) -> None:
    (tmp_path / "model").mkdir(exist_ok=True)
    (tmp_path / "model" / "process.bpmn").write_bytes((FOLDERS[name] / "process.bpmn").read_bytes())
    model_with(tmp_path, data.draw(damaged(CONTRACTS[name], PIECES)))


@settings(some, max_examples=30)
@given(data=st.data(), name=st.sampled_from(sorted(CONTRACTS)))
def test_any_override_is_used_or_refused(tmp_path: Path, data: st.DataObject, name: str) -> None:
    """Of a contract a part, changed: most of it says something that the model knows."""
    (tmp_path / "model").mkdir(exist_ok=True)
    (tmp_path / "model" / "process.bpmn").write_bytes((FOLDERS[name] / "process.bpmn").read_bytes())
    document = parse_yaml(CONTRACTS[name].decode(), name)[0]
    part = data.draw(st.sampled_from(sorted(document)))
    override = data.draw(changed({part: document[part]}))
    model_with(tmp_path, CONTRACTS[name], yaml.safe_dump(override, allow_unicode=True).encode())


@settings(some, max_examples=30)
@given(data=st.data(), name=st.sampled_from(sorted(CONTRACTS)))
def test_any_model_that_extends_another_and_any_version_is_used_or_refused(
    tmp_path: Path, data: st.DataObject, name: str
) -> None:
    """Of a contract two parts, changed: one laid over it by a model of one's own, one by a later version."""
    document = parse_yaml(CONTRACTS[name].decode(), name)[0]
    head = {"id": "ours", "version": "1", "in_force_from": "2026-01-01", "extends": name}
    later = {"version": "2", "in_force_from": "2026-07-01"}
    own, version = (
        data.draw(changed({**given, part: document[part]}))
        for given, part in ((each, data.draw(st.sampled_from(sorted(document)))) for each in (head, later))
    )
    (tmp_path / "model" / "versions" / "2").mkdir(parents=True, exist_ok=True)
    written = yaml.safe_dump(version, allow_unicode=True)
    (tmp_path / "model" / "versions" / "2" / "contract.yaml").write_text(written, encoding="utf-8")
    model_with(tmp_path, yaml.safe_dump(own, allow_unicode=True).encode())


@settings(some, max_examples=40)
@given(
    value=st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner) | st.dictionaries(scalars.filter(lambda key: not isinstance(key, float)), inner)
        ),
        max_leaves=20,
    )
)
def test_any_yaml_is_parsed_with_its_lines_or_refused(value: object) -> None:
    written = yaml.safe_dump(value, allow_unicode=True)
    try:
        parsed, lines = parse_yaml(written, "any.yaml")
    except InputError as error:
        told(error, "any.yaml")
        return
    assert lines[()] >= 1
    assert all(1 <= line <= written.count("\n") + 1 for line in lines.values())
    assert isinstance(parsed, type(value)) or not isinstance(value, dict | list)


NINE = ", ".join(["*a{0}"] * 9)
BOMBS = {
    "references": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{NINE.format(n - 1)}]\n" for n in range(1, 30)),
    "merged keys": "a0: &a0 {x: 1}\n"
    + "".join(f"a{n}: &a{n} {{<<: [{NINE.format(n - 1)}]}}\n" for n in range(1, 30)),
    "itself": "a: &a [*a]",
    "its own key": "&a {*a : 1}",
    "deep lists": "a: " + "[" * 20_000,
    "deep mappings": "{a: " * 5_000,
    "deep by indentation": "".join(" " * n + "a:\n" for n in range(700)),
    "a chain of references": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3_000)),
    "a long document": "a: b\n" * 300_000,
    "a long number": "a: " + "9" * 100_000,
    "a long number of another base": "a: 0x" + "f" * 100_000,
    "a number for every second": "a: " + "59:" * 30_000 + "59",
    "zero bytes": "a: \0",
    "code": "a: !!python/object/apply:os.system [id]",
    "a key that is a list": "? [a, b]\n: 1",
    "a tab": "a:\n\tb: 1",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_document_that_would_grow_is_refused(tmp_path: Path, name: str) -> None:
    for file in ("m.yaml", "contract.yaml"):
        (tmp_path / file).write_text(BOMBS[name], encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_mapping(tmp_path / "m.yaml")
    told(refused.value, "m.yaml")
    loading = read_model(tmp_path, "model")
    assert any(problem.file.endswith("contract.yaml") for problem in loading.problems)
