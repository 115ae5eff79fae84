# SPDX-License-Identifier: GPL-2.0-or-later
"""Who answers for a case, rulings and their evidence, remediation and its funds."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.profile import Department, ResponsibilityRule
from digital_citymgmt_plugin.core.requests import LinkCases, UndoOperation
from digital_citymgmt_plugin.core.requests_duty import (
    ExplainDuty,
    ListRemediation,
    ListRulings,
    RecordRuling,
    Remediate,
    SaveFund,
)
from digital_citymgmt_plugin.services import rulings
from digital_citymgmt_plugin.services.duty import explain_duty
from digital_citymgmt_plugin.services.evidence_copies import settle_evidence
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.linking import link_cases
from digital_citymgmt_plugin.services.remediation import list_remediation, remediate, save_fund
from digital_citymgmt_plugin.services.rulings import list_rulings, record_ruling
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage import evidence
from tests.support import Watcher, make_context, new_store

LID = "0101"
WEST, EAST = "320681001", "320681002"
COMPONENTS = {
    "owned": ("owner", "D01", "D05", (10, 10)), "managed": ("manager", None, "D05", (30, 10)),
    "bare": ("none", None, None, (50, 10)), "edge": ("edge", None, "D05", (95, 50)),
}  # fmt: skip


@pytest.fixture
def store(tmp_path):
    """Two streets of one community and one grid each, side by side; lids with and without departments."""
    opened = new_store(tmp_path / "c.gpkg")
    boxes = [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)]
    areas = [("street", WEST, "汇龙镇", "320681", boxes[0]), ("street", EAST, "江海街道", "320681", boxes[1])]
    areas += [("community", f"{code}001", f"{name}社区", code, box) for _, code, name, _, box in areas[:2]]
    with opened.action("set up") as action:
        names = ("level", "code", "name", "parent_code")
        columns = {name: objects(area[at] for area in areas) for at, name in enumerate(names)}
        action.insert("admin_area", {**columns, GEOM: shapely.multipolygons([[area[4]] for area in areas])})
        grids = {"code": objects([f"{WEST}00101", f"{EAST}00101"])}
        grids["community_code"] = objects([f"{WEST}001", f"{EAST}001"])
        action.insert("unit_grid", {**grids, GEOM: shapely.multipolygons([[box] for box in boxes])})
        action.insert(
            "component_point",
            {
                "uuid": objects(COMPONENTS), "code": objects(f"K-{uuid}" for uuid in COMPONENTS),
                "class_code": objects([LID] * 4), "state": objects(["完好"] * 4),
                "owner_dept": objects(one[1] for one in COMPONENTS.values()),
                "manager_dept": objects(one[2] for one in COMPONENTS.values()),
                GEOM: shapely.points([one[3] for one in COMPONENTS.values()]),
            },
        )  # fmt: skip
        profile = opened.profile()
        departments = (*profile.departments, Department("D91", "江海街道办事处"))
        rules = (
            ResponsibilityRule(0, "event", "0110", WEST, "D02", "纪要"),
            ResponsibilityRule(0, "event", "0109", "", "D03"),
        )
        opened.save_profile(action, replace(profile, departments=departments, responsibility=rules))
    yield opened
    opened.close()


def add(store, xy=(50, 50), uuid=None, code="0110", kind="event", **more):
    street = None if xy is None else WEST if xy[0] < 100 else EAST
    values = {
        "kind": kind, "class_code": code, "component_uuid": uuid, "case_no": f"C{store.count('case_record')}",
        "stage": "dispatch", "street_code": street, "community_code": street and f"{street}001",
        "grid_code": street and f"{street}00101", GEOM: None if xy is None else shapely.Point(xy), **more,
    }  # fmt: skip
    with store.action("set up") as action:
        return int(action.insert("case_record", {name: objects([value]) for name, value in values.items()})[0])


def lid(store, uuid, xy=None):
    return add(store, xy or COMPONENTS[uuid][3], uuid, LID, "component")


def explain(store, *fids):
    return explain_duty(make_context(store), ExplainDuty(list(fids)))["duties"]


def ask(store, **values):
    return remediate(make_context(store), Remediate("ask", **{"note": "井盖无主", **values}))


def fund(store, amount=1000.0, **more):
    return save_fund(make_context(store), SaveFund("代整治资金", amount, 2026, **more))["fund"]


def codes(duty):
    return [warning["code"] for warning in duty["warnings"]]


def test_the_rule_that_fired_and_the_next_best_are_told(store):
    cases = [lid(store, "owned"), lid(store, "managed"), add(store), add(store, code="0101"), add(store, (150, 50))]
    owned, managed, ruled, nobody, local = explain(store, *cases)
    assert (owned["department"], owned["fired"], owned["next"]["department"]) == ("D01", "owner", "D05")
    assert (managed["department"], managed["fired"], managed["next"]) == ("D05", "manager", None)
    assert (ruled["department"], ruled["fired"], ruled["why"]["reason"]) == ("D02", "rule", "纪要")
    assert (nobody["department"], nobody["fired"]) == (None, "")
    assert (local["department"], local["fired"], local["dept_name"]) == ("D91", "area", "江海街道办事处")


def test_a_case_near_a_border_is_warned_of_with_who_answers_over_there(store):
    far, near, linked = explain(store, add(store), add(store, (92, 50)), lid(store, "edge"))
    assert codes(far) == []
    assert [one["level"] for one in near["warnings"]] == ["warning", "warning"]
    assert codes(near) == ["duty.near_street", "duty.near_department"]
    assert near["warnings"][0]["values"] == {"metres": 8.0, "code": EAST, "name": "江海街道"}
    assert near["warnings"][1]["values"]["name"] == "江海街道办事处"
    assert codes(linked) == ["duty.near_street"]  # the component's department answers on either side


def test_things_without_owner_place_or_component_are_warned_of(store):
    bare, lost, alone = explain(
        store, lid(store, "bare"), add(store, None), add(store, (60, 60), None, LID, "component")
    )
    assert codes(bare) == ["duty.unowned_component"]
    assert codes(lost) == ["duty.no_place"]
    assert codes(alone) == ["duty.no_component"]


def test_a_ruling_with_evidence_decides_the_next_case_of_the_component_and_can_be_taken_back(store, tmp_path):
    first, second, near = lid(store, "bare"), lid(store, "bare", (51, 10)), lid(store, "managed")
    photo = tmp_path / "现场 \u202egpj.照片.jpg"
    photo.write_bytes(b"jpeg")
    request = RecordRuling(
        "owner", first, department_code="D07", decision="会议纪要3号", evidence=[str(photo)], ruled_by="王"
    )
    done = record_ruling(make_context(store), request)
    assert explain(store, second)[0]["fired"] == "precedent" and explain(store, second)[0]["department"] == "D07"
    told = explain(store, near)[0]  # another lid 20 m on: the ruling is shown, and warned of
    assert told["fired"] == "manager" and codes(told) == ["duty.precedent_differs"]
    assert [one["distance"] for one in told["precedents"]] == [20.0]
    listed = list_rulings(make_context(store), ListRulings(case=near))["rulings"]
    assert [one["uuid"] for one in listed] == [done["ruling"]]
    evidence = listed[0]["evidence"][0]
    assert evidence["name"] == "现场 gpj.照片.jpg" and evidence["bytes"] == 4 and len(evidence["sha256"]) == 64
    events = store.read("case_event", ["action", "reason", "source", "dept_code"], [("case_fid", "=", first)])
    assert [column[0] for column in events.values()] == ["amend", "会议纪要3号", "ruling", "D07"]
    undo_operation(make_context(store), UndoOperation(done["operation"]))
    assert explain(store, second)[0]["department"] is None and not store.count("ruling") + store.count("case_event")


def test_nobody_s_and_disputed_are_rulings_too_and_the_newest_counts(store):
    case = lid(store, "managed")
    context = make_context(store)
    record_ruling(context, RecordRuling("unowned", case, ruled_on="2025-01-01"))
    told = explain(store, case)[0]
    assert (told["department"], told["fired"], told["next"]["department"]) == (None, "precedent", "D05")
    assert codes(told) == ["duty.unowned_ruled"]
    assert store.read("case_record", ["unowned"], [("fid", "=", case)])["unowned"][0] == 1
    record_ruling(context, RecordRuling("disputed", case, ruled_on="2025-06-01"))
    told = explain(store, case)[0]
    assert (told["department"], codes(told)) == ("D05", ["duty.disputed"])
    record_ruling(context, RecordRuling("owner", case, department_code="D01", ruled_on="2025-07-01"))
    record_ruling(context, RecordRuling("owner", case, department_code="D02", ruled_on="2025-08-01"))
    told = explain(store, case)[0]
    assert (told["department"], codes(told)) == ("D02", ["duty.ruled_differently"])
    assert store.read("case_record", ["unowned"], [("fid", "=", case)])["unowned"][0] == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "maybe"}, "ruling.kind"),
        ({"kind": "owner"}, "ruling.department"),
        ({"kind": "owner", "department_code": "'; DROP TABLE ruling; --"}, "ruling.department"),
        ({"kind": "unowned", "department_code": "D01"}, "ruling.department"),
        ({"kind": "unowned", "ruled_on": "31.12.2025"}, "ruling.day"),
        ({"kind": "unowned", "ruled_on": "2099-01-01"}, "ruling.day"),
        ({"kind": "unowned", "case": 0}, "ruling.nothing"),
        ({"kind": "unowned", "case": 99}, "dispatch.no_case"),
        ({"kind": "unowned", "component": "none such"}, "ruling.no_component"),
        ({"kind": "unowned", "decision": "x" * 5_000}, "ruling.long"),
        ({"kind": "unowned", "evidence": ["x"] * 51}, "ruling.many_files"),
        ({"kind": "unowned", "evidence": ["https://example.org/a.jpg"]}, "evidence.path"),
        ({"kind": "unowned", "evidence": ["/vsicurl/http://x/a.jpg"]}, "evidence.path"),
        ({"kind": "unowned", "evidence": ["\\\\server\\share\\a.jpg"]}, "evidence.path"),
        ({"kind": "unowned", "evidence": ["a\nb"]}, "evidence.path"),
        ({"kind": "unowned", "evidence": ["/dev/zero"]}, "evidence.file"),
        ({"kind": "unowned", "evidence": ["../../etc/passwd"]}, "evidence.file"),
        ({"kind": "unowned", "evidence": ["/"]}, "evidence.file"),
    ],
)
def test_rulings_that_say_nothing_or_reach_out_are_refused_and_nothing_is_written(store, change, code):
    case = add(store)
    with pytest.raises(InputRefused) as caught:
        record_ruling(make_context(store), RecordRuling(**{"case": case, **change}))
    assert caught.value.code == code and not store.count("ruling") + store.count("case_event")


def tell(store, case, *events):
    """Put events into the log of a case: action, moment, department, reason."""
    with store.action("set up") as action:
        for name, at, department, reason in events:
            before = "disposal" if name == "return" else None
            values = {"case_fid": case, "action": name, "at": at, "dept_code": department, "reason": reason}
            values.update(source="log", from_stage=before)
            action.insert("case_event", {key: objects([value]) for key, value in values.items()})
        returns, appeals = (sum(one[0] == name for one in events) for name in ("return", "appeal"))
        columns = {"returns": objects([returns]), "appealed": objects([int(appeals > 0)])}
        action.update("case_record", np.array([case]), columns)


def test_a_dispute_that_logs_tell_is_warned_of_with_its_evidence(store):
    first, second, other = lid(store, "managed"), lid(store, "managed"), lid(store, "owned")
    tell(store, first, ("dispatch", "2025-03-01T01:00:00.000Z", "D05", None),
         ("return", "2025-03-02T01:00:00.000Z", None, "非我局管理"))  # fmt: skip
    assert codes(explain(store, second)[0]) == []  # one department alone
    tell(store, second, ("dispatch", "2025-03-03T01:00:00.000Z", "D07", None),
         ("return", "2025-03-04T01:00:00.000Z", "D07", "权属不清"),
         ("return", "2025-03-05T01:00:00.000Z", "D07", ""))  # fmt: skip
    told, same, elsewhere = explain(store, first, second, other)
    assert codes(told) == codes(same) == ["duty.returned_by_several"] and codes(elsewhere) == []
    values = told["warnings"][0]["values"]
    assert values["cases"] == "C0, C1" and values["reason"] == "权属不清" and values["count"] == 2
    names = store.profile().department_by_code()
    assert values["departments"] == f"{names['D05'].name}, {names['D07'].name}"
    record_ruling(make_context(store), RecordRuling("owner", first, department_code="D05", ruled_on="2025-04-01"))
    assert "duty.returned_by_several" not in codes(explain(store, first)[0])  # settled
    tell(store, second, ("appeal", "2025-05-01T01:00:00.000Z", "D05", "井盖产权归供电公司"))
    told = explain(store, first)[0]["warnings"][0]
    assert (told["code"], told["values"]["case_no"], told["values"]["reason"]) == (
        "duty.appealed", "C1", "井盖产权归供电公司"
    )  # fmt: skip
    tell(store, second, ("appeal", "2025-05-02T01:00:00.000Z", "D05", "期限太短"),
         ("refuse_appeal", "2025-05-03T01:00:00.000Z", None, "责任明确"))  # fmt: skip
    assert "duty.appealed" not in codes(explain(store, first)[0])


def test_without_a_component_like_cases_at_the_place_tell_of_a_dispute(store):
    here, near, far, unlike = add(store), add(store, (55, 50)), add(store, (75, 50)), add(store, (51, 50), code="0111")
    for case, department in ((near, "D05"), (far, "D07"), (unlike, "D07")):
        tell(store, case, ("return", "2025-03-04T01:00:00.000Z", department, "不属本单位"))
    assert codes(explain(store, here)[0]) == []
    tell(store, here, ("return", "2025-03-05T01:00:00.000Z", "D03", "职责不清"))
    assert codes(explain(store, here)[0]) == ["duty.returned_by_several"]


def evidence_of(store):
    return list_rulings(make_context(store), ListRulings())["rulings"][0]["evidence"]


def kept(store):
    folder = Path(store.path).with_name(f"{Path(store.path).stem}_evidence")
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_copies_of_evidence_are_kept_opened_again_and_go_with_the_ruling(store, tmp_path):
    hostile = (
        "..\\..\\evil.txt",
        "-rf.pdf",
        "CON.pdf",
        "会 议\u202excod.exe",
        ".ssh",
        "a;b$(x)`y`.jpg",
        "无尾",
        "x" * 200,
    )
    paths = []
    for number, name in enumerate(hostile):
        (tmp_path / "in").mkdir(exist_ok=True)
        path = tmp_path / "in" / name
        path.write_bytes(b"%d" % number)
        paths.append(str(path))
    (tmp_path / "in" / "again.pdf").write_bytes(b"1")
    done = record_ruling(
        make_context(store), RecordRuling("unowned", add(store), evidence=[*paths, str(tmp_path / "in" / "again.pdf")])
    )
    for path in paths:
        Path(path).unlink()
    told = evidence_of(store)
    assert [Path(one["path"]).read_bytes() for one in told] == [b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"1"]
    names = kept(store)
    assert len(names) == 8 and all(re.fullmatch(r"[0-9a-f]{64}(\.(txt|pdf|jpg|ssh))?", name) for name in names)
    Path(told[0]["path"]).write_bytes(b"another")  # no longer what was kept
    assert evidence_of(store)[0]["path"] is None and evidence_of(store)[1]["path"]
    taken = undo_operation(make_context(store), UndoOperation(done["operation"]))
    assert len(kept(store)) == 8 and all(name.startswith("taken_back/") for name in kept(store))
    undo_operation(make_context(store), UndoOperation(taken["operation"]))
    assert evidence_of(store)[1]["path"] and not any(name.startswith("taken_back/") for name in kept(store))


def test_a_ruling_that_fails_keeps_no_copy_and_what_is_too_large_is_told(store, tmp_path, monkeypatch):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"12345")
    with pytest.raises(Cancelled):
        record_ruling(
            make_context(store, Watcher(cancel_at=4)), RecordRuling("unowned", add(store), evidence=[str(path)])
        )
    assert kept(store) == [] and not Path(store.path).with_name(f"{Path(store.path).stem}_evidence").exists()
    monkeypatch.setattr(evidence, "_MOST_BYTES", 4)
    with pytest.raises(InputRefused, match=r"evidence\.large"):
        record_ruling(make_context(store), RecordRuling("unowned", add(store), evidence=[str(path)]))
    monkeypatch.undo()
    monkeypatch.setattr(rulings, "_MOST_BYTES", 4)
    with pytest.raises(InputRefused, match=r"evidence\.large_all"):
        record_ruling(make_context(store), RecordRuling("unowned", add(store), evidence=[str(path)]))


def test_what_a_killed_run_left_is_cleared_away_when_the_store_is_opened(store, tmp_path):
    folder = Path(store.path).with_name(f"{Path(store.path).stem}_evidence")
    (folder / ".dcm_evidence_x").mkdir(parents=True)
    (folder / ".dcm_evidence_x" / "half").write_bytes(b"h")
    (folder / ("a" * 64)).write_bytes(b"moved, and its ruling never came to be")
    (folder / "笔记.txt").write_text("somebody's own", encoding="utf-8")
    settle_evidence(make_context(store))
    assert kept(store) == sorted([f"taken_back/{'a' * 64}", "笔记.txt"])


def test_the_store_itself_and_a_pipe_are_no_evidence(store, tmp_path):
    case = add(store)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, code in ((store.path, "input.is_store"), (str(pipe), "evidence.file")):
        with pytest.raises(InputRefused) as caught:
            record_ruling(make_context(store), RecordRuling("unowned", case, evidence=[path]))
        assert caught.value.code == code


def test_a_remediation_is_asked_approved_and_done_and_the_fund_says_what_is_left(store):
    case, money = add(store), fund(store)
    asked = ask(store, case=case, fund=money, estimate=400.0, department_code="D02")
    assert (asked["fund"]["asked"], asked["fund"]["left"]) == (400.0, 1000.0)
    one = asked["remediation"]
    approved = remediate(make_context(store), Remediate("approve", uuid=one))
    assert (approved["fund"]["reserved"], approved["fund"]["left"]) == (400.0, 600.0)
    done = remediate(make_context(store), Remediate("finish", uuid=one, cost=350.5, note="已换盖"))
    assert (done["fund"]["spent"], done["fund"]["left"]) == (350.5, 649.5)
    listed = list_remediation(make_context(store), ListRemediation(states=["done"]))
    row = listed["rows"][0]
    assert (row["case_fid"], row["cost"], row["note"], row["fund_name"]) == (
        case,
        350.5,
        "井盖无主\n已换盖",
        "代整治资金",
    )
    assert listed["counts"]["done"] == 1 and listed["funds"][0]["left"] == 649.5
    events = store.read("case_event", ["action", "to_stage", "source", "payload"], [("case_fid", "=", case)])
    assert [events[name][0] for name in ("action", "to_stage", "source")] == ["remediate", "dispatch", "move"]
    assert json.loads(events["payload"][0]) == {"estimate": 400.0}
    assert store.read("case_record", ["remediated"], [("fid", "=", case)])["remediated"][0] == 1
    undo_operation(make_context(store), UndoOperation(done["operation"]))
    assert list_remediation(make_context(store), ListRemediation())["funds"][0]["left"] == 600.0


def test_a_fund_goes_below_zero_only_by_somebody_s_name(store):
    money = fund(store)
    one = ask(store, case=add(store), fund=money, estimate=700.0)["remediation"]
    two = ask(store, case=add(store), fund=money, estimate=700.0)["remediation"]
    remediate(make_context(store), Remediate("approve", uuid=one))
    for more in ({}, {"overdraw": True}, {"approved_by": "李"}):
        with pytest.raises(InputRefused) as caught:
            remediate(make_context(store), Remediate("approve", uuid=two, **more))
        assert caught.value.code == "fund.short" and caught.value.values["left"] == 300.0
    assert list_remediation(make_context(store), ListRemediation())["funds"][0]["left"] == 300.0
    over = remediate(make_context(store), Remediate("approve", uuid=two, overdraw=True, approved_by="李"))
    assert over["fund"]["left"] == -400.0
    row = list_remediation(make_context(store), ListRemediation())["rows"][0]
    assert "李" in row["note"] and "400" in row["note"]
    with pytest.raises(InputRefused):  # it costs more than was reserved, and nothing is left
        remediate(make_context(store), Remediate("finish", uuid=one, cost=700.01))
    refused = remediate(make_context(store), Remediate("refuse", uuid=two, note="撤"))
    assert refused["fund"]["left"] == 300.0


def test_what_is_noted_of_an_overdraft_is_in_the_user_s_words_and_whole(store):
    money = fund(store, 1.0)
    long = "李" * 1_000
    one = ask(store, case=add(store), fund=money, estimate=123_456_789.25, note="甲" * 1_000)["remediation"]
    words = {"remediation.overdrawn": "Overdraft {amount}, approved by {name}"}
    speaking = replace(make_context(store), sentences=words)
    step = Remediate("approve", uuid=one, overdraw=True, approved_by=long, note="乙" * 1_000)
    remediate(speaking, step)
    step = Remediate("finish", uuid=one, cost=123_456_790.0, overdraw=True, approved_by=long, note="丙" * 1_000)
    remediate(speaking, step)
    note = list_remediation(make_context(store), ListRemediation())["rows"][0]["note"]
    assert note.split("\n") == [
        "甲" * 1_000, "乙" * 1_000, f"Overdraft 123456788.25, approved by {long}",
        "丙" * 1_000, f"Overdraft 123456789, approved by {long}",
    ]  # fmt: skip


def test_a_fund_does_not_become_what_another_one_is(store):
    first, second = fund(store), fund(store, 2_000.0)
    with pytest.raises(InputRefused, match=r"fund\.same"):
        fund(store, uuid=second)
    assert fund(store, 2_000.0, uuid=second) == second and fund(store) == first
    rows = list_remediation(make_context(store), ListRemediation())["funds"]
    assert [row["amount"] for row in rows] == [1_000.0, 2_000.0]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"step": "pay"}, "remediation.step"),
        ({"step": "approve", "uuid": "none"}, "remediation.unknown"),
        ({"step": "ask", "case": 99}, "dispatch.no_case"),
        ({"step": "ask", "note": ""}, "remediation.note"),
        ({"step": "ask", "estimate": -1.0}, "remediation.amount"),
        ({"step": "ask", "estimate": math.nan}, "remediation.amount"),
        ({"step": "ask", "estimate": math.inf}, "remediation.amount"),
        ({"step": "ask", "estimate": 1.0, "fund": "none"}, "fund.unknown"),
        ({"step": "ask", "estimate": 1.0, "department_code": "X"}, "ruling.department"),
    ],
)
def test_steps_that_cannot_be_taken_are_refused(store, values, code):
    case = add(store)
    with pytest.raises(InputRefused) as caught:
        remediate(make_context(store), Remediate(**{"case": case, "note": "x", **values}))
    assert caught.value.code == code and not store.count("remediation")


def test_one_remediation_at_a_time_and_only_in_its_stages(store):
    case, closed = add(store), add(store, stage="closed")
    one = ask(store, case=case, estimate=1.0)["remediation"]
    for values, code in (
        ({"step": "ask", "case": case, "estimate": 2.0}, "remediation.open"),
        ({"step": "ask", "case": closed, "estimate": 1.0}, "remediation.stage"),
        ({"step": "finish", "uuid": one, "cost": 1.0}, "remediation.state"),
        ({"step": "approve", "uuid": one}, "remediation.no_fund"),
        ({"step": "refuse", "uuid": one, "note": ""}, "remediation.note"),
    ):
        with pytest.raises(InputRefused) as caught:
            remediate(make_context(store), Remediate(**{"note": "x", **values}))
        assert caught.value.code == code


def test_what_is_said_twice_is_written_once(store):
    case, context = add(store), make_context(store)
    rulings = [record_ruling(context, RecordRuling("unowned", case, decision="无标识")) for _ in range(2)]
    assert rulings[0]["ruling"] == rulings[1]["ruling"] and rulings[1]["operation"] is None
    assert fund(store) == fund(store) and store.count("fund") == 1
    asked = [ask(store, case=case, estimate=1.0) for _ in range(2)]
    assert asked[0]["remediation"] == asked[1]["remediation"] and asked[1]["operation"] is None
    assert (store.count("ruling"), store.count("remediation"), store.count("case_event")) == (1, 1, 2)


def test_a_fund_cannot_become_smaller_than_what_is_bound(store):
    money = fund(store)
    one = ask(store, case=add(store), fund=money, estimate=400.0)["remediation"]
    remediate(make_context(store), Remediate("approve", uuid=one))
    with pytest.raises(InputRefused) as caught:
        fund(store, 399.0, uuid=money)
    assert caught.value.code == "fund.amount"
    assert fund(store, 400.0, uuid=money) == money
    assert list_remediation(make_context(store), ListRemediation())["funds"][0]["left"] == 0.0


def test_linking_gives_departments_by_the_same_chain_and_marks_open_cases_of_nobody(store):
    fids = [
        add(store, COMPONENTS["owned"][3], None, LID, "component"), add(store), add(store, (150, 50)),
        add(store, code="0101"), add(store, code="0101", stage="closed"), add(store, dept_name="某公司"),
    ]  # fmt: skip
    link_cases(make_context(store), LinkCases(None))
    rows = store.read("case_record", ["dept_code", "unowned"], order=["fid"])
    assert rows["dept_code"].tolist() == ["D01", "D02", "D91", None, None, None]
    assert np.flatnonzero(rows["unowned"].astype(int)).tolist() == [3]
    assert [one["department"] for one in explain(store, *fids[:4])] == ["D01", "D02", "D91", None]
    record_ruling(make_context(store), RecordRuling("owner", fids[0], department_code="D07"))
    again = add(store, (10, 12), None, LID, "component")
    link_cases(make_context(store), LinkCases(None))
    assert store.read("case_record", ["dept_code"], [("fid", "=", again)])["dept_code"][0] == "D07"
