"""Both catalogues are complete, in step with each other and with the code that uses them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sample_model import model

from logs.event_log import Reason
from mining.findings import Family, Outcome, Severity, Verdict
from reference_models.model import Standing
from reports.catalogue import LANGUAGES, catalogue, read_catalogue
from reports.formats import Formats
from reports.html import SCRIPT_WORDS
from reports.view.names import Names

ROOT = Path(__file__).parents[2] / "reports"
KINDS = {
    "handoff": ("dropped", "unsent", "late", "misrouted", "ping_pong", "unreturned"),
    "duplicate": ("exact", "near", "resent"),
    "lost": ("stalled", "vanished", "orphan", "never_entered"),
    "deadline": ("late", "overdue_and_open", "at_risk"),
    "rule": ("told", "declare", "four_eyes", "matched", "per_period"),
    "deviation": ("skipped", "inserted", "repeated", "swapped", "unknown", "early_end"),
}
REASONS = (
    "no_limit",
    "excluded_rows",
    "unknown_activity",
    "before_window",
    "window_end",
    "no_start_event",
    "ambiguous",
    "missing_attribute",
    "no_such_category",
    "no_row",
    "doubtful_limit",
    "calendar_ends",
    "in_time",
    "still_open",
    "acceptance_not_recorded",
    "one_time_per_milestone",
    "otherwise",
    "no_unit",
    "too_few_waits",
    "unknown_unit",
    "identity_incomplete",
    "paused",
    "ended_without_stop",
    "money_not_arrived",
    "reissued",
    "amended",
    "split",
    "recurring",
    "split_under_limit",
    "too_many_alike",
)


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_is_missing_or_fuzzy(lang: str) -> None:
    for message in read_catalogue(lang):
        if message.id:
            forms = (message.string,) if isinstance(message.string, str) else message.string
            assert not message.fuzzy, message.id
            assert all(form.strip() for form in forms), message.id


def test_both_languages_have_the_same_texts_with_the_same_placeholders() -> None:
    zh, en = catalogue("zh").texts, catalogue("en").texts
    assert zh.keys() == en.keys()
    for key in zh:
        assert _placeholders(zh[key][0]) == _placeholders(en[key][-1]), key


def test_chinese_texts_are_chinese_and_english_ones_are_not() -> None:
    for key, forms in catalogue("en").texts.items():
        assert not re.search(r"[\u4e00-\u9fff]", "".join(forms)), key
    same = {k for k, v in catalogue("zh").texts.items() if v[0] == catalogue("en").texts[k][-1]}
    assert same <= {"size.kb"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_finding_has_its_texts(lang: str) -> None:
    texts = catalogue(lang).texts
    for family, kinds in KINDS.items():
        for kind in kinds:
            for part in ("name", "title", "criterion", "meaning", "advice"):
                assert f"finding.{family}.{kind}.{part}" in texts


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reason_of_a_row_not_used_has_its_text(lang: str) -> None:
    assert {f"excluded.{each}" for each in Reason} <= catalogue(lang).texts.keys()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_has_its_text(lang: str) -> None:
    texts = catalogue(lang).texts
    codes = {
        *(f"reason.{each}" for each in REASONS),
        *(f"family.{each}" for each in Family),
        *(f"verdict.{each}{part}" for each in Verdict for part in ("", ".meaning", ".definition")),
        *(f"severity.{part}{each.name.lower()}" for each in Severity for part in ("", "short.")),
        *(f"outcome.{each}{part}" for each in Outcome for part in ("", ".sentence")),
        *(f"standing.{each}{part}" for each in Standing for part in ("", ".meaning")),
    }
    assert codes <= texts.keys(), codes - texts.keys()


def _sources() -> str:
    paths = [*ROOT.rglob("*.py"), *ROOT.rglob("*.j2"), *ROOT.rglob("*.js")]
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(paths))


def test_no_text_is_unused() -> None:
    sources = _sources()
    literal = set(re.findall(r"[\"']([a-z_]+(?:\.[A-Za-z0-9_-]+)+)[\"']", sources))
    begun = set(re.findall(r"f[\"']((?:[a-z_]+\.)+)\{", sources)) | set(
        re.findall(r"t\(\"([a-z]+\.)\" ~", sources)
    )
    unused = {k for k in catalogue("en").texts if k not in literal and not k.startswith(tuple(begun))}
    assert not unused


def test_every_text_that_the_code_asks_for_is_there() -> None:
    asked = set(re.findall(r"\bt(?:\.count)?\(\s*[\"']([a-z_.]+[a-z_])[\"']", _sources()))
    texts = catalogue("en").texts
    assert asked
    assert not asked - texts.keys()
    assert not set(SCRIPT_WORDS) - texts.keys()


def test_a_reason_names_what_may_come_instead() -> None:
    said = []
    for lang in ("en", "zh"):
        t = catalogue(lang)
        said.append(Names(model(), t, Formats(t, "Asia/Shanghai")).reason("otherwise:build,end"))
    assert said == [
        "the receiver need not come: the work may still go on with "
        "Build new resources or the end of this work instead",
        "接收环节不一定发生：后续也可能是新建资源或此项工作结束",
    ]


def test_plural_forms_follow_the_language() -> None:
    en, zh = catalogue("en"), catalogue("zh")
    assert en.count("variants.more", 1) == "1 more variant"
    assert en.count("variants.more", 1200) == "1,200 more variants"
    assert zh.count("variants.more", 1200) == "另外 1,200 种变体"


def test_another_language_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'fr'.*zh, en"):
        catalogue("fr")


def test_numbers_never_claim_all_or_nothing() -> None:
    formats = Formats(catalogue("en"), "Asia/Shanghai")
    assert formats.percent(0.99999) == "> 99.9%"
    assert formats.percent(0.9997) == "> 99.9%"
    assert formats.percent(0.999) == "99.9%"
    assert formats.percent(0.0002) == "< 0.1%"
    assert formats.percent(0.00001, 2) == "< 0.01%"
    assert formats.percent(0.0) == "0%"
    assert formats.percent(1.0) == "100%"
    assert formats.floored(0.99998) == "0.9999"
    assert formats.floored(1.0) == "1"
    assert formats.floored(0.00002) == "< 0.0001"
    assert formats.number(0.0004) == "< 0.01"
    assert formats.percent(0.9999999999999999) == "100%"
    assert formats.percent(None) == "–"


def test_rounding_never_reaches_the_target_or_the_limit() -> None:
    formats = Formats(catalogue("en"), "Asia/Shanghai")
    assert formats.percent(0.97996, beside=0.98) == "< 98%"
    assert formats.percent(0.98004, beside=0.98) == "> 98%"
    assert formats.percent(0.9997, beside=0.98) == "> 99.9%"
    assert formats.percent(0.98, beside=0.98) == "98%"
    assert formats.measure(6.001, "hours", beside=6.0) == "> 6 hours"
    assert formats.measure(6.0, "hours", beside=6.0) == "6 hours"


def test_one_day_is_not_one_days() -> None:
    en, zh = (Formats(catalogue(lang), "Asia/Shanghai") for lang in ("en", "zh"))
    assert en.measure(1.0, "days") == "1 day"
    assert en.measure(1.5, "days") == "1.5 days"
    assert en.measure(1, "returns") == "1 return"
    assert zh.measure(1.0, "days") == "1 天"


def test_times_stand_in_the_zone_of_the_log() -> None:
    formats = Formats(catalogue("zh"), "Asia/Shanghai")
    assert formats.time(1_709_251_200_000_000) == "2024-03-01 08:00"
    assert formats.time(1_709_251_212_000_000) == "2024-03-01 08:00:12"
    assert formats.measure(2.5, "working_days") == "2.5 个工作日"
    assert formats.measure(2.5, "fortnights") == "2.5 fortnights"
