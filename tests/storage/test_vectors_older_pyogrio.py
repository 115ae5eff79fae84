# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers read alike whatever pyogrio says of them: before 0.12 (Python 3.9) it tells less, in other words."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pyogrio
import pytest
import shapely

from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.vector_values import _iso, plain_crs
from digital_citymgmt_plugin.storage.vectors import VectorSource
from tests.storage.vector_rows import obj, rows_of

DTYPES = {"name": "object", "n": "int64", "x": "float64", "ok": "bool", "day": "datetime64[D]", "at": "datetime64[ms]"}


@pytest.fixture
def layer(tmp_path):
    path = tmp_path / "部件.gpkg"
    columns = {
        "name": obj(["井盖", None]),
        "n": obj([2**60 + 1, None]),
        "x": obj([1.5, None]),
        "ok": obj([True, None]),
        "day": obj([date(2024, 2, 29), None]),
        "at": obj([datetime(2024, 2, 29, 23, 59, 58), None]),
        GEOM: obj([shapely.Point(1, 2), None]),
    }
    CityFiles().write_layer(str(path), "部件", columns, "EPSG:4549", "Point")
    return path


def read(path):
    source = VectorSource(str(path), ".gpkg")
    return source.info, rows_of(source)


def test_kinds_and_values_are_the_same_from_dtypes_alone(layer, monkeypatch):
    told = read(layer)
    info = pyogrio.read_info

    def older(*args, **kwargs):
        about = dict(info(*args, **kwargs))
        for name in ("ogr_types", "ogr_subtypes"):
            about.pop(name, None)
        about["dtypes"] = [DTYPES[name] for name in about["fields"]]
        return about

    monkeypatch.setattr(pyogrio, "read_info", older)
    assert read(layer) == told


@pytest.mark.parametrize(
    "text",
    ["2024-01-01T08:00:00+08:00", "2024/01/01 08:00:00+08", "2024/01/01 08:00:00+0800", "2024/01/01 08:00:00.000+08"],
)
def test_an_offset_is_read_however_gdal_spells_it(text):
    assert _iso(text) == datetime(2024, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize("kind", ["geographic", "Cartesian"])
def test_the_undefined_crs_of_a_geopackage_is_no_crs(kind):
    assert plain_crs(f'GEOGCS["Undefined {kind} SRS",DATUM["unknown"]]') is None
    assert plain_crs("EPSG:4549") == "EPSG:4549"
