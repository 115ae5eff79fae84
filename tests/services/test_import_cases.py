# SPDX-License-Identifier: GPL-2.0-or-later
"""Case tables in: what is taken, what is rejected, and that nothing happens twice."""

from __future__ import annotations

import csv
import json
from collections import Counter

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import ImportAreas, ImportCases, Layer, UndoOperation
from digital_citymgmt_plugin.services.areas import import_areas
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.dispatch.page import events_of
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.moving import move
from tests.support import Watcher, make_context, new_store

HEAD = (
    "案件编号,问题类型,小类代码,小类名称,X坐标,Y坐标,所在社区,部门编码,"
    "上报时间,立案时间,派遣时间,处置时间,结案时间,截止时间,挂账\n"
)
CENTRE = (372_000.0, 3_521_000.0)
ROWS = (
    "E1,事件,0405,店外经营,372001,3521002,富源社区,D04,2014-08-01 09:06,2014-08-01 09:39,,,,,否\n",
    "C2,部件,0101,上水井盖,,,城河居委会,D05,2014/8/1 10:00,2014/8/1 11:00,2014/8/1 12:00,"
    "2014/8/1 18:00,2014/8/2 9:00,2014/8/1 17:00,否\n",
    "E3,事件,,无此类别,0,0,无名社区,,2014-08-02,,,,,,是\n",
)


@pytest.fixture
def store(tmp_path):
    opened = new_store(tmp_path / "城.gpkg")
    areas = tmp_path / "社区.csv"
    areas.write_text("code,name\n320681400001,富源社区居委会\n320681400002,城河社区居委会\n", encoding="utf-8")
    import_areas(make_context(opened), ImportAreas(Layer(str(areas)), "community", "code", "name"))
    yield opened
    opened.close()


@pytest.fixture
def run(store, tmp_path):
    def call(
        rows=ROWS, head=HEAD, mapping=None, name="案件.csv", crs="EPSG:4550", events=None, watcher=None, rejects=None
    ):
        path = tmp_path / name
        path.write_text(head + "".join(rows), encoding="utf-8")
        log = None
        if events is not None:
            log = tmp_path / "流转.csv"
            log.write_text(events, encoding="utf-8")
        text = mapping if mapping is None else json.dumps(mapping, ensure_ascii=False)
        request = ImportCases(Layer(str(path), crs=crs), text, rejects and str(rejects), log and Layer(str(log)))
        return import_cases(make_context(store, watcher), request)

    return call


def case(store, number, *columns):
    rows = store.read("case_record", columns, [("case_no", "=", number)])
    assert len(rows[columns[0]]) == 1
    values = tuple(rows[column][0] for column in columns)
    return values if len(values) > 1 else values[0]


def issues(store):
    return Counter(store.read("check_issue", ["rule"], [("state", "=", "open")])["rule"].tolist())


def test_a_row_becomes_a_case_with_class_place_stage_and_utc_times(store, run):
    counts = run()["counts"]
    assert (counts["read"], counts["accepted"], counts["rejected"], counts["inserted"]) == (3, 3, 0, 3)
    assert case(store, "E1", "kind", "class_code", "stage", "reported_at") == (
        "event", "0405", "dispatch", "2014-08-01T01:06:00.000Z",
    )  # fmt: skip
    assert shapely.equals(case(store, "E1", GEOM), shapely.Point(372_001, 3_521_002))
    assert case(store, "C2", "kind", "class_code", "stage", "on_time", "on_time_basis") == (
        "component", "0101", "closed", 0, "clock",
    )  # fmt: skip
    assert case(store, "C2", GEOM, "community_code", "place_method") == (None, "320681400002", "community_name")


