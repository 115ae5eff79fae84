# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit grids for platforms: losses told beforehand, the file read back by other means than ours."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.requests_history import ExportGrids, ListPlatforms
from digital_citymgmt_plugin.core.shifted import from_gcj02
from digital_citymgmt_plugin.services.grid_export import export_grids, list_platforms
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.projections import Projected
from tests.services.cities import CRS, FIRST, SECOND, box

RING = shapely.Polygon(box(0, 0, 500, 500).exterior, [box(200, 200, 300, 300).exterior])
PAIR = shapely.MultiPolygon([box(1000, 0, 1200, 100), box(1400, 0, 1500, 100)])


@pytest.fixture
def grown(town):
    """Three grids: one with a hole, one plain, one of two parts; a name that GBK lacks."""
    town.adopt([RING, box(500, 0, 1000, 500), PAIR])
    fids = town.store.read("unit_grid", ["fid"], [], ["code"])["fid"]
    with town.store.action("test") as action:
        action.update("unit_grid", fids, {"name": objects(["花园", "𠮷祥里", "河东" * 60])})
    return town


def export(town, platform, path, **more):
    return export_grids(town.context, ExportGrids(platform, str(path), **more))


def test_a_page_over_amap_gets_single_polygons_in_gcj02_with_the_code_in_the_name(grown, tmp_path):
    path = tmp_path / "grids.geojson"
    result = export(grown, "geojson_page", path, report=str(tmp_path / "losses.csv"))
    file = json.loads(path.read_text("utf-8"))
    assert set(file) == {"type", "features"} and [f["geometry"]["type"] for f in file["features"]] == ["Polygon"] * 4
    names = [feature["properties"]["name"] for feature in file["features"]]
    assert names[0] == f"{FIRST}001 花园" and names[2] == names[3] and names[2].startswith(f"{SECOND}001 ")
    ring = np.array(file["features"][1]["geometry"]["coordinates"][0])
    lon, lat = from_gcj02(ring[:, 0], ring[:, 1])
    back = Projected().transform(objects([shapely.Polygon(np.column_stack([lon, lat]))]), "EPSG:4326", CRS)[0]
    assert shapely.hausdorff_distance(back, box(500, 0, 1000, 500)) < 0.05
    assert result["losses"] == {
        "handover.loss_columns": 1, "handover.loss_fields": 1, "handover.loss_codes": 1,
        "handover.loss_shift": 1, "handover.loss_length": 1, "handover.loss_precision": 1,
        "handover.loss_parts_split": 1, "handover.loss_holes_fill": 1,
    }  # fmt: skip
    counts = result["counts"]
    assert (counts["grids_then"], counts["features"], counts["grids_hit"], counts["differs"]) == (3, 4, 2, 0)
    table = next(iter(CityFiles().open_source(result["table"]).chunks()))
    assert table["code"].tolist() == [FIRST + "001", FIRST + "002", SECOND + "001"]
    assert len(next(iter(CityFiles().open_source(str(tmp_path / "losses.csv")).chunks()))["grid"]) == counts["losses"]


def test_a_shapefile_in_gbk_says_which_signs_it_lacks_and_has_the_rest_byte_by_byte(grown, tmp_path):
    result = export(grown, "shp_gbk", tmp_path / "grids.shp")
    assert (tmp_path / "grids.cpg").read_text().strip().upper() in ("GBK", "CP936", "936")
    raw = (tmp_path / "grids.dbf").read_bytes()
    assert "花园".encode("gbk") in raw and "?祥里".encode("gbk") in raw and "社区001".encode("gbk") in raw
    assert b"BGID" in raw and b"JDMC" in raw
    assert result["losses"]["handover.loss_charset"] == 1 and result["losses"]["handover.loss_length"] == 1
    assert "handover.loss_holes_fill" not in result["losses"] and result["counts"]["differs"] == 0
    told = next(one for one in result["told"] if one["code"] == "handover.loss_charset")
    assert told["values"]["signs"] == "𠮷" and told["grid"] == FIRST + "002"
    assert (tmp_path / "grids_codes.xlsx").is_file()


def test_the_others_are_read_back_without_a_difference(grown, tmp_path):
    for platform, file in (("geojson_full", "a.geojson"), ("shp_objid", "b.shp")):
        result = export(grown, platform, tmp_path / file)
        assert (result["counts"]["differs"], result["counts"]["features"]) == (0, 3), result["told"]
    assert result["losses"]["handover.loss_parts_fuse"] == result["losses"]["handover.loss_holes_fuse"] == 1


