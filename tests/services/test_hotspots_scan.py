# SPDX-License-Identifier: GPL-2.0-or-later
"""Clusters, density, rhythm and watchers from cases in a store to a layer."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pyogrio
import pytest
import shapely

from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests_scan import Density, Rhythm, ScanClusters, WatcherBias
from digital_citymgmt_plugin.services.hotspots.bias import watcher_bias
from digital_citymgmt_plugin.services.hotspots.density import density
from digital_citymgmt_plugin.services.hotspots.rhythm import rhythm
from digital_citymgmt_plugin.services.hotspots.scan import scan_clusters
from digital_citymgmt_plugin.services.intake import objects
from tests.support import Watcher, make_context, new_store

FIRST, LAST = "2025-03-03", "2025-07-20"
X, Y, SIDE = 500_000.0, 3_500_000.0, 5
START = datetime(2025, 3, 3, tzinfo=timezone.utc) - timedelta(hours=8)  # a Monday in Shanghai


@pytest.fixture
def store(tmp_path):
    """Ground of 5 × 5 grids, 20 weeks; one grid has many cases in weeks 8 and 9, found by collectors at 22 h."""
    opened = new_store(tmp_path / "城.gpkg")
    draw = np.random.default_rng(8)
    codes, shapes, cases = [], [], []
    for cell in range(SIDE * SIDE):
        row, column = divmod(cell, SIDE)
        codes.append(f"320681001001{cell + 1:02d}")
        shapes.append(shapely.box(X + column * 100, Y + row * 100, X + column * 100 + 100, Y + row * 100 + 100))
        for week in range(20):
            many = int(draw.poisson(20 if cell == 12 and week in (8, 9) else 1))
            for _ in range(many):
                late = cell == 12 and week in (8, 9)
                hour = 22.5 if late else draw.random() * 24
                at = START + timedelta(weeks=week, days=int(draw.integers(7)), hours=float(hour))
                xy = (X + column * 100 + draw.random() * 100, Y + row * 100 + draw.random() * 100)
                source = "监督员上报" if late or draw.random() < 0.5 else "市民热线"
                cases.append((at, xy, codes[-1], source))
    with opened.action("set up") as action:
        action.insert("unit_grid", {
            "code": objects(codes), "community_code": objects(code[:12] for code in codes),
            "status": objects(["current"] * len(codes)), GEOM: objects(shapely.multipolygons([one]) for one in shapes),
        })  # fmt: skip
        cases += [(None, None, codes[0], ""), (START, None, "", ""), (START, None, codes[3], "监督员")]
        action.insert("case_record", {
            "case_no": objects(str(number) for number in range(len(cases))),
            "reported_at": objects(at and f"{at:%Y-%m-%dT%H:%M:%S}.000Z" for at, *_ in cases),
            "grid_code": objects(code or None for _, _, code, _ in cases), "source": objects(one[3] for one in cases),
            "stage": objects(["filing"] * len(cases)), "kind": objects(["event"] * len(cases)),
            "class_code": objects(["0101"] * len(cases)),
            GEOM: objects(xy and shapely.Point(xy) for _, xy, _, _ in cases),
        })  # fmt: skip
        action.insert("base_line", {
            "theme": objects(["road"]), GEOM: objects([shapely.multilinestrings([[(X, Y + 250), (X + 500, Y + 250)]])]),
        })  # fmt: skip
    yield opened
    opened.close()


@pytest.fixture
def context(store):
    return make_context(store, sentences=templates())


@pytest.mark.parametrize("more", [{}, {"model": "permutation"}, {"exposure": "area", "trend": True}])
def test_clusters_have_dates_cells_and_cases(context, tmp_path, more):
    path = str(tmp_path / "聚集.gpkg")
    found = scan_clusters(context, ScanClusters(from_date=FIRST, to_date=LAST, radius=150, output=path, **more))
    first = found["clusters"][0]
    assert first["cells"] == ["32068100100113"] and first["certain"] and first["p"] == 0.01
    assert (first["from"], first["to"]) == ("2025-04-28", "2025-05-11")
    assert found["counts"]["elsewhere"] == 1 and found["counts"]["undated"] == 1 and found["counts"]["certain"] == 1
    assert all(line and not line.startswith("scan.") for line in found["remarks"])
    meta, _, shapes, _ = pyogrio.raw.read(path)
    assert {"number", "from_day", "to_day", "cases", "p", "codes"} <= set(meta["fields"].tolist())
    assert len(shapes) == len(found["clusters"]) and shapely.from_wkb(shapes[0]).area == pytest.approx(10_000)


def test_prospective_clusters_last_to_the_end(context):
    found = scan_clusters(context, ScanClusters(to_date="2025-05-11", prospective=True, radius=150, simulations=19))
    assert {one["to"] for one in found["clusters"]} == {"2025-05-11"}
    assert found["clusters"][0]["cells"] == ["32068100100113"] and found["clusters"][0]["p"] == 0.05
    later = scan_clusters(context, ScanClusters(prospective=True, radius=150, simulations=19))
    assert not any(one["certain"] for one in later["clusters"])


def test_asked_cases_only(context):
    all_of = scan_clusters(context, ScanClusters(simulations=0))["counts"]["cases"]
    ours = scan_clusters(context, ScanClusters(simulations=0, sources=["collector"]))["counts"]["cases"]
    theirs = scan_clusters(context, ScanClusters(simulations=0, sources=["citizen"]))["counts"]["cases"]
    assert ours + theirs + 0 == all_of and ours > theirs > 0
    for request in (
        ScanClusters(classes=["02"]), ScanClusters(kind="component"), ScanClusters(departments=["x"]),
        ScanClusters(from_date="2030-01-01"),
    ):  # fmt: skip
        with pytest.raises(InputRefused, match=r"scan.no_cases"):
            scan_clusters(context, request)


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("scan.by", {"by": "beat"}), ("scan.no_cells", {"by": "street"}), ("scan.choice", {"model": "normal"}),
        ("scan.number", {"simulations": -1}), ("scan.number", {"radius": float("nan")}),
        ("assess.date", {"from_date": "2025"}),
        ("assess.where", {"sources": ["x"]}), ("scan.exposure", {"exposure": "components"}),
        ("assess.period", {"from_date": "2025-02-01", "to_date": "2025-01-01"}),
        ("scan.one_period", {"model": "permutation", "from_date": "2025-04-01", "to_date": "2025-04-05"}),
    ],
)  # fmt: skip
def test_refused_with_a_sentence(context, code, more):
    with pytest.raises(InputRefused, match=code):
        scan_clusters(context, ScanClusters(**more))


def test_hexagons_need_no_grids(context, tmp_path):
    asked = ScanClusters(
        by="hexagon", across=100, model="permutation", from_date=FIRST, to_date=LAST, radius=150,
        output=str(tmp_path / "六边.gpkg"),
    )  # fmt: skip
    found = scan_clusters(context, asked)
    first = found["clusters"][0]
    assert first["certain"] and first["from"] == "2025-04-28" and found["counts"]["elsewhere"] == 2
    shape = shapely.from_wkb(pyogrio.raw.read(asked.output)[2][0])
    assert shape.intersects(shapely.Point(X + 250, Y + 250))
    with pytest.raises(InputRefused, match=r"scan.hexagon"):
        scan_clusters(context, ScanClusters(by="hexagon"))


def test_a_scan_can_be_stopped(store):
    with pytest.raises(Cancelled):
        scan_clusters(make_context(store, Watcher(cancel_at=30)), ScanClusters(simulations=999))


def test_density_has_one_scale_and_keeps_to_the_streets(context, tmp_path):
    path = str(tmp_path / "密度.gpkg")
    found = density(context, Density(from_date=FIRST, to_date=LAST, reach=80, every="month", clip=20, output=path))
    assert [one["from"] for one in found["periods"]] == [
        "2025-03-03", "2025-04-01", "2025-05-01", "2025-06-01", "2025-07-01"
    ]  # fmt: skip
    assert found["counts"]["unlocated"] == 2 and found["counts"]["clipped"] > 0
    assert sum(one["cases"] for one in found["periods"]) == found["counts"]["cases"]
    meta, _, shapes, values = pyogrio.raw.read(path)
    column = dict(zip(meta["fields"].tolist(), values))
    assert shapely.union_all(shapely.from_wkb(shapes)).bounds[1] >= Y + 250 - 20 - 1e-6
    assert (column["class"] == 6).mean() <= 0.1 and column["class"].min() >= 1
    assert (column["label"].astype(int) == column["near"]).all() and (column["near"] >= column["cases"]).all()
    whole = density(context, Density(reach=80, clip=0, breaks=found["breaks"]))
    assert whole["breaks"] == found["breaks"] and whole["counts"]["clipped"] == 0 and len(whole["periods"]) == 1
    for code, more in (
        ("density.breaks", {"breaks": [3.0, 1.0]}), ("scan.choice", {"every": "decade"}),
        ("scan.number", {"reach": 0.0}),
        ("scan.number", {"across": 1.0}), ("scan.no_cases", {"from_date": "2031-01-01"}),
    ):  # fmt: skip
        with pytest.raises(InputRefused, match=code):
            density(context, Density(**more))


def test_rhythm_of_a_place(context, store):
    found = rhythm(context, Rhythm())
    assert np.sum(found["table"]) + found["counts"]["no_hour"] + found["counts"]["no_time"] == found["counts"]["cases"]
    here = rhythm(context, Rhythm(grids=["32068100100113"], hours=2, from_date="2025-04-28", to_date="2025-05-11"))
    assert here["windows"][0]["start"] in (21, 22) and here["windows"][0]["certain"]
    assert here["days"] == [2] * 7 and here["zone"] == "Asia/Shanghai"
    near = rhythm(context, Rhythm(x=X + 250, y=Y + 250, within=50))
    assert 0 < near["counts"]["cases"] < found["counts"]["cases"]
    assert rhythm(context, Rhythm(fids=[1, 2]))["counts"]["cases"] == 2
    assert rhythm(context, Rhythm(from_date="2031-01-01"))["windows"] == []
    for code, more in (
        ("rhythm.place", {"x": 1.0}), ("rhythm.unknown", {"grids": ["?"]}), ("rhythm.unknown", {"beats": ["?"]}),
        ("scan.number", {"hours": 0}),
    ):  # fmt: skip
        with pytest.raises(InputRefused, match=code):
            rhythm(context, Rhythm(**more))


def test_watchers_by_grid(context, store, tmp_path):
    with store.action("tracks") as action:
        count = 21
        at = [START + timedelta(minutes=number) for number in range(count)]
        action.insert("track_point", {
            "track": objects(["T"] * count), "carrier": objects(["王"] * count),
            "at": objects(f"{one:%Y-%m-%dT%H:%M:%S}.000Z" for one in at),
            GEOM: objects(shapely.Point(X + 450, Y + 450) for _ in range(count)),
        })  # fmt: skip
    path = str(tmp_path / "偏差.gpkg")
    found = watcher_bias(context, WatcherBias(output=path))
    rows = {row[0]: dict(zip(found["columns"], row)) for row in found["rows"]}
    assert rows["32068100100113"]["kind"] == "ours" and rows["32068100100113"]["told"].startswith("Collectors find")
    assert rows["32068100100125"]["patrol_hours"] == pytest.approx(20 / 60, abs=0.001)
    assert found["counts"]["unknown"] == 1 and found["counts"]["elsewhere"] == 1
    assert len(pyogrio.raw.read(path)[2]) == 25
    assert all(line and not line.startswith("bias.") for line in found["remarks"])
    with pytest.raises(InputRefused, match=r"scan.number"):
        watcher_bias(context, WatcherBias(least=0))
