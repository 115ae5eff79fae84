# SPDX-License-Identifier: GPL-2.0-or-later
"""Hotspots from cases of a store to a layer: a planted crowd, denominators, cases without a point, what is refused."""

from __future__ import annotations

import numpy as np
import pyogrio
import pytest
import shapely

from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests_hotspots import Hotspots
from digital_citymgmt_plugin.services.hotspots.hotspots import hotspots
from digital_citymgmt_plugin.services.intake import objects
from tests.support import Watcher, make_context, new_store

X, Y, SIDE = 500_000.0, 3_500_000.0, 12
CROWD = [x + SIDE * y for x in (4, 5, 6) for y in (4, 5, 6)]


@pytest.fixture
def store(tmp_path):
    """Ground of 12 × 12 grids: about two cases in each, eight more in nine of them; one case names no cell."""
    opened = new_store(tmp_path / "城.gpkg")
    draw = np.random.default_rng(8)
    codes = [f"320681001001{cell + 1:03d}" for cell in range(SIDE * SIDE)]
    shapes = [
        shapely.box(X + 100 * (cell % SIDE), Y + 100 * (cell // SIDE), X + 100 * (cell % SIDE + 1),
                    Y + 100 * (cell // SIDE + 1))
        for cell in range(SIDE * SIDE)
    ]  # fmt: skip
    rows = []
    for cell, shape in enumerate(shapes):
        for _ in range(int(draw.poisson(2)) + 8 * (cell in CROWD)):
            by_code = draw.random() < 0.3
            x, y = shape.bounds[0] + 50, shape.bounds[1] + 50
            rows.append((codes[cell] if by_code else None, None if by_code else shapely.Point(x, y)))
    rows.append((None, None))
    with opened.action("set up") as action:
        action.insert("unit_grid", {
            "code": objects(codes), "status": objects(["current"] * len(codes)), GEOM: objects(shapes),
        })  # fmt: skip
        action.insert("case_record", {
            "case_no": objects(f"N{n}" for n in range(len(rows))), "grid_code": objects(row[0] for row in rows),
            "stage": objects(["closed"] * len(rows)), "class_code": objects(["0101"] * len(rows)),
            "kind": objects(["component"] * len(rows)), "source": objects(["监督员上报"] * len(rows)),
            "reported_at": objects(["2025-03-03T02:00:00.000Z"] * len(rows)), GEOM: objects(row[1] for row in rows),
        })  # fmt: skip
    opened.expected = len(rows)
    yield opened
    opened.close()


def test_a_planted_crowd_is_hot_and_the_layer_tells_it(store, tmp_path):
    path = tmp_path / "热点.gpkg"
    told = hotspots(make_context(store, sentences=templates()), Hotspots(output=str(path)))
    cells = told["cells"]
    hot = {place for place, cell in enumerate(cells) if cell["band"] and cell["band"] > 0}
    assert 5 + SIDE * 5 in hot and len(hot & set(CROWD)) >= 7
    assert all(3 <= place % SIDE <= 7 and 3 <= place // SIDE <= 7 for place in hot)
    assert sum(cell["cases"] for cell in cells) == told["counts"]["cases"] == store.expected - 1
    assert told["counts"]["elsewhere"] == 1 and told["counts"]["hot"] == len(hot)
    assert all(cell["pseudo_p"] <= 0.01 for place, cell in enumerate(cells) if place in hot)
    frame = pyogrio.read_dataframe(path)
    assert frame["band"].tolist() == [cell["band"] for cell in cells] and frame.crs is not None
    assert np.allclose(frame["z"], [cell["z"] for cell in cells]) and not any(
        "hotspot." in line for line in told["remarks"]
    )


def test_the_same_seed_gives_the_same_and_distance_differs_from_touching(store):
    context = make_context(store)
    assert hotspots(context, Hotspots())["cells"] == hotspots(context, Hotspots())["cells"]
    near = hotspots(context, Hotspots(neighbours="distance", metres=105))["cells"]
    assert {cell["neighbours"] for cell in near} == {2, 3, 4}
    bare = hotspots(context, Hotspots(permutations=0))["cells"]
    assert all(cell["pseudo_p"] is None for cell in bare)


def test_cases_per_area_are_those_of_equal_cells(store):
    plain = hotspots(make_context(store), Hotspots())["cells"]
    told = hotspots(make_context(store), Hotspots(exposure="area"))["cells"]
    for one, other in zip(told, plain):
        assert one["exposure"] == pytest.approx(0.01) and one["value"] == pytest.approx(100 * other["value"])
        assert one["z"] == pytest.approx(other["z"]) and one["band"] == other["band"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"by": "moon"}, "scan.by"), ({"by": "community"}, "scan.no_cells"), ({"exposure": "dogs"}, "scan.choice"),
        ({"neighbours": "rook"}, "scan.choice"), ({"permutations": -1}, "scan.number"),
        ({"exposure": "components"}, "scan.exposure"), ({"classes": ["99"]}, "scan.no_cases"),
        ({"from_date": "2026-13-01"}, "assess.date"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(store, given, code):
    with pytest.raises(InputRefused) as refused:
        hotspots(make_context(store), Hotspots(**given))
    assert refused.value.code == code


def test_few_cells_or_equal_ones_are_refused(store):
    with store.action("thin") as action:
        fids = store.read("unit_grid", ["fid"], [], ["fid"])["fid"][20:].astype(np.int64)
        action.update("unit_grid", fids, {"status": objects(["retired"] * len(fids))})
    with pytest.raises(InputRefused) as refused:
        hotspots(make_context(store), Hotspots())
    assert refused.value.code == "hotspot.few_cells"


def test_it_can_be_stopped(store, tmp_path):
    path = tmp_path / "x.gpkg"
    with pytest.raises(Cancelled):
        hotspots(make_context(store, Watcher(cancel_at=4)), Hotspots(output=str(path)))
    assert not path.exists()