def test_a_class_that_the_profile_lacks_is_kept_as_text_or_rejected_on_request(store, run):
    run()
    assert case(store, "E3", "class_code", "class_name") == (None, "无此类别")
    fields = {"case_no": "案件编号", "class_name": "小类名称"}
    result = run(["E9,,,无此类别,,,,,,,,,,,\n"], mapping={"fields": fields, "class": "required"})
    assert result["reasons"] == {"reject.class_unknown": 1}


def test_what_cannot_be_placed_is_kept_and_listed(store, run):
    run()
    assert case(store, "E3", GEOM, "community_code", "place_method") == (None, None, None)
    assert issues(store) == {"community_unknown": 1, "case_coordinates": 1}


def test_a_second_import_changes_nothing_and_leaves_no_operation(store, run):
    run()
    before = {table: store.count(table) for table in ("case_record", "case_event", "check_issue", "operation")}
    result = run()
    assert result["operation"] is None and result["tables"] == []
    assert result["counts"]["unchanged"] == 3
    assert before == {table: store.count(table) for table in before}


def test_a_changed_row_updates_its_case_and_says_what_changed(store, run):
    run()
    uuid = case(store, "E3", "uuid")
    changed = ROWS[2].replace("无名社区", "富源社区").replace(",0,0,", ",372000,3521000,")
    counts = run([ROWS[0], changed])["counts"]
    assert (counts["updated"], counts["unchanged"], counts["inserted"]) == (1, 1, 0)
    assert case(store, "E3", "uuid", "community_code") == (uuid, "320681400001")
    assert issues(store) == {}
    reason = store.read("case_event", ["reason"], [("action", "=", "amend")])["reason"]
    assert json.loads(reason[0])["community_code"] == [None, "320681400001"]


def test_a_changed_row_without_a_department_leaves_the_one_that_linking_gave(store, run):
    run()
    with store.action("link") as action:
        fids = store.read("case_record", ["fid"], [("case_no", "=", "E3")])["fid"]
        action.update("case_record", fids, {"dept_code": objects(["D05"])})
    run([ROWS[2].replace("2014-08-02", "2014-08-03")])
    assert case(store, "E3", "dept_code", "reported_at") == ("D05", "2014-08-02T16:00:00.000Z")
    reason = store.read("case_event", ["reason"], [("action", "=", "amend")])["reason"]
    assert set(json.loads(reason[0])) == {"reported_at"}
    run([ROWS[2].replace("2014-08-02", "2014-08-03").replace("无名社区,,", "无名社区,D90,")])
    assert case(store, "E3", "dept_code") == "D90"


def test_known_times_become_events_in_the_order_of_a_cases_life(store, run):
    run()
    fid = case(store, "C2", "fid")
    events = store.read("case_event", ["action", "from_stage", "to_stage", "source"], [("case_fid", "=", fid)], ["fid"])
    assert events["action"].tolist() == ["report", "file", "dispatch", "dispose", "close"]
    assert events["to_stage"].tolist() == ["collection", "dispatch", "disposal", "feedback", "closed"]
    assert set(events["source"]) == {"import"}


LOG = (
    "案件编号,操作类型,原阶段,新阶段,操作时间,操作人,部门编码,原因\n"
    "E1,上报,,信息收集,2014-08-01 09:06,监督员07,D90,\nE1,不予立案,案件建立,作废,2014-08-01 10:00,值班长,D90,重复\n"
    "X9,上报,,信息收集,2014-08-01 09:06,,,\nE1,跳舞,,,2014-08-01 10:00,,,\nE1,受理,,,昨天,,,\n"
)


def test_a_log_takes_the_place_of_derived_events_and_comes_in_once(store, run):
    counts = run(events=LOG)["counts"]
    assert (counts["events_read"], counts["events_rejected"], counts["events_added"]) == (5, 3, 2)
    events = store.read("case_event", ["action", "to_stage", "source"], [("case_fid", "=", case(store, "E1", "fid"))])
    # What the row states and the log does not tell stands in the last one.
    assert events["action"].tolist() == ["report", "void", "state"]
    assert events["to_stage"].tolist() == ["collection", "void", "dispatch"]
    assert events["source"].tolist() == ["log", "log", "import"]
    total = store.count("case_event")
    again = run(events=LOG)
    assert again["operation"] is None and again["counts"]["events_unchanged"] == 2
    assert store.count("case_event") == total


