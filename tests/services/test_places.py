# SPDX-License-Identifier: GPL-2.0-or-later
"""Places and cameras in: fields guessed, addresses taken apart, grid and community by place, a second time nothing."""

from __future__ import annotations

import json

import pytest
import shapely

from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import ImportPlaces, Layer
from digital_citymgmt_plugin.core.shifted import to_bd09, to_gcj02
from digital_citymgmt_plugin.services.places import import_places
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.projections import Projected
from tests.services.cities import CRS, FIRST, SECOND, X0, Y0, box, point, ties
from tests.support import Watcher, make_context

AT = ("grid_code", "community_code")


def places(city, path, kind="poi", mapping=None, shift="none", rejects=None, **layer):
    return import_places(city.context, ImportPlaces(Layer(path, **layer), kind, mapping, shift, rejects))


def poi(city, file="poi.csv", **more):
    rows = [
        {
            "名称": "紫薇小学",
            "类别": "学校",
            "地址": "启东市人民中路12号",
            "X坐标": X0 + 10,
            "Y坐标": Y0 + 20,
            "电话": "1",
        },
        {"名称": "城河菜场", "类别": "市场", "地址": "", "X坐标": X0 + 1500, "Y坐标": Y0 + 30, "电话": ""},
    ]
    return city.table(file, rows), {"crs": CRS, **more}


def test_fields_are_guessed_and_the_rest_is_kept(town):
    path, layer = poi(town)
    result = places(town, path, **layer)
    assert ties(result["counts"]) and result["counts"]["inserted"] == 2
    asked = ("kind", "name", "category", "street", "number", "number_from", "attributes", *AT)
    assert town.rows("place", *asked) == [
        {"kind": "poi", "name": "紫薇小学", "category": "学校", "street": "人民中路", "number": "12号",
         "number_from": 12, "attributes": '{"电话": "1"}', "grid_code": None, "community_code": FIRST},
        {"kind": "poi", "name": "城河菜场", "category": "市场", "street": None, "number": None, "number_from": None,
         "attributes": None, "grid_code": None, "community_code": SECOND},
    ]  # fmt: skip


def test_the_same_file_a_second_time_changes_nothing(town):
    path, layer = poi(town)
    places(town, path, **layer)
    before = town.digest()
    result = places(town, path, **layer)
    assert result["operation"] is None and result["counts"]["unchanged"] == 2
    assert town.digest() == before


def test_a_changed_row_with_an_id_is_changed_alone(town):
    rows = [{"gid": number, "name": f"P{number}", "x": X0 + number, "y": Y0} for number in range(5)]
    places(town, town.table("p.csv", rows), crs=CRS)
    rows[3]["name"], rows[4]["x"] = "renamed", X0 + 40
    counts = places(town, town.table("p.csv", rows), crs=CRS)["counts"]
    assert (counts["inserted"], counts["updated"], counts["unchanged"]) == (0, 2, 3)
    names = [row["name"] for row in town.rows("place", "name")]
    assert names == ["P0", "P1", "P2", "renamed", "P4"]
    assert town.rows("place", "geom")[4]["geom"].equals(point(40, 0))


def test_one_file_as_poi_and_as_landmarks_gives_both(town):
    path, layer = poi(town)
    places(town, path, "poi", **layer)
    assert places(town, path, "landmark", **layer)["counts"]["inserted"] == 2
    assert [row["kind"] for row in town.rows("place", "kind")] == ["poi", "poi", "landmark", "landmark"]


def test_a_mapping_is_saved_by_its_name(town):
    path = town.table("m.csv", [{"a": "亭", "b": X0, "c": Y0}])
    mapping = {"name": "老资料", "fields": {"name": "a"}, "x": "b", "y": "c", "crs": CRS}
    places(town, path, mapping=json.dumps(mapping))
    other = town.table("n.csv", [{"a": "台", "b": X0 + 1, "c": Y0}])
    assert places(town, other, mapping="老资料")["counts"]["inserted"] == 1
    with pytest.raises(InputRefused, match=r"mapping\.unknown_name"):
        places(town, other, mapping="新资料")


