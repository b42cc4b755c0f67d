"""Labels that the model does not hold: mapped where it is sure what they mean, asked for where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs import Vocabulary, propose, read
from logs.matching import ASK_BELOW, Matcher

ACTIVITIES = (
    ("accept", ("订单受理", "Accept order", "受理")),
    ("confirm", ("资源确认", "Confirm resources")),
    ("dispatch", ("派单", "Dispatch order")),
    ("redispatch", ("改派", "Dispatch order again")),
    ("test", ("联调测试", "Test circuit")),
    ("bill", ("帐务结算", "Settle the account")),
    ("not_ready", ("客户未就绪", "Customer not ready")),
    ("ready", ("客户就绪", "Customer ready")),
)
MATCHER = Matcher(ACTIVITIES, ("大客户部", "Key-account department"))


@pytest.mark.parametrize(
    ("label", "activity"),
    [
        ("01-订单受理", "accept"),
        ("步骤3：派单", "dispatch"),
        ("3. Test circuit", "test"),
        ("已派单", "dispatch"),
        ("资源确认环节", "confirm"),
        ("資源確認", "confirm"),  # traditional characters
        ("账务结算", "bill"),  # 帐 and 账
        ("Order accepted", "accept"),
        ("The resources have been confirmed", ""),  # 'have' is a word too many
        ("Resources confirmed", "confirm"),
        ("大客户部-订单受理", "accept"),
        ("Test circuit (Key-account department)", "test"),
        ("订单受理 Accept order", "accept"),
        ("资确", "confirm"),
        ("Conf. res.", "confirm"),
        ("Test crct", "test"),
        ("联调调测试", "test"),
        ("资确源认", "confirm"),
        ("联测调试", ""),  # 调试 is a word of its own
        ("Confirm resuorces", "confirm"),
        ("Confrim resources", "confirm"),
        ("AcceptOrder", "accept"),
        ("受理订单", "accept"),
        ("订单已受理", "accept"),
        ("三、订单受理", "accept"),
        ("Acceptance of orders", "accept"),
        ("Customer's ready", ""),
    ],
)
def test_what_is_sure(label: str, activity: str) -> None:
    match = MATCHER.match(label)
    assert (match.activity if match else "") == activity
    assert match is None or (match.confidence >= ASK_BELOW and match.way)


@pytest.mark.parametrize(
    "label",
    [
        *("取消派单", "派单失败", "未派单", "订单受理退回", "重新派单", "派单复核", "受理超时提醒"),
        *("Dispatch order rejected", "Not accept order", "Test circuit review", "Order acceptance reminder"),
        *("订单受理-联调测试", "Accept order / Test circuit"),  # two steps in one label
        *("Not customer ready", "客户", "order", "CRM派单", "", " ", "12", "—"),
    ],
)
def test_what_means_another_thing_is_asked_for(label: str) -> None:
    assert MATCHER.match(label) is None


def test_a_word_that_turns_the_meaning_tells_two_activities_apart() -> None:
    found = {label: MATCHER.match(label) for label in ("客户没就绪", "Custmer not ready", "Custmer ready")}
    assert {label: match.activity if match else "" for label, match in found.items()} == {
        "客户没就绪": "",  # neither name has this word
        "Custmer not ready": "not_ready",
        "Custmer ready": "ready",
    }


def test_a_short_form_of_two_activities_is_asked_for() -> None:
    matcher = Matcher([("a", ("资源确认",)), ("b", ("资费确定", "资料确认"))])
    assert matcher.match("资确") is None
    assert matcher.match("资源确忍") is None  # one slip from 资源确认, two from 资料确认


PROCESS = (
    ("open_billing", ("起租计费", "Open billing", "计费开通")),
    ("issue_bill", ("出帐", "Issue bill")),
    ("accept", ("升速受理", "Accept order", "Order accepted")),
    ("station_a", ("A端施工", "Work at station A")),
    ("build", ("资源新建", "Build resources", "新建完成")),
    ("request", ("提交新建", "新建申请")),
    ("reason", ("离网原因登记", "Record reason")),
    ("judge", ("故障判断处理", "Judge fault")),
    ("clear", ("排障", "Clear fault", "Fault cleared")),
    ("test", ("升速测试", "Test circuit")),
    ("receive", ("到货", "Receive goods", "Goods received")),
    ("receipt", ("工单签收", "Work order received")),
    ("upgrade", ("系统升级", "Upgrade")),
    ("acceptance", ("客户验收", "Customer acceptance")),
    ("wait", ("等待客户", "Waiting for customer")),
    ("dispatch", ("派单", "Dispatch order")),
    ("dispatch_peer", ("对端派单", "Dispatch to peer")),
    ("approval", ("审批报告", "Approval report")),
    ("launch", ("投产", "Launch product")),
)
REVIEWED = Matcher(PROCESS, ("对端大客户部", "大客户部"))


@pytest.mark.parametrize(
    "label",
    [
        # the opposite, and another word of which a slip could make the name
        *(
            "停租计费",
            "计费停通",
            "降速受理",
            "降速测试",
            "系统降级",
            "工单签发",
            "Fault created",
            "Goods reserved",
        ),
        *("Accept offer", "Circuit tasted", "Lunch product", "Defect created"),
        # again, undone
        *(
            "Retest circuit",
            "Reissue bill",
            "Reopen billing",
            "Rebuild resources",
            "Re-issue bill",
            "Bill unissued",
        ),
        # less than a name
        *("Station", "Work at station", "新建", "离网登记", "離網登記", "故障处理", "Work station A"),
        # another order, or another word in another form
        *("Open bill", "Bill opened", "Accept customer", "Order customer acceptance", "报告审批", "验收客户"),
        # a state that is over; a unit that says more
        *("等待客户结束", "等待客户完成", "Waiting for customer - done", "对端大客户部-派单"),
        # a sign that says something
        *("派单（×）", "派单（二次）", "派单？升速受理", "Rec. goods", "Clea fault"),
    ],
)
def test_another_word_or_less_or_more_than_a_name_is_asked_for(label: str) -> None:
    assert REVIEWED.match(label) is None


@pytest.mark.parametrize(
    ("label", "activity"),
    [
        *(
            ("大客户部-派单", "dispatch"),
            ("工单已签收", "receipt"),
            ("等待客户环节", "wait"),
            ("已等待客户", "wait"),
        ),
        *(
            ("Goods recieved", "receive"),
            ("Fault cleard", "clear"),
            ("Rcv goods", "receive"),
            ("Billing opened", "open_billing"),
        ),
        *(("Customer accepted", "acceptance"), ("Upgraded", "upgrade"), ("Testing of circuit", "test")),
    ],
)
def test_what_stays_sure_beside_them(label: str, activity: str) -> None:
    match = REVIEWED.match(label)
    assert (match.activity if match else "") == activity


@given(st.sampled_from([name for _, names in PROCESS for name in names if name.isascii()]), st.data())
def test_no_prefix_is_a_slip(name: str, data: st.DataObject) -> None:
    words = name.split()
    place = data.draw(st.integers(0, len(words) - 1))
    prefix = data.draw(st.sampled_from(["re", "un", "dis", "de", "pre", "mis", "non", "over"]))
    assert (
        REVIEWED.match(" ".join([*words[:place], prefix + words[place].lower(), *words[place + 1 :]])) is None
    )


@given(st.sampled_from([name for _, names in PROCESS for name in names if not name.isascii()]), st.data())
def test_no_other_character_is_a_slip(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    other = data.draw(st.sampled_from("停降退撤未关止拆复改补催断减卸"))
    label = name[:place] + other + name[place + 1 :]
    assert label == name or REVIEWED.match(label) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_label_is_too_odd(label: str) -> None:
    match = MATCHER.match(label)
    assert match is None or match.activity in dict(ACTIVITIES)


def test_the_proposed_mapping_says_what_it_took_for_what(tmp_path: Path) -> None:
    rows = [
        f"GD{case:03},{label},2026-03-02 0{hour}:00:00"
        for case in range(10)
        for hour, label in enumerate(("01-订单受理", "资源确认", "取消派单"), 1)
    ]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(["工单号,环节,完成时间", *rows]) + "\n", encoding="utf-8")
    proposal = propose(path, Vocabulary(ACTIVITIES))
    assert proposal.mapping is not None
    assert proposal.mapping.activities == {"01-订单受理": "accept"}
    assert [reason for reason in proposal.reasons if reason.startswith("activities: ")] == [
        "activities: 01-订单受理 → accept (the same but for decoration, confidence 0.96; 10 rows)"
    ]
    assert [(each.label, each.candidates[0][0]) for each in proposal.unmapped] == [("取消派单", "dispatch")]
    with read(path, vocabulary=Vocabulary(ACTIVITIES)) as log:
        assert any(
            reason.startswith("activities: 01-订单受理 → ") for reason in log.provenance.mapping_reasons
        )