def test_a_longer_log_moves_the_cases_whose_rows_did_not_change(store, run):
    head, rows = (
        "案件编号,问题类型,小类代码,上报时间\n",
        ("A,部件,0101,2014-08-01 09:00\n", "B,部件,0101,2014-08-01 09:00\n"),
    )
    log = LOG.split("\n")[0] + "\n"
    lines = [f"{name},上报,,信息收集,2014-08-01 09:00,,,\n" for name in "AB"]
    run(rows, head, events=log + "".join(lines))
    assert case(store, "A", "stage", "closed_at") == ("collection", None)
    more = [f"{name},结案,,结案,2014-08-03 10:00,,,\n" for name in "AB"]
    counts = run(rows, head, events=log + lines[0] + more[0])["counts"]
    assert (counts["unchanged"], counts["events_added"]) == (2, 1)
    assert case(store, "A", "stage", "closed_at") == ("closed", "2014-08-03T02:00:00.000Z")
    run(rows[:1], head, events=log + more[1])  # a case of which only the log speaks
    assert case(store, "B", "stage", "closed_at") == ("closed", "2014-08-03T02:00:00.000Z")
    assert store.verify() == []
    assert run(rows, head, events=log + "".join(lines + more))["operation"] is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",事件,,,,,,,,,,,,,\n", "reject.missing"),
        ("A,部品,,,,,,,,,,,,,\n", "reject.value_unknown"),
        ("A,,,,,,,,2014-02-30,,,,,,\n", "reject.time"),
        ("A,,,,,,,,,,,,,,也许\n", "reject.value_unknown"),
        ("E1,,,,,,,,,,,,,,\n", "reject.duplicate_case_no"),
    ],
)
def test_a_row_that_cannot_be_taken_is_rejected_with_its_reason(run, tmp_path, row, reason):
    rejects = tmp_path / "退回.csv"
    result = run([*ROWS, row], rejects=rejects)
    assert result["reasons"] == {reason: 1}
    assert (result["counts"]["read"], result["counts"]["accepted"], result["counts"]["rejected"]) == (4, 3, 1)
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.reader(file))
    assert len(listed) == 2 and listed[1][:2] == ["5", reason]


def test_a_point_far_from_the_city_is_rejected_and_a_wrong_crs_refused(store, run, tmp_path):
    box = shapely.box(CENTRE[0] - 500, CENTRE[1] - 500, CENTRE[0] + 500, CENTRE[1] + 500)
    values = {"code": "320681400", "name": "街"}
    layer = {"type": "Feature", "properties": values, "geometry": shapely.geometry.mapping(box)}
    path = tmp_path / "streets.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [layer]}), encoding="utf-8")
    import_areas(make_context(store), ImportAreas(Layer(str(path), crs="EPSG:4550"), "street", "code", "name"))
    far = "F1,,,,672000,3521002,,,,,,,,,\n"
    near = [ROWS[0], ROWS[0].replace("E1", "E2")]
    assert run([*near, far])["reasons"] == {"reject.far_away": 1}
    operations = store.count("operation")
    with pytest.raises(InputRefused) as caught:
        run([far, far.replace("F1", "F2")], name="b.csv")
    assert caught.value.code == "input.wrong_crs"
    assert store.count("operation") == operations


def test_while_there_are_no_shapes_a_point_far_from_where_the_crs_is_used_is_rejected(run):
    far = "F1,,,,3372001,3521002,,,,,,,,,\n"
    near = [ROWS[0], ROWS[0].replace("E1", "E2")]
    assert run([*near, far])["reasons"] == {"reject.far_away": 1}
    with pytest.raises(InputRefused) as caught:
        run([far, far.replace("F1", "F2")], name="b.csv")
    assert caught.value.code == "input.crs_mismatch"


