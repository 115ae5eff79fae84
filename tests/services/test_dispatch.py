# SPDX-License-Identifier: GPL-2.0-or-later
"""The desk of a dispatcher: lists that follow what is written, the page of a case, files."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import CasePage, CaseQueue, ExportCases, UndoOperation, WarmCases
from digital_citymgmt_plugin.core.requests_assessment import CasesOfNumber
from digital_citymgmt_plugin.services.assessment.panel import cases_of_number
from digital_citymgmt_plugin.services.case_settling import rederive
from digital_citymgmt_plugin.services.dispatch import case_page, case_queue, export_cases, listing, warm_cases
from digital_citymgmt_plugin.services.dispatch.holding import _READ, boards, columns
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.gpkg import connect
from tests.clock_oracle import MinuteClock
from tests.services.cities import point
from tests.services.moving import go, hours_ago, move, report
from tests.support import new_store

STAGES = ("collection", "dispatch", "disposal", "check", "closed", "parked")


def add(city, count=12, first=0, **columns):
    """Add cases, one in six of each stage."""
    place = [point(100 + 20 * at, 100) if at % 5 else None for at in range(count)]
    values = {
        "case_no": objects([f"A{first + at:04}" for at in range(count)]),
        "kind": objects(["event"] * count), "class_code": objects(["0102"] * count),
        "dept_code": objects([f"D{at % 3}" for at in range(count)]),
        "address": objects([f"华山路{at}号" for at in range(count)]),
        "stage": objects([STAGES[at % 6] for at in range(count)]),
        "reported_at": objects([f"2026-03-{1 + at % 20:02}T01:00:00.000Z" for at in range(count)]),
        "due_at": objects([f"2026-03-{2 + at % 20:02}T01:00:00.000Z" for at in range(count)]),
        "parked": objects([int(at % 6 == 5) for at in range(count)]), GEOM: np.array(place, dtype=object), **columns,
    }  # fmt: skip
    with city.store.action("import_cases") as action:
        return action.insert("case_record", values), action.operation_uuid


def numbers(answer):
    return [case["case_no"] for case in answer["cases"]]


def test_lists_follow_what_is_written_and_taken_back(town):
    fids, _ = add(town)
    first = case_queue(town.context, CaseQueue(queue="to_dispatch"))
    assert numbers(first) == ["A0001", "A0007"] and first["queues"]["to_dispatch"] == 2
    assert first["queues"]["open"] == 10 and first["queues"]["unplaced"] == 2
    while warm_cases(town.context, WarmCases(milliseconds=1))["full"] < 1:
        pass
    with town.store.action("move_cases") as action:
        action.update("case_record", fids[[1]], {"stage": objects(["closed"])})
    _, more = add(town, 6, first=100)
    then = case_queue(town.context, CaseQueue(queue="to_dispatch"))
    assert numbers(then) == ["A0007", "A0101"] and then["token"] != first["token"]
    every = case_queue(town.context, CaseQueue(queue="all", sort="case_no"))
    assert every["total"] == 18 and every["cases"][1]["stage"] == "closed"
    undo_operation(town.context, UndoOperation(more))
    assert numbers(case_queue(town.context, CaseQueue(queue="to_dispatch"))) == ["A0007"]
    assert case_queue(town.context, CaseQueue(queue="all"))["total"] == 12


def test_the_cases_of_a_number_of_an_assessment_table_are_listed(town):
    add(town)
    every = case_queue(town.context, CaseQueue(queue="all", sort="case_no"))
    counted = cases_of_number(town.context, CasesOfNumber("closed||filed|||"))["fids"]
    listed = case_queue(town.context, CaseQueue(queue="all", number="closed||filed|||"))
    assert sorted(case["fid"] for case in listed["cases"]) == counted and 0 < len(counted) < every["total"]
    none = case_queue(town.context, CaseQueue(queue="all", number="closed|department=none|filed|||"))
    assert none["total"] == 0
    with pytest.raises(InputRefused) as refusal:
        case_queue(town.context, CaseQueue(queue="all", number="nonsense"))
    assert refusal.value.code == "assess.number_id"


def test_cases_that_change_while_the_closed_ones_are_read_are_as_they_are_now(town):
    fids, _ = add(town)
    held_first = warm_cases(town.context, WarmCases(milliseconds=1))
    assert 0 <= held_first["full"] <= 1
    with town.store.action("move_cases") as action:
        action.update("case_record", fids[[0]], {"dept_code": objects(["D9"])})
    answer = case_queue(town.context, CaseQueue(queue="all", departments=["D9"]))
    assert numbers(answer) == ["A0000"]


def test_pages_go_on_in_one_order_and_a_case_is_found_in_it(town):
    fids, _ = add(town, 30)
    whole = numbers(case_queue(town.context, CaseQueue(queue="all", sort="case_no", descending=True)))
    parts, token = [], set()
    for offset in range(0, 30, 7):
        page = case_queue(town.context, CaseQueue(queue="all", sort="case_no", descending=True, offset=offset, limit=7))
        parts += numbers(page)
        token.add(page["token"])
    assert parts == whole and len(token) == 1
    asked = CaseQueue(queue="all", sort="case_no", descending=True, limit=7, seek=int(fids[3]))
    found = case_queue(town.context, asked)
    assert whole[found["at"]] == "A0003" and found["offset"] == 21
    missing = case_queue(town.context, CaseQueue(queue="to_dispatch", seek=int(fids[0])))
    assert missing["at"] == -1


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (CaseQueue(queue="x"), "dispatch.unknown_queue"),
        (CaseQueue(sort="geom"), "dispatch.unknown_column"),
        (CaseQueue(reported_from="yesterday"), "dispatch.day"),
    ],
)
def test_what_there_is_not_is_refused(town, asked, code):
    with pytest.raises(InputRefused) as refused:
        case_queue(town.context, asked)
    assert refused.value.code == code


def test_filters_and_choices(town):
    add(town)
    answer = case_queue(town.context, CaseQueue(queue="open", departments=["D1"], text="华山路1", choices=True))
    assert numbers(answer) == ["A0001"]  # A0010, too, has it in its address, but closed
    assert [one[0] for one in answer["choices"]["departments"]] == ["D0", "D1", "D2"]
    days = CaseQueue(queue="all", reported_from="2026-03-02", reported_to="2026-03-03", sort="case_no")
    assert numbers(case_queue(town.context, days)) == ["A0001", "A0002"]


def test_the_page_tells_the_case_what_is_near_and_what_was(census):
    lids = census.store.read("component_point", ["uuid", "code", "grid_code", GEOM], (), ["fid"])
    uuid, code, grid = (lids[name][0] for name in ("uuid", "code", "grid_code"))
    x, y = shapely.get_coordinates(lids[GEOM][:1])[0]
    count = 3
    place = [shapely.Point(x, y), shapely.Point(x + 3, y), shapely.Point(x + 400, y)]
    fids, _ = add(
        census, count, component_uuid=objects([uuid, None, None]), geom=np.array(place, dtype=object),
        grid_code=objects([grid] * count), kind=objects(["component"] * count),
    )  # fmt: skip
    with census.store.action("import_tracks") as action:
        names = {"carrier": objects(["K1", "K1", "K2"]), "track": objects(["a"] * 3)}
        at = objects([f"2026-03-05T0{hour}:00:00.000Z" for hour in (1, 2, 1)])
        spots = [shapely.Point(x, y), shapely.Point(x + 100, y), shapely.Point(x + 30, y)]
        action.insert("track_point", {**names, "at": at, GEOM: np.array(spots, dtype=object)})
        action.insert("camera", {
            "code": objects(["S1", "S2"]), "name": objects(["near", "far"]), "reach": objects([50.0, 10.0]),
            GEOM: np.array([shapely.Point(x + 20, y), shapely.Point(x - 20, y)], dtype=object),
        })  # fmt: skip
        action.insert("case_event", {
            "case_fid": fids[[0, 0]], "action": objects(["report", "file"]),
            "at": objects(["2026-03-01T01:00:00.000Z", "2026-03-01T02:00:00.000Z"]),
        })  # fmt: skip
    page = case_page(census.context, CasePage(case_no="A0000"))
    assert page["case"]["fid"] == fids[0] and page["component"]["code"] == code
    assert [one["case_no"] for one in page["earlier"]] == ["A0001"]
    assert [(one["name"], round(one["distance"])) for one in page["collectors"]] == [("K2", 30), ("K1", 100)]
    assert [one["name"] for one in page["cameras"]] == ["near"]
    assert [one["action"] for one in page["events"]] == ["report", "file"]
    assert page["newest"] == max(one["fid"] for one in page["events"])
    with pytest.raises(InputRefused):
        case_page(census.context, CasePage(fid=999_999))


def test_the_list_goes_into_a_file(town, tmp_path):
    add(town)
    path = tmp_path / "list.csv"
    counts = export_cases(town.context, ExportCases(queue="open", sort="case_no", output=str(path)))["counts"]
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert counts == {"cases": 10} and len(lines) == 11 and lines[1].startswith("A0000,")
    assert "2026-03-01 09:00" in lines[1]  # as the city's clocks show it
    with pytest.raises(InputRefused):
        export_cases(town.context, ExportCases(output=str(tmp_path / "list.pdf")))


def test_a_case_that_another_program_changed_is_seen(town):
    fids, _ = add(town)
    assert case_queue(town.context, CaseQueue(queue="to_dispatch"))["total"] == 2
    other = connect(town.store.path)
    other.execute("UPDATE case_record SET stage = 'closed' WHERE fid = ?", (int(fids[1]),))
    other.commit()
    other.close()
    assert numbers(case_queue(town.context, CaseQueue(queue="to_dispatch"))) == ["A0007"]


def test_moves_that_are_not_allowed_say_why(town):
    fids, _ = add(town)
    page = case_page(town.context, CasePage(fid=int(fids[1]), role="dispatcher"))
    moves = {one["action"]: one for one in page["moves"]}
    assert moves["dispatch"]["allowed"] and moves["dispatch"]["needs"] == ["dept"]
    assert moves["close"]["why"]["code"] == "move.not_here" and moves["void"]["why"]["code"] == "move.role"


def test_the_numbers_of_a_list_come_whatever_the_page(town):
    fids, _ = add(town, 30)
    asked = CaseQueue(queue="all", sort="case_no", offset=20, limit=2, every=25)
    answer = case_queue(town.context, asked)
    assert answer["fids"] == fids[:25].tolist() and len(answer["cases"]) == 2
    assert "fids" not in case_queue(town.context, CaseQueue(queue="all"))


def test_pages_keep_the_order_that_the_counts_came_with(town, monkeypatch):
    add(town, 30)
    first = case_queue(town.context, CaseQueue(queue="open"))
    monkeypatch.setattr(listing, "_FRESH", timedelta(seconds=-1))
    assert case_queue(town.context, CaseQueue(queue="open", counts=False))["token"] == first["token"]
    assert case_queue(town.context, CaseQueue(queue="open"))["token"] != first["token"]


def test_lamps_are_counted_anew_when_a_setting_changed(town):
    add(town)
    held = boards(town.context)
    add(town, 2, first=50)
    assert boards(town.context) is held
    with town.store.action("import_profile") as action:
        action.insert("work_calendar", {"day": objects(["2026-03-02"]), "is_workday": objects([0])})
    assert boards(town.context) is not held


@pytest.mark.parametrize("rule", ["pause", "restart"])
def test_time_in_which_the_clock_stood_does_not_turn_the_lamp_amber(tmp_path, rule):
    pytest.importorskip("chinese_calendar")
    store = new_store(tmp_path / "c.gpkg")
    profile = store.profile()
    with store.action("save_profile") as action:
        store.save_profile(action, replace(profile, settings={**profile.settings, "after_return": rule}))
    spans = tuple(tuple(part.strip().split("-")) for part in profile.setting("work_hours").split(","))
    walker = MinuteClock(lambda day: spans, {})
    fids = report(store, 5)
    go(store, fids, "dispatch")
    more = {"amount": 90, "unit": "work_hour"}
    for chosen, name, role, hours, given in (
        (fids[1:], "park", "dispatcher", 197.5, {"reason": "雨", "payload": {"until": "2026-02-01"}}),
        (fids[1:], "resume", "dispatcher", 100, {}), (fids[2:3], "return", "department", 99.9, {"reason": "非我局"}),
        (fids[2:3], "dispatch", "dispatcher", 50, {"dept_code": "D04"}),
        (fids[3:4], "ask_extension", "department", 99.5, {"reason": "料", "payload": more}),
        (fids[3:4], "grant_extension", "dispatcher", 99, {"payload": more}),
    ):  # fmt: skip
        assert move(store, chosen, name, role, at=hours_ago(hours), **given)["counts"]["refused"] == 0, name
    stated = np.array([fids[4]])  # by a table, parked here
    with store.action("test") as action:
        nothing = objects([None])
        limit = {"limit_value": nothing, "limit_unit": nothing, "stated_due_at": objects([hours_ago(150)])}
        action.update("case_record", stated, limit)
        rederive(store, action, stated)

    def minute(moment):
        text = moment if isinstance(moment, str) else str(moment) + "Z"
        return walker.minute(datetime.fromisoformat(text[:19]) + timedelta(hours=8))

    rows = store.read("case_record", ["fid", *_READ], [], ["fid"])
    made = columns(store, rows)
    parked = (197.5, 100)
    for at, (begin, stood) in enumerate((
        (198, []), (198, [parked]), (50 if rule == "restart" else 198, [parked, (99.9, 50)]), (198, [parked]),
        (198, [parked]),
    )):  # fmt: skip
        start, pauses = minute(hours_ago(begin)), [tuple(minute(hours_ago(hour)) for hour in one) for one in stood]
        working = str(made["limit_unit"][at]).startswith("work")
        whole = walker.used(start, minute(made["due_at"][at]), working, pauses)
        used = walker.used(start, minute(made["amber_at"][at]), working, pauses)
        assert whole > 60 and used == pytest.approx(0.8 * whole, abs=1), at
    plain = columns(store, store.read("case_record", ["fid", *_READ], [("fid", "=", fids[2])]))
    assert plain["amber_at"][0] == made["amber_at"][2]
    store.close()