@pytest.mark.parametrize("ending", ["gpkg", "shp", "geojson", "xlsx"])
def test_every_format_gives_the_same_places(town, ending):
    if ending == "xlsx":
        table = {"name": ["甲", "乙"], "type": ["店", "店"], "x": [X0, X0 + 5], "y": [Y0, Y0 + 5]}
        from digital_citymgmt_plugin.core.ports import Sheet

        path = str(town.folder / "p.xlsx")
        CityFiles().write_workbook(path, [Sheet("poi", tuple(table), list(zip(*table.values())))])
        result = places(town, path, crs=CRS)
    else:
        crs = "EPSG:4326" if ending == "geojson" else CRS
        shapes = Projected().transform(shapely.points([[X0, Y0], [X0 + 5, Y0 + 5]]), CRS, crs)
        result = places(town, town.layer(f"p.{ending}", shapes, "Point", crs=crs, name=["甲", "乙"], type=["店", "店"]))
    assert result["counts"]["inserted"] == 2
    assert [row["name"] + row["category"] for row in town.rows("place", "name", "category")] == ["甲店", "乙店"]
    found = shapely.get_coordinates([row["geom"] for row in town.rows("place", "geom")])
    assert abs(found - [[X0, Y0], [X0 + 5, Y0 + 5]]).max() < 1e-3


def test_plates_take_street_and_number_from_columns_or_from_the_address(town):
    rows = [
        {"街路巷": "人民中路", "门牌号": "12-1", "地址": "", "x": X0, "y": Y0},
        {"街路巷": "", "门牌号": "", "地址": "江苏省南通市启东市建设路123弄5支弄6号", "x": X0 + 1, "y": Y0},
        {"街路巷": "", "门牌号": "", "地址": "人民公园", "x": X0 + 2, "y": Y0},
        {"街路巷": "", "门牌号": "7", "地址": "", "x": X0 + 3, "y": Y0},
    ]
    result = places(town, town.table("门牌.csv", rows), "plate", crs=CRS)
    assert result["reasons"] == {"reject.no_number": 1, "reject.no_street": 1} and ties(result["counts"])
    asked = ("street", "number", "number_from", "number_to", "sub_number", "name")
    assert [tuple(row.values()) for row in town.rows("place", *asked)] == [
        ("人民中路", "12-1号", 12, 12, "-1", "人民中路12-1号"),
        ("建设路", "123弄5支弄6号", 123, 123, "5支弄6号", "建设路123弄5支弄6号"),
    ]


def test_streets_keep_their_numbers_by_side(town):
    lines = [shapely.LineString([(X0, Y0), (X0 + 300, Y0)]), shapely.LineString([(X0, Y0 + 50), (X0 + 300, Y0 + 50)])]
    path = town.layer(
        "streets.gpkg", [*lines, point(1, 1)], "Unknown", ST_NAME=["OUELLETTE", "人民路", "点"],
        L_F_ADD=[101, 0, 0], L_T_ADD=[199, 0, 0], R_F_ADD=[198, 0, 0], R_T_ADD=[100, 0, 0],
        门牌范围=[None, "单号1-99；双号2-100", None],
    )  # fmt: skip
    result = places(town, path, "street")
    assert result["reasons"] == {"reject.geometry_kind": 1}
    first, second = town.rows("place", "street", "ranges", "number_from", "number_to")
    assert json.loads(first["ranges"]) == [
        {"side": "left", "parity": "odd", "from": 101, "to": 199},
        {"side": "right", "parity": "even", "from": 198, "to": 100},
    ]
    assert (first["number_from"], first["number_to"]) == (100, 199)
    assert json.loads(second["ranges"]) == [
        {"side": None, "parity": "odd", "from": 1, "to": 99}, {"side": None, "parity": "even", "from": 2, "to": 100},
    ]  # fmt: skip


def test_cameras_have_direction_angle_and_reach(town):
    rows = [
        {"点位名称": "路口东", "编号": "C1", "方向": "东北", "视角": "90", "距离": "50", "x": X0, "y": Y0},
        {"点位名称": "", "编号": "", "方向": "", "视角": "", "距离": "", "x": X0 + 1, "y": Y0},
        {"点位名称": "路口西", "编号": "C2", "方向": "400", "视角": "", "距离": "", "x": X0 + 2, "y": Y0},
    ]
    result = places(town, town.table("cam.csv", rows), "camera", crs=CRS)
    assert result["reasons"] == {"reject.no_name": 1, "reject.number": 1} and ties(result["counts"])
    assert town.rows("camera", "code", "name", "direction", "angle", "reach", "community_code") == [
        {"code": "C1", "name": "路口东", "direction": 45.0, "angle": 90.0, "reach": 50.0, "community_code": FIRST}
    ]
    assert town.store.count("place") == 0


def test_places_get_the_grid_and_new_grids_move_them(town):
    path, layer = poi(town)
    places(town, path, **layer)
    assert [row["grid_code"] for row in town.rows("place", "grid_code")] == [None, None]
    town.adopt([box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)])
    codes = [row["code"] for row in town.grids("code")]
    assert [row["grid_code"] for row in town.rows("place", "grid_code")] == codes
    assert places(town, path, **layer)["operation"] is None


