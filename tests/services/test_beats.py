# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats in the store: saved, drafted, brought in, following a redraw, taken back."""

from __future__ import annotations

import openpyxl
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.beat_loads import checked_weights, loads_of
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import (
    DraftBeats,
    ExportBeats,
    ImportBeats,
    Layer,
    ListBeats,
    SaveBeats,
    UndoOperation,
)
from digital_citymgmt_plugin.services.beat_import import import_beats
from digital_citymgmt_plugin.services.beat_saving import save_beats
from digital_citymgmt_plugin.services.beats import draft_beats, export_beats, list_beats
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.cities import X0, Y0, box, squares
from tests.support import Watcher, make_context


def codes(city):
    return [row["code"] for row in city.grids("code")]


def listed(city, **options):
    return list_beats(city.context, ListBeats(**options))


def save(city, members, **options):
    return save_beats(city.context, SaveBeats(members, **options))


def halves(city):
    """The western and the eastern community as two beats."""
    return {code: "A" if code.startswith("320681001001") else "B" for code in codes(city)}


def of(city):
    found = listed(city)["grids"]
    return dict(zip(found["code"], found["beat"]))


def test_listed_with_figures_neighbours_and_shapes(census):
    found = listed(census, shapes=True)
    assert found["counts"] == {"grids": 8, "beats": 0, "without": 8} and found["next"] == "001"
    assert sum(found["grids"]["components"]) == 100
    assert found["grids"]["area"] == [250_000.0] * 8
    assert len(found["edges"]) == 10  # 4 x 2 squares: 6 side by side, 4 one over the other
    assert shapely.from_wkb(found["grids"]["shape"][0]).area == 250_000


def test_saved_changed_retired_and_taken_back(census):
    empty = census.digest()
    first = save(census, halves(census), names={"A": "西片"})
    assert first["counts"] == {
        "beats_new": 2, "beats_retired": 0, "beats_changed": 0, "grids_moved": 0, "grids_given": 8, "grids_freed": 0,
    }  # fmt: skip
    beats = census.store.read("beat", ["code", "name", GEOM, "valid_from"], [], ["code"])
    assert beats["name"].tolist() == ["西片", None] and shapely.area(beats[GEOM]).tolist() == [1e6, 1e6]
    assert save(census, halves(census))["operation"] is None  # the same again writes nothing
    all_codes = codes(census)
    second = save(census, {all_codes[0]: "B", all_codes[1]: ""})
    assert second["counts"]["grids_moved"] == 1 and second["counts"]["grids_freed"] == 1
    assert second["counts"]["beats_changed"] == 2
    third = save(census, dict.fromkeys(all_codes, "A"))
    assert third["counts"]["beats_retired"] == 1
    assert len(census.store.read("beat", ["code"], [("valid_to", "is null", None)])["code"]) == 1
    assert census.store.count("beat_member", [("valid_to", "is null", None)]) == 8
    with pytest.raises(InputRefused, match=r"beats\.code_used"):
        save(census, {all_codes[0]: "B"})
    for done in (third, second, first):
        undo_operation(census.context, UndoOperation(done["operation"]))
    assert census.store.count("beat") == census.store.count("beat_member") == 0
    assert census.digest() != empty  # the log has grown


def test_wrong_members_are_refused(census):
    with pytest.raises(InputRefused, match=r"beats\.unknown"):
        save(census, {"999": "A"})
    with pytest.raises(InputRefused, match=r"beats\.code"):
        save(census, {codes(census)[0]: "A" * 21})


