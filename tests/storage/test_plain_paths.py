# SPDX-License-Identifier: GPL-2.0-or-later
"""Semicolons, exclamation marks, quotes and blanks in the names of files and folders."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.storage.vector_rows import obj, rows_of


@pytest.mark.parametrize("ending", ["gpkg", "shp", "geojson", "csv", "xlsx"])
@pytest.mark.parametrize("name", ["第一批;部件", "wow!", "a'b \"c\"", "x?y=1", "50% #1"])
def test_a_file_of_an_odd_name_is_written_and_read(tmp_path, name, ending):
    folder = tmp_path / "資料; 夾!"
    folder.mkdir()
    path = folder / f"{name}.{ending}"
    table = ending in ("csv", "xlsx")
    columns = {"n": np.array([1, 2]), "词": obj(["井", "盖"])}
    if not table:
        columns[GEOM] = obj([shapely.Point(1, 2), shapely.Point(3, 4)])
    CityFiles().write_layer(str(path), "层", columns, None if table else "EPSG:4550", None if table else "Point")
    assert path.is_file()
    rows = rows_of(CityFiles().open_source(str(path)))
    assert [str(row["n"]) for row in rows] == ["1", "2"]
    assert [row["词"] for row in rows] == ["井", "盖"]
    assert all(item.name.startswith(name) for item in folder.iterdir())
