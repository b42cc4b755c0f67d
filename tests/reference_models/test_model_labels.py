"""How spellings of exports lead to a model's ids."""

import pytest

from logs.labels import normalise_label
from reference_models import category_of, label_index, load, role_index, vocabulary


@pytest.mark.parametrize(
    "label", ["accept_order", "订单受理", "受理", "受理时间", "Accept order", "ORDER ACCEPTED"]
)
def test_every_name_of_an_activity_leads_to_it(label):
    assert label_index(load("circuit-provisioning"))[normalise_label(label)] == "accept_order"


def test_a_foreign_label_leads_nowhere():
    assert normalise_label("派单") not in label_index(load("circuit-provisioning"))


@pytest.mark.parametrize(
    ("text", "category"), [("特急", "A"), ("a级", "A"), ("C", "C"), ("D", None), (None, None)]
)
def test_spellings_of_categories(text, category):
    assert category_of(load("circuit-provisioning").attributes["service_class"], text) == category


def test_units_lead_to_roles():
    assert role_index(load("fault-handling"))[normalise_label("客服中心")] == "call_centre"


def test_the_vocabulary_names_activities_headings_and_values():
    words = vocabulary(load("circuit-provisioning"))
    activities = dict(words.activities)
    headings = {name: heads for name, heads, _ in words.attributes}
    values = {name: spelled for name, _, spelled in words.attributes}
    assert "受理" in activities["accept_order"]
    assert "客户等级" in headings["service_class"]
    assert "特急" in values["service_class"]
