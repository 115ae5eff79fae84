# SPDX-License-Identifier: GPL-2.0-or-later
"""Places and tracks as they should not be: every row is taken or rejected, and a second import changes nothing."""

from __future__ import annotations

import csv
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.bridge.messages import SENTENCES
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Sheet
from digital_citymgmt_plugin.core.requests import ImportPlaces, ImportTracks, Layer
from digital_citymgmt_plugin.services.places import import_places
from digital_citymgmt_plugin.services.tracks import import_tracks
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.services.cities import CRS, X0, Y0, City
from tests.support import Watcher, new_store

WORDS = st.sampled_from(
    ["", " ", "-", "人民路12号", "5弄3号", "12-18", "'; DROP TABLE place; --", "=1+1", "\u202e反", "😀", "N/A", "nan",
     "9" * 40, "1e400", "号" * 300, "十二", "0", "-7", "路"]
) | st.text(max_size=8)  # fmt: skip
COORDINATES = st.sampled_from(["", "nan", "inf", "x", "0", str(X0), str(Y0), "1e309", "121.6", "-1"]) | st.floats(
    X0 - 500, X0 + 2500
).map(str)
PLACE_ROWS = st.lists(
    st.fixed_dictionaries(
        {"gid": WORDS, "名称": WORDS, "地址": WORDS, "街路巷": WORDS, "门牌号": WORDS, "方向": WORDS, "门牌范围": WORDS,
         "x": COORDINATES, "y": st.just(str(Y0)) | COORDINATES}
    ),
    min_size=1, max_size=12,
)  # fmt: skip
TIMES = WORDS | st.integers(0, 600).map(lambda second: f"2026-01-05 08:{second // 60:02d}:{second % 60:02d}")
TRACK_ROWS = st.lists(
    st.fixed_dictionaries(
        {"车牌": st.sampled_from(["A", "B", ""]) | WORDS, "时间": TIMES, "x": COORDINATES,
         "y": st.just(str(Y0)) | COORDINATES, "速度": WORDS}
    ),
    min_size=1, max_size=25,
)  # fmt: skip


@pytest.fixture(scope="module")
def store_of(tmp_path_factory):
    """A town for all examples: what came before must make no difference to what must hold."""
    folder = tmp_path_factory.mktemp("hostile")
    city = City(new_store(folder / "city.gpkg"), folder, Watcher())
    city.communities()
    yield city
    city.store.close()


def write(city, rows):
    path = city.folder / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def twice(city, call, request):
    """Import twice; what is refused as a whole must leave the store as it was."""
    before = city.digest()
    try:
        first = call(city.context, request)
    except InputRefused as error:
        assert error.code in SENTENCES and city.digest() == before
        return
    counts = first["counts"]
    assert counts["accepted"] + counts["rejected"] == counts["read"]
    assert counts["inserted"] + counts.get("updated", 0) + counts["unchanged"] == counts["accepted"]
    assert sum(first["reasons"].values()) == counts["rejected"] and set(first["reasons"]) <= set(SENTENCES)
    after = city.digest()
    second = call(city.context, request)
    assert second["operation"] is None and second["counts"]["unchanged"] == counts["accepted"]
    assert city.digest() == after


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLACE_ROWS, st.sampled_from(["poi", "landmark", "plate", "camera"]))
def test_rows_of_places_tie_and_a_second_import_changes_nothing(store_of, rows, kind):
    own = str(store_of.store.count("operation"))  # each example is a source of its own
    names = {"plate": {"street": "街路巷", "number": "门牌号"}, "camera": {"direction": "方向"}}
    fields = {"name": "名称", "source_id": "gid", "address": "地址", **names.get(kind, {})}
    mapping = {"fields": fields, "x": "x", "y": "y", "source": own}
    twice(store_of, import_places, ImportPlaces(Layer(write(store_of, rows), crs=CRS), kind, json.dumps(mapping)))


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TRACK_ROWS)
def test_rows_of_tracks_tie_and_a_second_import_changes_nothing(store_of, rows):
    twice(store_of, import_tracks, ImportTracks(Layer(write(store_of, rows), crs=CRS)))


def test_formulas_are_not_trusted(town):
    path = str(town.folder / "f.xlsx")
    rows = [("甲", X0, Y0), ("乙", X0 + 1, Y0)]
    CityFiles().write_workbook(path, [Sheet("poi", ("name", "x", "y"), rows)])
    import openpyxl

    book = openpyxl.load_workbook(path)
    book.active["A2"] = '=HYPERLINK("http://x","甲")'
    book.save(path)
    result = import_places(town.context, ImportPlaces(Layer(path, crs=CRS), "poi"))
    assert result["reasons"] == {"reject.formula": 1} and result["counts"]["inserted"] == 1


def test_too_many_carriers_are_no_carriers(town, monkeypatch):
    monkeypatch.setattr("digital_citymgmt_plugin.services.track_rows._MOST_CARRIERS", 10)
    rows = [{"设备": f"d{row}", "时间": "2026-01-05 08:00:00", "x": X0, "y": Y0} for row in range(11)]
    before = town.digest()
    with pytest.raises(InputRefused, match=r"input\.carriers"):
        import_tracks(town.context, ImportTracks(Layer(write(town, rows), crs=CRS)))
    assert town.digest() == before