def test_times_against_the_order_are_listed_and_the_row_kept(store, run):
    run(["C5,部件,0101,,,,,,2014-08-05 09:00,2014-08-01 09:00,,,,,\n"])
    rows = store.read("check_issue", ["rule", "params", "object_uuid"])
    assert rows["rule"].tolist() == ["case_time_order"]
    assert json.loads(rows["params"][0])["later"] == "filed_at"
    assert rows["object_uuid"][0] == case(store, "C5", "uuid")


MAPPING = {"fields": {"case_no": "no", "closed_at": "closed", "due_at": "due", "on_time": "flag"}, "name": "对照"}
STATED = ("A,2020-01-02,2020-01-03,按期\n", "B,2020-01-05,2020-01-03,按期\n", "C,2020-01-02,2020-01-03,\n")


def test_a_stated_timeliness_is_kept_its_gaps_and_contradictions_listed(store, run):
    run(STATED, "no,closed,due,flag\n", MAPPING)
    found = store.read("case_record", ["on_time", "on_time_basis"], order=["case_no"])
    assert found["on_time"].tolist() == [1, 1, None]
    assert found["on_time_basis"].tolist() == ["stated", "stated", "missing"]
    assert issues(store) == {"timeliness_differs": 1, "timeliness_missing": 1}


def test_a_mapping_with_a_name_is_remembered(store, run):
    run(STATED, "no,closed,due,flag\n", MAPPING)
    assert store.read("mapping", ["kind", "name"])["name"].tolist() == ["对照"]


def test_a_file_without_a_case_number_or_without_rows_is_refused(run):
    for rows, head, code in ((["x\n"], "描述\n", "mapping.missing_field"), ([], HEAD, "input.empty")):
        with pytest.raises(InputRefused) as caught:
            run(rows, head)
        assert caught.value.code == code


def test_coordinates_without_a_crs_are_refused(run):
    with pytest.raises(InputRefused) as caught:
        run(crs=None)
    assert caught.value.code == "input.no_crs"


def test_a_cancelled_import_leaves_nothing(store, run, tmp_path):
    rejects, moment = tmp_path / "退回.csv", 0
    while True:
        moment += 1
        try:
            run([*ROWS, ROWS[0]], events=LOG, rejects=rejects, watcher=Watcher(cancel_at=moment))
            break
        except Cancelled:
            assert store.count("case_record") == store.count("case_event") == 0
            assert store.count("operation", [("kind", "=", "import_cases")]) == 0
            assert not list(tmp_path.glob("退回*")) and not list(tmp_path.glob(".dcm_*"))
    assert moment > 3
    assert sorted(path.name for path in tmp_path.glob("退回*")) == ["退回.csv", "退回_events.csv"]