def test_drafted_by_area_and_adopted(census, tmp_path):
    path = str(tmp_path / "beats.gpkg")
    draft = draft_beats(census.context, DraftBeats(4, path, {"area": 1}))
    assert draft["counts"] == {"grids_in_beats": 8, "beats": 4, "moved": 0, "uneven_beats": 0} and draft["uneven"] == 0
    assert sorted(set(draft["members"].values())) == ["001", "002", "003", "004"]
    assert census.store.count("beat") == 0
    done = import_beats(census.context, ImportBeats(Layer(path), "code"))
    assert (done["counts"]["beats_new"], done["counts"]["grids_given"], done["counts"]["grids_without"]) == (4, 8, 0)
    assert of(census) == draft["members"]
    again = draft_beats(census.context, DraftBeats(4, None, {"area": 1}, from_current=True))
    assert again["counts"]["moved"] == 0 and again["members"] == draft["members"] and again["before"] == 0


def test_drafted_from_todays_with_few_hands(census):
    save(census, halves(census))
    mixed = {**halves(census), codes(census)[3]: "B"}
    draft = draft_beats(census.context, DraftBeats(2, None, {"area": 1}, members=mixed, moves=1))
    assert draft["counts"]["moved"] == 1 and draft["uneven"] == 0 and draft["before"] == 25
    locked = draft_beats(
        census.context, DraftBeats(2, None, {"area": 1}, members=mixed, locked_grids=[codes(census)[3]])
    )
    assert locked["members"][codes(census)[3]] == "B"
    three = draft_beats(census.context, DraftBeats(3, None, {"area": 1}, from_current=True, tolerance=0.3))
    assert sorted(set(three["members"].values())) == ["001", "A", "B"]
    one = draft_beats(census.context, DraftBeats(1, None, {"area": 1}, from_current=True))
    assert one["counts"]["moved"] == 4 and "beats.dissolved" in [note["code"] for note in one["notes"]]
    with pytest.raises(InputRefused, match=r"beats\.unknown"):
        draft_beats(census.context, DraftBeats(2, None, locked=["C"], from_current=True))
    with pytest.raises(InputRefused, match=r"beats\.no_load"):
        draft_beats(census.context, DraftBeats(2, None, {"cases": 1}))


def test_stopped_it_answers_with_the_best_so_far(census, tmp_path):
    listed(census)  # what is read is kept: only the search is stopped
    path = tmp_path / "beats.gpkg"
    watcher = Watcher(cancel_at=1)
    draft = draft_beats(make_context(census.store, watcher), DraftBeats(4, str(path), {"area": 1}))
    assert len(set(draft["members"].values())) == 4 and draft["stopped"] and path.exists()
    assert draft["notes"][0]["code"] == "beats.stopped"


def test_a_vendors_polygons(census):
    shapes = [box(-10, -10, 760, 1010), box(760, -10, 2010, 1010), box(0, 0, 5, 5)]
    path = census.layer("beats.geojson", shapes, code=["西", "东", None], name=["西片", "东片", "?"])
    done = import_beats(census.context, ImportBeats(Layer(path), "code", "name"))
    assert done["counts"]["read"] == 3 and done["counts"]["rejected"] == 1 and done["reasons"] == {"reject.missing": 1}
    assert done["counts"]["beats_new"] == 2 and done["counts"]["grids_without"] == 0
    assert next(note for note in done["notes"] if note["code"] == "beats.across")["values"]["count"] == 2
    beats = census.store.read("beat", ["code", "name", GEOM], [], ["code"])
    assert dict(zip(beats["code"], beats["name"])) == {"西": "西片", "东": "东片"}
    assert sorted(shapely.area(beats[GEOM]).tolist()) == [1e6, 1e6]  # unions of unit grids, not the vendor's outline


def test_a_table_of_grids_with_their_beat(census):
    all_codes = codes(census)
    rows = [{"grid": code, "beat": "1"} for code in all_codes[:5]] + [{"grid": all_codes[0], "beat": "2"}]
    path = census.table("beats.csv", [*rows, {"grid": "x", "beat": "2"}])
    done = import_beats(census.context, ImportBeats(Layer(path), "beat", grid_field="grid"))
    assert done["reasons"] == {"reject.duplicate_code": 1, "reject.no_such_grid": 1}
    assert done["counts"]["grids_given"] == 5 and done["counts"]["grids_without"] == 3
    with pytest.raises(InputRefused, match=r"input\.no_field"):
        import_beats(census.context, ImportBeats(Layer(path), "nix", grid_field="grid"))


