"""Labels of exports against the library's models: what they do not mean is asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import yaml

from logs.labels import normalise_label
from logs.matching import Matcher
from reference_models import library, load, vocabulary

BY_HAND = sorted((Path(__file__).parents[2] / "benchmarks").glob("labels_by_hand*.yaml"))
MODELS = {load(each).id: each for each in library()}


@cache
def matcher(model: str) -> Matcher:
    known = vocabulary(load(MODELS[model]))
    return Matcher(known.activities, known.units)


@pytest.mark.parametrize(
    ("model", "labels"),
    [
        ("billing", "停租计费|Reissue bill|Reopen billing|Recheck dispute|Open bill"),
        (
            "circuit-provisioning",
            "停租计费|Station|Work at station|新建|Accept offer|Retest circuit|Defect created",
        ),
        ("leaving-and-retention", "离网登记|離網登記|离网结束|Resources leased|Call bank"),
        ("fault-handling", "故障处理|Fault created|Fault cleaned|等待客户结束|Redispatch order"),
        ("in-sales-procurement", "Goods reserved|Plane order|项目报批"),
        ("speed-upgrade", "降速受理|降速测试|减速受理|升速确认|Retest speed"),
        ("after-sales-service", "系统降级|工单签发|Repaid"),
        ("network-resource-allocation", "Reassess request|Deallocate resource|Release badge"),
        ("cross-network-acceptance", "对端大客户部-派单|Joint retest"),
    ],
)
def test_opposites_and_other_words_are_asked_for(model: str, labels: str) -> None:
    found = {label: matcher(model).match(label) for label in labels.split("|")}
    assert {label for label, match in found.items() if match} == set()


@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("path", BY_HAND, ids=lambda path: path.stem)
def test_no_label_written_by_hand_is_mapped_wrong(path: Path, model: str) -> None:
    known = {
        normalise_label(name) for _, names in vocabulary(load(MODELS[model])).activities for name in names
    }
    wrong = {}
    for written in yaml.safe_load(path.read_text(encoding="utf-8"))[model].values():
        meant = written if isinstance(written, dict) else dict.fromkeys(written, "")
        for label, activity in meant.items():
            match = matcher(model).match(label)
            if match and match.activity != activity and normalise_label(label) not in known:
                wrong[label] = match
    assert wrong == {}


def test_most_labels_that_only_differ_in_writing_are_mapped() -> None:
    for model, labels in (
        (
            "circuit-provisioning",
            "01-订单受理|資源確認|Conf. res.|ＯＲＤＥＲ ＡＣＣＥＰＴＥＤ|Order acceptance|AcceptOrder",
        ),
        (
            "fault-handling",
            "已派单|派單|Cust answered|Dispacth order|Clearing faults|【排障】|排障（故障处理）",
        ),
    ):
        asked = [label for label in labels.split("|") if not matcher(model).match(label)]
        assert asked == (["排障（故障处理）"] if model == "fault-handling" else [])