def test_exchanged_coordinates_are_found_in_a_file_and_in_a_row(town):
    rows = [{"name": f"P{number}", "x": Y0, "y": X0 + number} for number in range(3)]
    before = town.digest()
    with pytest.raises(InputRefused, match=r"input\.swapped") as caught:
        places(town, town.table("p.csv", rows), crs=CRS)
    assert caught.value.values["file"] == "p" and town.digest() == before
    rows = [{"name": f"P{number}", "x": X0 + number, "y": Y0} for number in range(3)]
    rows.append({"name": "P", "x": Y0, "y": X0})
    assert places(town, town.table("q.csv", rows), crs=CRS)["reasons"] == {"reject.swapped": 1}


def test_latitude_before_longitude_is_found_in_degrees(town):
    where = Projected().transform(shapely.points([[X0, Y0]]), CRS, "EPSG:4326")[0]
    path = town.table("d.csv", [{"name": "P", "lon": where.y, "lat": where.x}])
    with pytest.raises(InputRefused, match=r"input\.swapped"):
        places(town, path, crs="EPSG:4326")


def test_a_wrong_crs_is_refused(town):
    rows = [{"name": f"P{number}", "x": X0 + 3_000_000, "y": Y0} for number in range(3)]
    with pytest.raises(InputRefused, match=r"input\.wrong_crs"):
        places(town, town.table("w.csv", rows), crs=CRS)


@pytest.mark.parametrize(("shift", "there"), [("gcj02", to_gcj02), ("bd09", to_bd09)])
def test_the_shift_of_online_maps_is_undone_only_when_asked_for(town, shift, there):
    where = shapely.get_coordinates(Projected().transform(shapely.points([[X0 + 100, Y0 + 100]]), CRS, "EPSG:4326"))
    lon, lat = there(where[:, 0], where[:, 1])
    path = town.table("s.csv", [{"name": "P", "lon": repr(float(lon[0])), "lat": repr(float(lat[0]))}])
    mapping = json.dumps({"fields": {"name": "name"}, "x": "lon", "y": "lat"})
    result = places(town, path, mapping=mapping, shift=shift, crs="EPSG:4326")
    assert {"code": "note.shift", "values": {"file": "s", "shift": shift}} in result["notes"]
    assert town.rows("place", "geom")[0]["geom"].distance(point(100, 100)) < 0.01
    places(town, path, "landmark", mapping=mapping, crs="EPSG:4326")
    assert 100 < town.rows("place", "geom")[1]["geom"].distance(point(100, 100)) < 1500


def test_a_shift_of_metres_is_refused(town):
    path, layer = poi(town)
    with pytest.raises(InputRefused, match=r"input\.shift_crs"):
        places(town, path, shift="gcj02", **layer)


def test_an_unknown_kind_is_refused(town):
    with pytest.raises(InputRefused, match=r"input\.places_kind"):
        places(town, poi(town)[0], "shop", crs=CRS)


def test_another_file_of_the_same_name_is_refused(town):
    rows = [{"gid": number, "name": f"P{number}", "x": X0 + number, "y": Y0} for number in range(5)]
    places(town, town.table("p.csv", rows), crs=CRS)
    for row in rows:
        row["x"] += 500
    with pytest.raises(InputRefused, match=r"input\.other_source"):
        places(town, town.table("p.csv", rows), crs=CRS)


def test_a_reject_list_that_was_mended_comes_in_as_the_same_rows(town):
    rows = [{"gid": 1, "名称": "一", "x": X0, "y": Y0}, {"gid": 2, "名称": "", "x": X0 + 1, "y": Y0}]
    path, rejects = town.table("r.csv", rows), str(town.folder / "rejects.csv")
    context = make_context(town.store, Watcher(), templates())
    result = import_places(context, ImportPlaces(Layer(path, crs=CRS), "poi", None, "none", rejects))
    assert result["rejects"] == rejects
    text = (town.folder / "rejects.csv").read_text(encoding="utf-8-sig")
    assert "there is no name" in text
    (town.folder / "mended.csv").write_text(text.replace(",2,,", ",2,二,"), encoding="utf-8-sig")
    assert places(town, str(town.folder / "mended.csv"), crs=CRS)["counts"]["inserted"] == 1
    rows[1]["名称"] = "二"
    assert places(town, town.table("r.csv", rows), crs=CRS)["counts"]["unchanged"] == 2
