"""The corpus of odd files: each is read or refused as its table says, and no row is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from odd_files import CORPUS, Odd, Read

from logs import InputError, load_mapping, read


@pytest.mark.parametrize("each", CORPUS, ids=lambda each: each.name)
def test_an_odd_file_is_read_or_refused_as_it_should_be(tmp_path: Path, each: Odd) -> None:
    path, mapping = tmp_path / each.name, tmp_path / "mapping.yaml"
    path.write_bytes(each.build())
    mapping.write_text(each.mapping, encoding="utf-8")
    if isinstance(each.outcome, Read):
        with read(path, load_mapping(mapping)) as log:
            provenance = log.provenance
            left_out = {count.reason: count.rows for count in provenance.excluded}
            assert (provenance.rows_read, left_out) == (each.outcome.rows, dict(each.outcome.left_out))
            assert provenance.rows_used == each.outcome.rows - sum(left_out.values())
            if each.outcome.cases is not None:
                found = log.cases.order_by("case_id").case_id.to_pandas()
                assert tuple(sorted(found)) == each.outcome.cases
        return
    with pytest.raises(InputError) as refused:
        read(path, load_mapping(mapping))
    assert each.outcome.words in str(refused.value)
    for problem in refused.value.problems:
        assert problem.file == str(path)
        assert problem.what
        assert problem.mend
    assert len(str(refused.value)) < 5_000


def test_every_odd_file_is_named_once() -> None:
    names = [each.name for each in CORPUS]
    assert len(names) == len(set(names))
