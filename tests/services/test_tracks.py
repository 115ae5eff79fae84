# SPDX-License-Identifier: GPL-2.0-or-later
"""Tracks in: read in any order and format, cleaned with each dropped point counted, a second time nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
import shapely

from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.requests import ImportTracks, Layer
from digital_citymgmt_plugin.services.tracks import import_tracks
from digital_citymgmt_plugin.storage.projections import Projected
from tests.services.cities import CRS, X0, Y0
from tests.support import Watcher, make_context

START = datetime(2026, 1, 5, 8, 0, 0)  # local time
FATES = ("duplicates", "same_time", "far", "jumps", "drift")


def fix(second, x=0.0, y=0.0, carrier="苏F1", **more):
    at = (START + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S")
    return {"车牌": carrier, "时间": at, "X坐标": X0 + x, "Y坐标": Y0 + y, **more}


def drive(count, carrier="苏F1", start=0):
    return [fix(start + 5 * number, 40.0 * number, 10.0, carrier) for number in range(count)]


def tracks(city, path, rejects=None, watcher=None, crs=CRS, **options):
    context = make_context(city.store, watcher or Watcher(), templates())
    return import_tracks(context, ImportTracks(Layer(path, crs=crs), rejects=rejects, **options))


def stored(city):
    return city.rows("track_point", "carrier", "at", "track", "geom")


def tied(counts):
    dropped = sum(counts[name] for name in FATES)
    assert counts["accepted"] + counts["rejected"] == counts["read"]
    assert counts["inserted"] + counts["unchanged"] == counts["accepted"] and dropped <= counts["rejected"]
    return {name: counts[name] for name in FATES if counts[name]}


def test_times_are_local_and_kept_as_utc_which_is_said(town):
    result = tracks(town, town.table("t.csv", drive(3)))
    assert tied(result["counts"]) == {} and result["counts"]["tracks"] == 1
    assert {"code": "note.time_zone", "values": {"zone": "Asia/Shanghai"}} in result["notes"]
    rows = stored(town)
    assert [row["at"] for row in rows] == [f"2026-01-05T00:00:{second:02d}.000Z" for second in (0, 5, 10)]
    assert {row["track"] for row in rows} == {"苏F1 2026-01-05 00:00:00"}
    assert rows[1]["geom"].equals(shapely.Point(X0 + 40, Y0 + 10))


def test_each_dropped_point_is_counted_by_its_reason_and_listed(town):
    rows = drive(20)
    rows[6]["Y坐标"] = Y0 + 900  # 180 m/s away
    rows.insert(12, dict(rows[11]))
    rows.insert(15, {**rows[14], "X坐标": X0})
    rows.append({**fix(200), "X坐标": X0 + 30_000})
    rows += [{**fix(300), "时间": "gestern"}, {**fix(301), "X坐标": "东"}, {**fix(302), "车牌": ""}]
    rows += [fix(400 + 5 * number, number % 3, 10.0) for number in range(60)]
    rejects = str(town.folder / "dropped.csv")
    result = tracks(town, town.table("t.csv", rows), rejects)
    assert tied(result["counts"]) == {"duplicates": 1, "same_time": 1, "far": 1, "jumps": 1, "drift": 58}
    assert result["reasons"] == {
        "reject.track_duplicate": 1, "reject.track_same_time": 1, "reject.track_far": 1, "reject.track_jump": 1,
        "reject.track_drift": 58, "reject.time": 1, "reject.bad_coordinates": 1, "reject.missing": 1,
    }  # fmt: skip
    lines = (town.folder / "dropped.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + result["counts"]["rejected"]
    jump = next(line for line in lines if "track_jump" in line)
    assert jump.startswith("8,") and "2026-01-05T00:00:30.000Z" in jump and str(Y0 + 900) in jump


def test_the_same_file_a_second_time_changes_nothing_and_a_longer_one_adds(town):
    rows = drive(30) + drive(10, "苏F2")
    tracks(town, town.table("t.csv", rows[:20]))
    before = town.digest()
    again = tracks(town, town.table("t.csv", rows[:20]))
    assert again["operation"] is None and again["counts"]["unchanged"] == 20 and town.digest() == before
    more = tracks(town, town.table("t2.csv", rows))
    assert (more["counts"]["inserted"], more["counts"]["unchanged"]) == (20, 20)
    assert len(stored(town)) == 40 and len({row["track"] for row in stored(town)}) == 2


def test_the_order_of_the_rows_makes_no_difference(town):
    rows = drive(30) + drive(30, "苏F2", 3)
    shuffled = [rows[(number * 7) % 60] for number in range(60)]
    result = tracks(town, town.table("t.csv", shuffled))
    assert result["counts"]["inserted"] == 60 and result["counts"]["unordered"] > 0
    assert result["counts"]["carriers"] == 2
    for carrier in ("苏F1", "苏F2"):
        own = [row for row in stored(town) if row["carrier"] == carrier]
        assert [row["at"] for row in own] == sorted(row["at"] for row in own) and len(own) == 30


def test_a_gap_begins_another_track(town):
    result = tracks(town, town.table("t.csv", drive(5) + drive(5, start=3600)), gap=300.0)
    assert result["counts"]["tracks"] == 2 and len({row["track"] for row in stored(town)}) == 2


def test_a_collector_is_slower_than_a_vehicle(town):
    path = town.table("t.csv", [fix(number, 20.0 * number) for number in range(9)])
    assert tracks(town, path, kind="collector")["counts"]["jumps"] > 0
    assert tracks(town, path, max_speed=25.0)["counts"]["jumps"] == 0


@pytest.mark.parametrize(
    "options",
    [{"max_speed": 0.0}, {"gap": float("nan")}, {"stay_radius": -1.0}, {"far": float("inf")}, {"kind": "ship"}],
)
def test_options_that_make_no_sense_are_refused(town, options):
    with pytest.raises(InputRefused, match=r"input\.tracks_option"):
        tracks(town, town.table("t.csv", drive(2)), **options)


def test_whose_tracks_they_are_must_be_said(town):
    rows = [{key: value for key, value in row.items() if key != "车牌"} for row in drive(3)]
    path = town.table("t.csv", rows)
    with pytest.raises(InputRefused, match=r"input\.no_carrier"):
        tracks(town, path)
    assert tracks(town, path, carrier="王五")["counts"]["inserted"] == 3
    assert {row["carrier"] for row in stored(town)} == {"王五"}


def test_seconds_since_1970_are_read_when_the_mapping_says_so(town):
    rows = [{"id": "A", "ts": 1_767_571_200 + number, "x": X0 + number, "y": Y0} for number in range(3)]
    mapping = {"fields": {"carrier": "id", "at": "ts"}, "x": "x", "y": "y", "time_format": "unix"}
    tracks(town, town.table("t.csv", rows), mapping=json.dumps(mapping))
    assert stored(town)[0]["at"] == "2026-01-05T00:00:00.000Z"


def test_exchanged_and_wrong_coordinates_are_refused(town):
    rows = [{**row, "X坐标": row["Y坐标"], "Y坐标": row["X坐标"]} for row in drive(3)]
    with pytest.raises(InputRefused, match=r"input\.swapped"):
        tracks(town, town.table("t.csv", rows))
    with pytest.raises(InputRefused, match=r"input\.wrong_crs"):
        tracks(town, town.table("u.csv", [{**row, "X坐标": X0 + 900_000} for row in drive(3)]))


GPX = """<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><metadata><name>no</name></metadata>
<wpt lat="0" lon="0"><name>W</name></wpt>
<trk><name>张三</name><trkseg>{points}</trkseg></trk></gpx>"""


def gpx(town, count=5, zone="Z", name="t.gpx"):
    places = shapely.points([[X0 + 30 * number, Y0 + 5] for number in range(count)])
    degrees = shapely.get_coordinates(Projected().transform(places, CRS, "EPSG:4326"))
    points = "".join(
        f'<trkpt lat="{lat!r}" lon="{lon!r}"><ele>3.5</ele><time>2026-01-05T00:00:{number * 5:02d}{zone}</time>'
        f"<extensions><x:speed xmlns:x='x'>6</x:speed></extensions></trkpt>"
        for number, (lon, lat) in enumerate(degrees.tolist())
    )
    path = town.folder / name
    path.write_text(GPX.format(points=points), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("zone", ["Z", ""])
def test_gpx_is_read_with_its_times_as_utc(town, zone):
    result = tracks(town, gpx(town, zone=zone), crs=None)
    assert result["counts"]["inserted"] == 5
    rows = town.rows("track_point", "carrier", "at", "speed")
    assert rows[1] == {"carrier": "张三", "at": "2026-01-05T00:00:05.000Z", "speed": 6.0}
    assert ("note.gpx_utc" in [note["code"] for note in result["notes"]]) == (zone == "")
    assert stored(town)[1]["geom"].distance(shapely.Point(X0 + 30, Y0 + 5)) < 0.001


def test_cancelling_leaves_nothing(town):
    path = town.table("t.csv", [row for carrier in "ABCDEFGH" for row in drive(40, carrier)])
    before = town.digest()
    for at in range(1, 11):
        with pytest.raises(Cancelled):
            tracks(town, path, watcher=Watcher(cancel_at=at))
        assert town.digest() == before


def test_progress_rises_and_ends_with_saving(town):
    watcher = Watcher()
    tracks(town, town.table("t.csv", drive(10)), watcher=watcher)
    shares = [share for share, _ in watcher.said]
    assert shares == sorted(shares) and watcher.said[-1][1] == "progress.saving"