def test_what_gets_lost_is_told_without_a_file(grown, tmp_path):
    result = export(grown, "shp_objid", "", check=True)
    assert result["counts"]["losses"] and not list(tmp_path.glob("*.shp")) and "output" not in result
    assert {one.code for one in CityFiles().platforms()} == {
        one["code"] for one in list_platforms(grown.context, ListPlatforms())["platforms"]
    }


def test_a_changed_file_is_found_when_read_back(grown, tmp_path, monkeypatch):
    write = CityFiles.write_platform_file

    def lossy(self, path, platform, columns, crs):
        changed = dict(columns)
        changed["name"] = objects([None, *columns["name"].tolist()[1:]])
        changed["geom"] = objects([shapely.box(0, 0, 1, 1), *columns["geom"].tolist()[1:]])
        write(self, path, platform, changed, crs)

    monkeypatch.setattr(CityFiles, "write_platform_file", lossy)
    result = export(grown, "geojson_full", tmp_path / "a.geojson")
    assert result["counts"]["differs"] == 2
    assert {one["code"] for one in result["told"] if "differs" in one["code"]} == {
        "handover.differs_field", "handover.differs_shape"
    }  # fmt: skip


def test_a_profile_of_ones_own_comes_from_a_file(grown, tmp_path):
    own = {"code": "mine", "title": {"en": "m", "zh": "m"}, "format": "geojson", "crs": "EPSG:4326", "parts": "skip",
           "code_field": "id", "fields": [{"name": "id", "fill": "{code}"}], "decimals": 3}  # fmt: skip
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(own))
    result = export(grown, "", tmp_path / "a.geojson", profile=str(path))
    assert result["losses"]["handover.loss_parts_skip"] == 1 and result["counts"]["differs"] == 0
    for entry in ({"format": "dwg"}, {"fields": [{"name": "id", "fill": "{nothing}"}]}, {"shift": "x"}, {"more": 1}):
        path.write_text(json.dumps({**own, **entry}))
        with pytest.raises(ProfileError, match=r"handover\.profile"):
            export(grown, "", tmp_path / "b.geojson", profile=str(path))
    path.write_text("no json")
    with pytest.raises(ProfileError):
        export(grown, "mine", tmp_path / "b.geojson", profile=str(path))


@pytest.mark.parametrize(
    ("platform", "file", "more", "code"),
    [
        ("none", "a.shp", {}, "handover.unknown"),
        ("shp_gbk", "a.geojson", {}, "handover.ending"),
        ("shp_gbk", "", {}, "handover.no_output"),
        ("shp_gbk", "a.shp", {"day": "2001-01-01"}, "lineage.none_on"),
        ("shp_gbk", "a.shp", {"profile": "/nowhere.json"}, "handover.no_profile_file"),
    ],
)
def test_what_cannot_be_is_refused(grown, tmp_path, platform, file, more, code):
    with pytest.raises(InputRefused) as caught:
        export(grown, platform, tmp_path / file if file else "", **more)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "entry",
    [
        {"encoding": "no such"}, {"encoding": 5}, {"encoding": "rot13"}, {"decimals": "3"}, {"decimals": 10_000},
        {"decimals": None}, {"crs": 5}, {"code": [5]}, {"title": 5}, {"taken": [5]}, {"parts": [1]}, {"fields": []},
        {"fields": [{"name": "id", "fill": "{code:d}"}]}, {"fields": [{"name": "id", "fill": "{}"}]},
        {"fields": [{"name": "id", "fill": "{code:{x}}"}]}, {"fields": [{"name": "id", "fill": "{code:>900000000}"}]},
        {"fields": [{"name": "id", "fill": "{code", "length": 1}]}, {"fields": [{"name": 5, "fill": "{code}"}]},
        {"fields": [{"name": "id", "fill": "{code}", "length": "1"}]}, {"fields": [{"name": "geom", "fill": "{code}"}]},
        {"fields": [{"name": "id", "fill": "{code}"}, {"name": "id", "fill": "{name}"}]},
    ],
)  # fmt: skip
def test_a_wrong_entry_of_a_profile_is_told_before_anything_is_written(grown, tmp_path, entry):
    own = {"code": "mine", "title": {"en": "m", "zh": "m"}, "format": "geojson",
           "fields": [{"name": "id", "fill": "{code}"}]}  # fmt: skip
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({**own, **entry}))
    with pytest.raises(ProfileError, match=r"handover\.profile"):
        export(grown, "", tmp_path / "b.geojson", profile=str(path))
    assert not (tmp_path / "b.geojson").exists()


def test_a_profile_of_brackets_is_refused(grown, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ProfileError, match=r"handover\.profile"):
        export(grown, "", tmp_path / "b.geojson", profile=str(path))
