"""Orders that only look like duplicates, by a contract that knows them: planted by name, and left alone."""

from dataclasses import replace

import pandas as pd
import pytest
from answer_key import exam, violated

import walkthrough
from reference_models import load
from reference_models.duplicates import Recurring, Replaced, Split
from reference_models.model import Activity, AttributeSpec, Authority, Standing, Text
from walkthrough.simulation import Simulation, write_exports
from walkthrough.simulation.timing import AS_OF

OURS = Authority(Standing.USER)


def own_model():
    """In-sales procurement, with orders that are cancelled, changed, split and repeated every month."""
    model = load("in-sales-procurement")
    outside = {"order_cancelled": "采购要求撤销", "order_amended": "采购要求变更"}
    texts = {"main_order": "主订单", "part": "分批号"}
    order = replace(
        model.duplicates[0],
        replaced=Replaced(("order_cancelled",), ("order_amended",), 20, OURS),
        recurring=Recurring(3, 20, 6, OURS),
        split=Split("main_order", "part", "main_total", None, OURS),
    )
    attributes = {name: AttributeSpec(name, Text(zh, name), (), "text", {}, ()) for name, zh in texts.items()}
    total = AttributeSpec("main_total", Text("主订单金额", "main_total"), (), "number", {}, ())
    return replace(
        model,
        id="own-procurement",
        contract_sha256="own",
        duplicates=(order,),
        activities={
            **model.activities,
            **{name: Activity(name, Text(zh, name), (), None, False, OURS) for name, zh in outside.items()},
        },
        attributes={**model.attributes, **attributes, "main_total": total},
    )


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder, model = tmp_path_factory.mktemp("own"), own_model()
    files = write_exports(Simulation(model, 700, 5, 0.01), folder).files
    key = pd.read_csv(folder / "answer_key.csv", dtype=str, keep_default_na=False)
    return key, walkthrough.audit(files[0], model, mapping=folder / "mapping.yaml", as_of=AS_OF)


def test_every_look_alike_is_there_by_name(sample):
    key, _ = sample
    counts = key.loc[key["role"] == "innocent", "kind"].value_counts()
    assert set(counts.index) >= {"amended", "reissued", "split", "recurring", "unlike", "young"}
    assert counts[["amended", "reissued", "split", "unlike"]].min() == 7


def test_none_of_them_is_taken_for_a_duplicate(sample):
    key, audit = sample
    found = violated(audit)
    accused = set(found.loc[found["fk"].str.startswith("duplicate"), "case_id"])
    assert accused.isdisjoint(key.loc[key["role"] == "innocent", "case_id"])
    planted = key[(key["role"] == "planted") & (key["family"] == "duplicate") & (key["related_case"] != "")]
    assert len(planted) >= 18
    assert set(planted["case_id"]) <= accused


@pytest.fixture(scope="module")
def library_sample(tmp_path_factory):
    """Of a library model without cancelled, changed or monthly orders: the sample's limits declare them."""
    each = exam("in-sales-procurement", 9, tmp_path_factory.mktemp("library"))
    return each.key, each.audit(mapped=True)


def test_none_of_a_library_models_is_taken_for_a_duplicate_either(library_sample):
    key, audit = library_sample
    found = violated(audit)
    accused = set(found.loc[found["fk"].str.startswith("duplicate"), "case_id"])
    alike = key[(key["role"] == "innocent") & (key["related_case"] != "")]
    assert set(alike["kind"]) == {"amended", "reissued", "split", "recurring", "unlike"}
    assert accused.isdisjoint(alike["case_id"])


@pytest.mark.parametrize("of", ["sample", "library_sample"])
@pytest.mark.parametrize("kind", ["amended", "reissued", "split", "recurring"])
def test_the_audit_says_why(of, kind, request):
    key, audit = request.getfixturevalue(of)
    explained = audit.occurrences[audit.occurrences["reason"] == kind]
    named = key[(key["kind"] == kind) & (key["role"] == "innocent")]
    assert len(named) >= 2
    assert set(named["case_id"]) <= set(explained["case_id"])