@pytest.mark.parametrize("name", ["退回.csv", "退回_events.csv"])
def test_rows_that_can_be_listed_nowhere_keep_the_whole_file_out(store, run, tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(InputRefused) as caught:
        run([*ROWS, ROWS[0]], events=LOG, rejects=tmp_path / "退回.csv")
    assert caught.value.code == "output.failed"
    assert store.count("case_record") == 0


def test_a_mended_reject_list_of_a_layer_brings_its_points_back(store, run, tmp_path):
    values = {"案件编号": "L1", "立案时间": "2014-02-30 09:00"}
    shape = shapely.geometry.mapping(shapely.Point(CENTRE))
    layer = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": values, "geometry": shape}]}
    path, rejects = tmp_path / "layer.geojson", tmp_path / "退回.csv"
    path.write_text(json.dumps(layer), encoding="utf-8")
    import_cases(make_context(store), ImportCases(Layer(str(path), crs="EPSG:4550"), None, str(rejects)))
    rejects.write_text(rejects.read_text(encoding="utf-8-sig").replace("02-30", "02-28"), encoding="utf-8-sig")
    import_cases(make_context(store), ImportCases(Layer(str(rejects)), None, None))
    assert shapely.equals(case(store, "L1", GEOM), shapely.Point(CENTRE))


def test_columns_asked_for_are_kept_as_they_are(store, run):
    run(["A,2020-01-02,2020-01-03,=cmd()\n"], "no,closed,due,flag\n", {"fields": {"case_no": "no"}, "keep": ["due"]})
    assert json.loads(case(store, "A", "attributes")) == {"due": "2020-01-03"}


def test_the_log_of_events_is_not_taken_for_the_table_of_cases(store, run):
    head = "案件编号,序号,操作类型,原阶段,新阶段,操作时间\n"
    with pytest.raises(InputRefused) as error:
        run(["E1,1,上报,,信息收集,2014-08-01 09:06:00\n"], head, name="流转日志.csv")
    assert error.value.code == "input.is_case_log"
    assert error.value.values["fields"] == "操作类型, 原阶段, 新阶段"
    assert store.count("case_record") == 0


def test_a_log_that_comes_after_our_own_moves_stands_among_them_by_its_moments(store, run):
    head, rows = "案件编号,问题类型,小类代码,上报时间\n", [f"{name},部件,0101,2025-12-01 09:00\n" for name in "ABC"]
    top = LOG.split("\n")[0] + "\n"
    run(rows, head, events=top + "".join(f"{name},上报,,信息收集,2025-12-01 09:00,,,\n" for name in "ABC"))
    fids = [case(store, name, "fid") for name in "ABC"]
    for at, action, role, more in (
        ("2025-12-02T01:00:00.000Z", "accept", "acceptor", {}), ("2025-12-02T02:00:00.000Z", "file", "shift_lead", {}),
        ("2025-12-03T01:00:00.000Z", "dispatch", "dispatcher", {"dept_code": "D04"}),
    ):  # fmt: skip
        assert move(store, fids, action, role, at=at, **more)["counts"]["moved"] == 3
    names = ("stage", "filed_at", "dispatched_at", "due_at", "returns")
    before = {name: case(store, name, *names) for name in "ABC"}
    late = (
        "A,核实,信息收集,信息收集,2025-12-01 10:00,,,\n"  # earlier than our moves: nothing of ours changes
        "B,回退,任务派遣,案件建立,2025-12-02 15:00,,,材料不全\nB,立案,案件建立,任务派遣,2025-12-02 16:00,,,\n"
        "C,不予立案,案件建立,作废,2025-12-02 09:30,,,重复\n"  # void, and yet we filed it afterwards
    )
    result = run(rows, head, events=top + "".join(reversed(late.splitlines(keepends=True))))
    assert result["counts"]["events_added"] == 4
    assert case(store, "A", *names) == before["A"]
    stage, filed, dispatched, due, returns = case(store, "B", *names)
    assert (stage, filed, dispatched, returns) == ("disposal", "2025-12-02T08:00:00.000Z", before["B"][2], 1)
    assert due == before["B"][3]
    assert case(store, "C", "stage") == "disposal"
    assert issues(store) == {"case_log_contradicts": 1}
    told = json.loads(store.read("check_issue", ["params"], [("rule", "=", "case_log_contradicts")])["params"][0])
    assert [told[name] for name in ("earlier", "stage", "later", "from_stage")] == ["void", "void", "file", "filing"]
    assert [finding.rule for finding in store.verify()] == []
    assert [event["action"] for event in events_of(store, fids[1])][-4:] == ["file", "return", "file", "dispatch"]
    undo_operation(make_context(store), UndoOperation(result["operation"]))
    assert {name: case(store, name, *names) for name in "ABC"} == before and issues(store) == {}
    assert [finding.rule for finding in store.verify()] == []
