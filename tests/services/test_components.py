# SPDX-License-Identifier: GPL-2.0-or-later
"""Census files come in whole: what is taken, what is known again, what stays fixed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.ports import Sheet
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.services.cities import CRS, LID, RAIN, X0, Y0, box, point, squares, ties
from tests.support import Watcher, make_context, new_store

CODE = "3206810101000007"
KINDS = ("component_point", "component_line", "component_area")


def mapping(**fields):
    return json.dumps({"name": "普查", "fields": {"class_code": "cls", **fields}}, ensure_ascii=False)


IDS = mapping(source_id="id", remark="note")


def rows(*triples):
    return [{"id": i, "cls": LID, "note": note, "x": X0 + x, "y": Y0 + 5} for i, (x, note) in enumerate(triples, 1)]


def with_xy(**fields):
    return json.dumps({"fields": {"class_code": "cls", **fields}, "x": "x", "y": "y", "crs": CRS})


@pytest.mark.parametrize("ending", ["gpkg", "shp", "geojson"])
def test_layers_come_in(town, ending):
    crs = "EPSG:4326" if ending == "geojson" else CRS
    shapes = [shapely.Point(121.55, 31.8), shapely.Point(121.551, 31.8)] if ending == "geojson" else [
        point(1, 1), point(2, 2),
    ]  # fmt: skip
    result = town.census(town.layer(f"census.{ending}", shapes, "Point", crs=crs, cls=[LID, RAIN]), class_field="cls")
    assert result["counts"]["inserted"] == 2
    names = [row["name"] for row in town.rows("component_point", "name", "class_code")]
    assert names == ["上水井盖", "雨水井盖"]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_tables_come_in_by_their_coordinates(town, ending):
    body = [[LID, X0 + 5, Y0 + 5], [RAIN, X0 + 6, Y0 + 5]]
    path = str(town.folder / f"普查.{ending}")
    if ending == "xlsx":
        CityFiles().write_workbook(path, [Sheet("一", ("cls", "x", "y"), body)])
    else:
        path = town.table("普查.csv", [dict(zip(("cls", "x", "y"), row)) for row in body])
    result = town.census(path, with_xy())
    assert result["counts"]["inserted"] == 2
    assert town.rows("component_point", "geom")[0]["geom"].equals(point(5, 5))


def test_a_gbk_shapefile_is_read_right(town):
    import geopandas

    frame = geopandas.GeoDataFrame({"cls": [LID], "名称": ["汇龙镇人民路井盖"]}, geometry=[point(1, 1)], crs=CRS)
    path = town.folder / "部件.shp"
    frame.to_file(path, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    result = town.census(str(path), mapping(name="名称"))
    assert result["encoding"] in ("GBK", "GB18030")
    assert town.rows("component_point", "name") == [{"name": "汇龙镇人民路井盖"}]


def test_points_lines_and_polygons_go_to_their_tables(town):
    shapes = [
        point(1, 1),
        shapely.LineString([(X0, Y0), (X0 + 9, Y0)]),
        box(0, 0, 5, 5),
        shapely.MultiPoint([point(3, 3)]),
    ]
    result = town.census(town.layer("all.gpkg", shapes, "Unknown", cls=[LID] * 4), class_field="cls")
    assert [town.store.count(table) for table in KINDS] == [2, 1, 1]
    assert result["counts"]["inserted"] == 4
    assert town.rows("component_line", "geom")[0]["geom"].geom_type == "MultiLineString"


def test_several_points_in_one_row_and_collections_are_rejected(town):
    several = shapely.MultiPoint([point(1, 1), point(2, 2)])
    mixed = shapely.GeometryCollection([point(1, 1), box(0, 0, 1, 1)])
    result = town.census(town.layer("m.gpkg", [several, mixed], "Unknown", cls=[LID] * 2), class_field="cls")
    assert result["reasons"] == {"reject.multipart": 1, "reject.geometry_kind": 1}


def test_heights_are_dropped_and_that_is_said(town):
    high = shapely.Point(X0, Y0, 12.5)
    result = town.census(town.layer("z.gpkg", [high], "Point", cls=[LID]), class_field="cls")
    assert {"code": "note.flattened", "values": {"count": 1, "file": "z"}} in result["notes"]
    assert not shapely.has_z(town.rows("component_point", "geom")[0]["geom"])


def test_a_layer_in_degrees_is_reprojected_and_that_is_said(town):
    path = town.layer("deg.gpkg", [shapely.Point(121.55, 31.8)], "Point", crs="EPSG:4490", cls=[LID])
    result = town.census(path, class_field="cls")
    assert [note["code"] for note in result["notes"]] == ["note.reprojected"]


def test_a_geometry_goes_before_columns_called_lon_and_lat(town):
    path = town.layer("g.gpkg", [point(1, 1)], "Point", **{"class": [LID], "lon": [121.5], "lat": [31.8]})
    town.census(path)
    stored = town.rows("component_point", "geom", "attributes")[0]
    assert stored["geom"].equals(point(1, 1)) and json.loads(stored["attributes"]) == {"lon": 121.5, "lat": 31.8}


def test_the_class_may_be_given_for_all_rows(town):
    path = town.layer("one.gpkg", [point(1, 1)], "Point", other=["x"])
    assert town.census(path, class_code=LID)["counts"]["inserted"] == 1
    with pytest.raises(InputRefused, match=r"input\.class_code"):
        town.census(path, class_code="9999")


def test_a_class_is_known_by_code_name_or_number_without_its_zero(town):
    path = town.layer("n.gpkg", [point(i, 1) for i in range(4)], "Point", cls=["0101", "雨水井盖", "101", "井"])
    result = town.census(path, class_field="cls")
    assert [row["class_code"] for row in town.rows("component_point", "class_code")] == ["0101", "0103", "0101"]
    assert result["reasons"] == {"reject.unknown_class": 1}


def test_a_class_code_kept_as_a_number_lost_its_zero(town):
    path = town.layer("n.gpkg", [point(1, 1)], "Point", cls=[101])
    assert town.census(path, class_field="cls")["counts"]["inserted"] == 1


def test_a_mapping_is_saved_by_name_and_used_again(town):
    path = town.layer("a.gpkg", [point(1, 1)], "Point", cls=["井"], note=["甲"])
    text = json.dumps(
        {"name": "井盖", "fields": {"class_code": {"column": "cls", "values": {"井": LID}}, "remark": "note"}}
    )
    assert town.census(path, text)["counts"]["inserted"] == 1
    assert town.census(path, "井盖")["counts"]["unchanged"] == 1
    with pytest.raises(InputRefused, match=r"mapping\.unknown_name"):
        town.census(path, "没有")


def test_columns_that_no_field_uses_are_kept(town):
    town.census(town.layer("k.gpkg", [point(1, 1)], "Point", cls=[LID], 材质=["铸铁"], 直径=[70]), class_field="cls")
    assert json.loads(town.rows("component_point", "attributes")[0]["attributes"]) == {"材质": "铸铁", "直径": 70}


def test_a_second_import_changes_nothing_and_logs_nothing(town):
    shapes = [point(1, 1), point(1, 1), box(0, 0, 5, 5)]
    path = town.layer("twice.gpkg", shapes, "Unknown", cls=[LID] * 3)
    town.census(path, class_field="cls")
    before, operations = town.digest(), town.store.count("operation")
    result = town.census(path, class_field="cls")
    assert result["counts"]["unchanged"] == 3 and result["operation"] is None
    assert (town.digest(), town.store.count("operation")) == (before, operations)


def test_changed_rows_are_updated_and_leave_change_rows(town):
    town.census(town.table("c.csv", rows((1, "好"), (2, "好"), (3, "好"))), with_xy(source_id="id", remark="note"))
    result = town.census(
        town.table("c.csv", rows((1, "好"), (2, "坏"), (9, "好"))), with_xy(source_id="id", remark="note")
    )
    assert (result["counts"]["updated"], result["counts"]["unchanged"], result["counts"]["inserted"]) == (2, 1, 0)
    assert [row["remark"] for row in town.rows("component_point", "remark")] == ["好", "坏", "好"]
    assert town.rows("component_point", "geom")[2]["geom"].equals(point(9, 5))
    changed = [(row["field"], row["old"], row["new"]) for row in town.rows("component_change", "field", "old", "new")]
    assert ("remark", "好", "坏") in changed and {field for field, _, _ in changed} == {"remark", "geom"}


def test_an_update_leaves_what_the_file_does_not_speak_of(town):
    town.census(town.table("c.csv", rows((1, "好"))), with_xy(source_id="id", remark="note"))
    town.census(town.table("c.csv", rows((4, "坏"))), with_xy(source_id="id"))
    assert [row["remark"] for row in town.rows("component_point", "remark")] == ["好"]


def test_a_moved_component_goes_to_the_grid_where_it_stands_now(town):
    town.adopt(squares(2, 1, 500))
    west, east = (row["code"] for row in town.grids("code"))
    town.census(town.table("c.csv", rows((10, ""), (20, ""))), with_xy(source_id="id"))
    town.code()
    town.census(town.table("c.csv", rows((10, ""), (700, ""))), with_xy(source_id="id"))
    assert [row["grid_code"] for row in town.rows("component_point", "grid_code")] == [west, east]


def test_equal_rows_are_kept_counted_and_listed(town):
    shapes = [point(1, 1), point(1, 1), point(1, 1), point(2, 2)]
    result = town.census(town.layer("s.gpkg", shapes, "Point", cls=[LID, LID, RAIN, LID]), class_field="cls")
    assert (result["counts"]["same_place"], result["counts"]["same_all"]) == (2, 1)
    assert [row["rule"] for row in town.rows("check_issue", "rule")] == ["same_all", "same_place"]
    assert town.store.count("component_point") == 4


# -- codes and uuids that the file brings ------------------------------------------------------------------------------


def coded(town, *codes, file="old.gpkg", classes=None, **more):
    shapes = [point(i, 1) for i in range(len(codes))]
    path = town.layer(file, shapes, "Point", cls=classes or [LID] * len(codes), bm=list(codes), **more)
    return town.census(path, mapping(code="bm"))


def test_existing_codes_are_kept_registered_and_the_counter_moves_past_them(town):
    town.adopt(squares(1, 1, 500))
    result = coded(town, CODE, None)
    assert result["counts"]["with_code"] == 1
    register = town.rows("code_register", "code", "serial", "status", where=[("kind", "=", "component")])
    assert register == [{"code": CODE, "serial": 7, "status": "issued"}]
    town.code()
    assert [row["code"] for row in town.rows("component_point", "code")] == [CODE, "3206810101000008"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("32068101010000007", "codes.other_edition"),  # 17 digits: 2026
        ("32068101", "codes.wrong_length"),
        ("320681010100000X", "codes.not_digits"),
        ("3206810101000000", "codes.zero_sequence"),
        ("3206020101000007", "codes.other_county"),
        ("3206810103000007", "reject.code_class_differs"),
    ],
)
def test_codes_that_cannot_be_kept_are_rejected(town, code, reason):
    result = coded(town, code, CODE)
    assert result["reasons"] == {reason: 1} and result["counts"]["accepted"] == 1
    assert ties(result["counts"])


def test_a_code_twice_in_the_file_is_rejected_the_second_time(town):
    assert coded(town, CODE, CODE)["reasons"] == {"reject.duplicate_code": 1}


def test_a_code_of_another_component_is_rejected(town):
    coded(town, CODE)
    result = town.census(town.layer("other.gpkg", [point(50, 50)], "Point", cls=[LID], bm=[CODE]), mapping(code="bm"))
    assert result["reasons"] == {"reject.code_taken": 1}
    assert town.store.count("component_point") == 1


def test_a_coded_census_under_another_file_name_is_known_again(town):
    coded(town, CODE)
    assert coded(town, CODE, file="renamed.gpkg")["counts"]["unchanged"] == 1


def test_a_component_keeps_its_code_when_the_file_says_another(town):
    ids = mapping(source_id="id", code="bm")
    town.census(town.layer("i.gpkg", [point(1, 1)], "Point", id=[1], cls=[LID], bm=[CODE]), ids)
    result = town.census(town.layer("i.gpkg", [point(1, 1)], "Point", id=[1], cls=[LID], bm=["3206810101000009"]), ids)
    assert result["reasons"] == {"reject.code_fixed": 1}


def test_an_uncoded_component_takes_the_code_that_the_file_brings_later(town):
    ids = mapping(source_id="id", code="bm")
    town.census(town.layer("i.gpkg", [point(1, 1)], "Point", id=[1], cls=[LID], bm=[None]), ids)
    result = town.census(town.layer("i.gpkg", [point(1, 1)], "Point", id=[1], cls=[LID], bm=[CODE]), ids)
    assert (result["counts"]["updated"], result["counts"]["with_code"]) == (1, 1)
    found = town.rows("component_point", "uuid", "code")[0]
    assert found["code"] == CODE
    assert town.rows("code_register", "object_uuid") == [{"object_uuid": found["uuid"]}]


def test_the_class_of_a_coded_component_does_not_change(town):
    town.adopt(squares(1, 1, 500))
    ids = mapping(source_id="id")
    town.census(town.layer("i.gpkg", [point(1, 1)], "Point", id=[1], cls=[LID]), ids)
    town.code()
    result = town.census(town.layer("i.gpkg", [point(1, 1)], "Point", id=[1], cls=[RAIN]), ids)
    assert result["reasons"] == {"reject.class_fixed": 1}


def test_a_point_does_not_become_a_polygon_and_other_rows_are_updated(town):
    ids = mapping(source_id="id")
    town.census(town.layer("k.gpkg", [point(1, 1), point(2, 2)], "Unknown", id=[1, 2], cls=[LID] * 2), ids)
    result = town.census(town.layer("k.gpkg", [box(0, 0, 3, 3), point(7, 7)], "Unknown", id=[1, 2], cls=[LID] * 2), ids)
    assert result["reasons"] == {"reject.kind_changed": 1} and result["counts"]["updated"] == 1
    assert town.rows("component_point", "geom")[1]["geom"].equals(point(7, 7))


def test_uuids_are_kept_and_doubtful_ones_rejected(town):
    one = "0b8d1c6e-5f5e-4a29-9b53-0a4a3b6f7a11"
    values = [one.upper(), one, "not-one", "{" + one.replace("0b8d", "1b8d") + "}"]
    path = town.layer("u.gpkg", [point(i, 1) for i in range(4)], "Point", cls=[LID] * 4, uid=values)
    result = town.census(path, mapping(uuid="uid"))
    assert result["reasons"] == {"reject.duplicate_uuid": 1, "reject.uuid": 1}
    assert [row["uuid"] for row in town.rows("component_point", "uuid")] == [one, one.replace("0b8d", "1b8d")]
    again = town.layer("v.gpkg", [point(9, 9)], "Point", cls=[LID], uid=[one])
    assert town.census(again, mapping(uuid="uid"))["reasons"] == {"reject.uuid_taken": 1}


def test_a_census_may_tell_its_classes_by_the_codes_alone(town):
    path = town.layer("b.gpkg", [point(1, 1), point(2, 2)], "Point", bm=[CODE, None])
    result = town.census(path, json.dumps({"fields": {"code": "bm"}}))
    assert result["counts"]["inserted"] == 1 and result["reasons"] == {"reject.no_class": 1}


# -- all or nothing ----------------------------------------------------------------------------------------------------


def test_cancelling_at_any_moment_leaves_the_store_and_no_reject_list(town):
    path = town.layer("c.gpkg", [point(i, 1) for i in range(5)], "Point", cls=[LID, "井"] * 2 + [LID])
    before = town.digest()
    for moment in range(1, 9):
        town.watcher = Watcher(cancel_at=moment)
        try:
            town.census(path, rejects=str(town.folder / "r.xlsx"), class_field="cls")
            break
        except Cancelled:
            assert town.digest() == before
            assert not list(town.folder.glob("*r.xlsx")) and not list(town.folder.glob(".dcm_*"))
    assert town.store.count("component_point") == 3


def test_what_was_half_read_is_taken_back_when_the_second_chunk_fails(town, monkeypatch):
    from digital_citymgmt_plugin.storage import vectors

    count = 20_010
    path = town.layer("big.gpkg", list(shapely.points(X0 + np.arange(count) / 100, np.full(count, Y0))), "Point",
                      cls=[LID] * count)  # fmt: skip
    before, plain, calls = town.digest(), vectors.plain_values, []

    def failing(array, kind):
        calls.append(kind)
        if len(calls) > 1:
            raise InputRefused("input.unreadable", file="big.gpkg", detail="cut short")
        return plain(array, kind)

    monkeypatch.setattr(vectors, "plain_values", failing)
    with pytest.raises(InputRefused, match="unreadable"):
        town.census(path, class_field="cls")
    assert len(calls) == 2 and town.digest() == before


def test_an_empty_city_takes_a_census_before_its_areas(city):
    assert (
        city.census(city.layer("a.gpkg", [point(1, 1)], "Point", cls=[LID]), class_field="cls")["counts"]["inserted"]
        == 1
    )


def test_two_stores_given_the_same_file_hold_the_same(tmp_path, town):
    path = town.layer("same.gpkg", [point(1, 1), point(2, 2)], "Point", cls=[LID, RAIN])
    town.census(path, class_field="cls")
    from digital_citymgmt_plugin.core.requests import ImportComponents, Layer
    from digital_citymgmt_plugin.services.components import import_components

    other = new_store(tmp_path / "other.gpkg")
    try:
        import_components(make_context(other), ImportComponents(Layer(path), class_field="cls"))
        ours, theirs = (store.read("component_point", ["import_key", "import_digest"]) for store in (town.store, other))
        assert {name: column.tolist() for name, column in ours.items()} == {n: c.tolist() for n, c in theirs.items()}
    finally:
        other.close()


def test_equal_ids_in_two_layers_of_a_file_are_two_components(town):
    import geopandas

    path = str(town.folder / "2024.05 普查.gpkg")
    for layer, x in (("灯", 1), ("栓", 2)):
        frame = geopandas.GeoDataFrame({"id": [1, 2]}, geometry=[point(x, 1), point(x, 2)], crs=CRS)
        frame.to_file(path, layer=layer)
    given = {"class_code": LID, "mapping": json.dumps({"fields": {"source_id": "id"}})}
    found = [town.census(path, layer=layer, **given)["counts"] for layer in ("灯", "栓", "灯")]
    assert [(counts["inserted"], counts["unchanged"]) for counts in found] == [(2, 0), (2, 0), (0, 2)]


def test_another_file_of_the_same_name_and_ids_does_not_move_what_is_known(town):
    given = {"class_code": LID, "mapping": json.dumps({"fields": {"source_id": "gid"}})}
    for folder in ("east", "west"):
        (town.folder / folder).mkdir()
    places = {"east": [point(x, 1) for x in (1, 2, 3)], "west": [point(x, 1) for x in (500, 600, 3)]}
    paths = [town.layer(f"{at}/manholes.gpkg", shapes, "Point", gid=[1, 2, 3]) for at, shapes in places.items()]
    town.census(paths[0], **given)
    before = town.digest()
    with pytest.raises(InputRefused) as caught:
        town.census(paths[1], **given)
    assert caught.value.code == "input.other_source"
    assert caught.value.values == {"file": "manholes", "count": 3, "moved": 2}
    assert town.digest() == before
    own = {"fields": {"source_id": "gid"}, "source": "manholes west"}
    assert town.census(paths[1], class_code=LID, mapping=json.dumps(own))["counts"]["inserted"] == 3
    same = {"fields": {"source_id": "gid"}, "source": "manholes"}
    assert town.census(paths[1], class_code=LID, mapping=json.dumps(same))["counts"]["updated"] == 2


def test_columns_that_the_mapping_does_not_use_have_a_history_too(town):
    for colour in ("red", "blue"):
        row = {"id": 1, "cls": LID, "x": X0 + 1, "y": Y0 + 1, "colour": colour}
        town.census(town.table("c.csv", [row]), with_xy(source_id="id"))
    (change,) = town.rows("component_change", "field", "old", "new")
    assert change["field"] == "attributes"
    assert [json.loads(change[name])["colour"] for name in ("old", "new")] == ["red", "blue"]


def test_components_that_lie_alone_again_have_no_open_issue(town):
    ids = with_xy(source_id="id")
    town.census(town.table("c.csv", rows((1, ""), (1, ""), (2, ""))), ids)
    town.census(town.table("c.csv", rows((1, ""), (5, ""), (2, ""))), ids)
    town.census(town.table("c.csv", rows((1, ""), (5, ""), (1, ""))), ids)
    issues = town.rows("check_issue", "rule", "state", "params")
    assert [(row["rule"], row["state"]) for row in issues] == [("same_place", "settled"), ("same_place", "open")]
    assert json.loads(issues[1]["params"]) == {"row": 4, "other_row": 2}


def test_a_table_without_known_coordinates_is_refused_and_its_columns_are_named(town):
    path = town.folder / "wkt.csv"
    path.write_text("id,class,WKT\n1,0101,POINT (121 31)\n", encoding="utf-8")
    with pytest.raises(InputRefused) as caught:
        town.census(str(path))
    assert (caught.value.code, caught.value.values["known"]) == ("input.no_place", "id, class, WKT")


def test_a_census_that_comes_again_under_another_name_is_told(town):
    town.census(town.table("普查.csv", rows((1, "a"), (3, "b"))), with_xy(source_id="id"))
    again = town.census(town.table("普查 新.csv", rows((1, "a"), (3, "b"), (7, "c"))), with_xy(source_id="id"))
    assert (again["counts"]["inserted"], again["counts"]["on_stored"]) == (3, 2)
    (note,) = [note for note in again["notes"] if note["code"] == "census.on_stored"]
    assert (note["values"]["count"], note["values"]["new"]) == (2, 3)
    same = town.census(town.table("普查.csv", rows((1, "a"), (3, "b"))), with_xy(source_id="id"))
    assert same["counts"]["on_stored"] == 0
    assert all(note["code"] != "census.on_stored" for note in same["notes"])