def test_beats_follow_new_grids(census):
    save(census, halves(census))
    before = of(census)
    parts = [box(0, 0, 250, 500), box(250, 0, 500, 500), *squares(4, 2, 500.0)[1:]]
    done = census.adopt(parts, file="split.gpkg", policy="all_new")
    assert done["counts"]["inserted"] == 2 and done["counts"]["retired"] == 1
    after = of(census)
    new = set(after) - set(before)
    assert len(new) == 2 and {after[code] for code in new} == {"A"}
    beats = census.store.read("beat", [GEOM], [], ["code"])
    assert shapely.area(beats[GEOM]).tolist() == [1e6, 1e6]
    assert census.store.count("beat_member", [("valid_to", "is null", None)]) == 9
    undo_operation(census.context, UndoOperation(done["operation"]))
    assert of(census) == before
    assert census.store.verify() == []


def test_exported_as_a_workbook(census, tmp_path):
    save(census, halves(census), names={"A": "=1+1"})
    path = tmp_path / "beats.xlsx"
    done = export_beats(census.context, ExportBeats(str(path)))
    assert done["counts"] == {"beats": 2, "grids_in_beats": 8}
    book = openpyxl.load_workbook(path)
    rows = list(book["责任网格"].iter_rows(values_only=True))
    assert any("合计" in [str(cell) for cell in row] for row in rows)
    assert len(list(book["单元网格"].iter_rows())) >= 9


def test_weights_are_shares_of_the_city():
    figures = {"area": [1.0, 3.0], "components": [10.0, 0.0], "cases": [0.0, 0.0], "road": [1.0, 1.0]}
    assert loads_of(figures, {"area": 2.0}) == [1.0, 3.0]
    assert loads_of(figures, {"area": 1.0, "components": 1.0, "cases": 2.0}) == pytest.approx([31.25, 18.75])
    assert checked_weights(None) == {"components": 1.0}
    for wrong in ({"people": 1}, {"area": -1}, {"area": 0}, {"area": float("nan")}, {"area": True}):
        with pytest.raises(InputRefused, match=r"beats\.weights"):
            checked_weights(wrong)


def test_road_along_an_edge_is_shared_by_both_sides(census):
    """500 m of a road between two grids, 500 m inside one: 250 m for one, 750 m for the other."""
    line = shapely.LineString([(X0 + 500, Y0), (X0 + 500, Y0 + 500), (X0 + 500, Y0 + 1000)])
    inside = shapely.LineString([(X0 + 10, Y0 + 10), (X0 + 110, Y0 + 10)])
    shapes = objects(shapely.multilinestrings([one]) for one in (line, inside))
    with census.store.action("import_base_map") as action:
        action.insert("base_line", {GEOM: shapes, "theme": objects(["road"] * 2)})
    road = listed(census)["grids"]["road"]
    assert sorted(road) == [0, 0, 0, 0, 250, 250, 250, 350]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"count": 10**12}, "beats.count"),  # codes for so many would not fit into memory
        ({"count": 9}, "beats.count"), ({"count": 0}, "beats.count"), ({"count": -3}, "beats.count"),
        ({"count": 2, "weights": {"area": 10**400}}, "beats.weights"),
        ({"count": 2, "weights": {"area": float("nan")}}, "beats.weights"),
    ],
)  # fmt: skip
def test_numbers_beyond_all_measure_are_refused(census, asked, code):
    with pytest.raises(InputRefused) as caught:
        draft_beats(census.context, DraftBeats(**{"weights": {"area": 1}, **asked}))
    assert caught.value.code == code
