# SPDX-License-Identifier: GPL-2.0-or-later
"""Sheets of collectors: cover by day, cases that were walked past, beats that are told or assumed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import openpyxl
import pytest
import shapely

from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests_fairness import CollectorSheets
from digital_citymgmt_plugin.services.assessment.collector_sheets import collector_sheets
from digital_citymgmt_plugin.services.intake import objects
from tests.services.cities import X0, Y0, point, squares
from tests.support import make_context

MORNING = datetime(2026, 1, 5, 0, 0, tzinfo=timezone.utc)  # 8:00 in the city
DAY = "2026-01-05"


def text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def walk(action, carrier, places, start=MORNING, step=20):
    """Write a track: places in metres from the corner of the town, one each ``step`` seconds."""
    moments = [text(start + timedelta(seconds=step * number)) for number in range(len(places))]
    action.insert("track_point", {
        "carrier": objects([carrier] * len(places)), "track": objects([f"{carrier} {start}"] * len(places)),
        "at": objects(moments), GEOM: objects(point(x, y) for x, y in places),
    })  # fmt: skip


@pytest.fixture
def beats(town):
    """Eight grids of 500 m in two rows, a beat of the western four and one of the eastern four, a road through each."""
    town.adopt(squares(4, 2, 500.0))
    grids = town.grids("uuid", "code", "geom")
    west = [row["geom"].centroid.x < X0 + 1000 for row in grids]
    with town.store.action("set up") as action:
        action.insert("beat", {
            "uuid": objects(["b1", "b2"]), "code": objects(["W", "E"]), "name": objects(["西", "东"]),
        })  # fmt: skip
        action.insert("beat_member", {
            "beat_uuid": objects("b1" if at else "b2" for at in west),
            "grid_uuid": objects(row["uuid"] for row in grids),
            "valid_from": objects(["2026-01-01"] * len(grids)),
        })  # fmt: skip
        action.insert("collector", {
            "code": objects(["C1"]), "name": objects(["张三"]), "beat_uuid": objects(["b1"]),
            "valid_from": objects(["2026-01-01"]),
        })  # fmt: skip
        roads = [shapely.LineString([(X0 + 10, Y0 + y), (X0 + 1990, Y0 + y)]) for y in (250, 750)]
        action.insert("base_line", {
            "theme": objects(["road", "road"]), GEOM: objects(shapely.multilinestrings([[line] for line in roads])),
        })  # fmt: skip
    return town


def run(city, **options):
    return collector_sheets(make_context(city.store, city.watcher, templates()), CollectorSheets(**options))


def table(told):
    return [dict(zip(told["columns"], row)) for row in told["rows"]]


def test_cover_of_a_day_and_of_the_period(beats):
    with beats.store.action("walk") as action:
        walk(action, "C1", [(x, 250) for x in range(20, 500, 20)])  # the south-western grid
        walk(action, "C1", [(x, 750) for x in range(20, 1000, 20)], MORNING + timedelta(days=1))
        walk(action, "C1", [(1300, 100)], MORNING + timedelta(days=1, hours=3))  # alone, in the other beat
    result = run(beats)
    one, two = table(result["days"])
    assert (one["day"], one["beat"], one["grids"], one["grids_seen"], one["grid_share"]) == (DAY, "W", 4, 1, 25.0)
    assert one["road_km"] == pytest.approx(1.98, abs=0.01)
    assert one["road_seen_km"] == pytest.approx(0.5, abs=0.03) and one["road_share"] == pytest.approx(25, abs=2)
    assert (two["grids_seen"], two["elsewhere"], two["first"]) == (2, 1, "08:00:00")
    (person,) = table(result["people"])
    assert (person["days"], person["grids"], person["grids_seen"], person["grid_share"]) == (2, 4, 3, 75.0)
    assert person["road_share"] == pytest.approx(75, abs=3) and person["road_share_daily"] == pytest.approx(37.5, abs=2)
    assert result["counts"] == {"collectors": 1, "days": 2, "misses": 0, "unassigned": 0}


def test_a_carrier_who_is_no_collector_has_the_beat_with_most_points_which_is_said(beats):
    with beats.store.action("walk") as action:
        walk(action, "无名", [(x, 250) for x in range(900, 1500, 20)])
    result = run(beats)
    assert table(result["people"])[0]["beat"] == "E"
    assert result["counts"]["unassigned"] == 1
    assert any("1" in line for line in result["remarks"][3:])


def test_a_miss_is_a_valid_case_of_the_public_where_somebody_had_passed_that_day(beats):
    code = {tuple(round(v) for v in row["geom"].centroid.coords[0]): row["code"] for row in beats.grids("code", "geom")}
    here = code[round(X0 + 250), round(Y0 + 250)]
    beside = code[round(X0 + 250), round(Y0 + 750)]
    other = code[round(X0 + 1250), round(Y0 + 250)]
    after, before = MORNING + timedelta(hours=2), MORNING - timedelta(minutes=30)
    rows = [
        ("miss", here, after, "公众举报", "0101", "dispatch", True),
        ("too early", here, before, "公众举报", "0101", "dispatch", True),
        ("by a collector", here, after, "监督员上报", "0102", "dispatch", True),
        ("known before", here, after + timedelta(hours=1), "公众举报", "0102", "dispatch", True),
        ("void", here, after, "公众举报", "0101", "void", True),
        ("not filed", here, after, "公众举报", "0101", "filing", False),
        ("not walked", beside, after, "公众举报", "0101", "dispatch", True),
        ("other beat", other, after, "公众举报", "0101", "dispatch", True),
        ("next day", here, after + timedelta(days=1), "公众举报", "0101", "dispatch", True),
    ]
    columns = list(zip(*rows))
    with beats.store.action("walk") as action:
        walk(action, "C1", [(x, 250) for x in range(20, 500, 20)])
        walk(action, "C1", [(1250, 250)], MORNING + timedelta(hours=1))  # through the other beat
        action.insert("case_record", {
            "case_no": objects(columns[0]), "grid_code": objects(columns[1]),
            "reported_at": objects(map(text, columns[2])), "source": objects(columns[3]),
            "class_code": objects(columns[4]), "stage": objects(columns[5]),
            "filed_at": objects(text(at) if filed else None for at, filed in zip(columns[2], columns[6])),
        })  # fmt: skip
    result = run(beats)
    (miss,) = table(result["misses"])
    assert (miss["case_no"], miss["carrier"], miss["day"], miss["reported"]) == ("miss", "C1", DAY, "10:00:00")
    assert table(result["people"])[0]["misses"] == 1 and len(result["misses"]["cases"]) == 1


def test_the_workbook_holds_the_same_and_the_definitions(beats, tmp_path):
    with beats.store.action("walk") as action:
        walk(action, "=C1", [(x, 250) for x in range(20, 500, 20)])
    path = tmp_path / "sheets.xlsx"
    result = run(beats, output=str(path))
    book = openpyxl.load_workbook(path)
    assert len(book.sheetnames) == 3
    values = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert any(row[0] in ("=C1", "'=C1") and 1 in row for row in values)
    assert all(cell.data_type != "f" for row in book.worksheets[0].iter_rows() for cell in row)
    assert any(result["remarks"][0] in str(row[0]) for row in values)


def test_work_of_the_log_stands_beside_the_cover_under_code_or_name(beats):
    at = [text(MORNING + timedelta(hours=hour)) for hour in range(4)]
    with beats.store.action("walk") as action:
        walk(action, "C1", [(x, 250) for x in range(20, 500, 20)])
        fids = action.insert("case_record", {
            "case_no": objects("abc"), "source": objects(["监督员上报", "监督员上报", "公众举报"]),
            "stage": objects(["dispatch", "void", "dispatch"]), "reported_at": objects([at[0]] * 3),
            "filed_at": objects([at[2], None, at[2]]),
        })  # fmt: skip
        rows = [
            (0, "report", "", "collection", at[0], "C1"), (0, "file", "filing", "dispatch", at[2], "值班长"),
            (1, "report", "", "collection", at[0], "张三"), (1, "void", "collection", "void", at[1], "受理员"),
            (2, "report", "", "collection", at[0], "公众"), (2, "verify", "collection", "collection", at[0], "李四"),
            (2, "file", "filing", "dispatch", at[2], "值班长"),
        ]  # fmt: skip
        columns = list(zip(*rows))
        action.insert("case_event", {
            "case_fid": fids[list(columns[0])],
            **{name: objects(columns[place]) for place, name in
               enumerate(("action", "from_stage", "to_stage", "at", "done_by"), start=1)},
        })  # fmt: skip
    people = {row["carrier"]: row for row in table(run(beats)["people"])}
    assert set(people) == {"C1", "李四"}
    one, two = people["C1"], people["李四"]
    assert (one["name"], one["reported"], one["valid_reported"], one["valid_share"]) == ("张三", 2, 1, 50.0)
    assert (two["to_be_checked_before_filing"], two["checked_before_filing_on_time"]) == (1, 1)
    assert (two["days"], two["grid_share"], one["grids_seen"]) == (0, "–", 1)


def test_what_cannot_be_told_is_refused(town, beats):
    for options, code in (
        ({"from_date": "2026-02-30"}, "assess.date"),
        ({"from_date": "2026-02-02", "to_date": "2026-02-01"}, "assess.period"),
        ({"reach": 0.0}, "collector.reach"),
        ({"output": "/tmp/x.docx"}, "assess.output"),
        ({}, "collector.no_tracks"),
    ):
        with pytest.raises(InputRefused) as caught:
            run(beats, **options)
        assert caught.value.code == code


def test_a_city_without_beats_is_told_so(town):
    with pytest.raises(InputRefused) as caught:
        run(town)
    assert caught.value.code == "collector.no_beats"


def test_beats_that_change_within_the_period_count_for_their_days(beats):
    ways = [(x, 250) for x in range(20, 500, 20)]
    with beats.store.action("walk") as action:
        walk(action, "C1", ways, MORNING + timedelta(days=10))
        walk(action, "C1", ways, MORNING + timedelta(days=20))
        east = [row for row in beats.rows("beat_member", "fid", "beat_uuid", "grid_uuid") if row["beat_uuid"] == "b2"]
        moved = east[0]
        action.update("beat_member", np.array([moved["fid"]]), {"valid_to": objects(["2026-01-20"])})
        action.insert("beat_member", {
            "beat_uuid": objects(["b1"]), "grid_uuid": objects([moved["grid_uuid"]]),
            "valid_from": objects(["2026-01-20"]),
        })  # fmt: skip
    result = run(beats)
    assert [(row["day"], row["grids"], row["grids_seen"]) for row in table(result["days"])] == [
        ("2026-01-15", 4, 1), ("2026-01-25", 5, 1),
    ]  # fmt: skip
    (person,) = table(result["people"])
    # The roads of the days are not the same, so that their cover together is not told.
    assert (person["grids"], person["grids_seen"], person["road_km"], person["road_share"]) == (5, 1, "–", "–")
    assert person["road_share_daily"] != "–"
