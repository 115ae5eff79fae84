# SPDX-License-Identifier: GPL-2.0-or-later
"""A million cases to the nearest component of their class, beside geopandas and by brute force; then the whole chain.

All made-up cases are about a component and lie some metres from one. The peer is ``geopandas.sjoin_nearest`` per class
with the same tolerance, on tables made before its clock runs; ours finds the second nearest, too, and says where the
two are too near to choose.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.cases.linking import AMBIGUOUS_DISTANCE, AMBIGUOUS_RATIO, nearest_components
from digital_citymgmt_plugin.core.requests import CloseStore, LinkCases, OpenStore, VerifyStore
from digital_citymgmt_plugin.core.requests_intake import PlaceCases
from digital_citymgmt_plugin.storage.files import CityFiles
from scripts.benchmarks.importcomponents import figure, peak_memory

CASES = 1_000_000
_TOLERANCE = 10.0  # m
_SAMPLES = 2_000
_FASTER, _SECONDS, _MEGABYTES = 3.0, 60.0, 3_000.0
_LARGE = 700_000  # components


def _cpu(work: Any) -> tuple[Any, float]:
    began = time.process_time()
    found = work()
    return found, time.process_time() - began


def _span(words: Any, word: str) -> slice:
    return slice(int(np.searchsorted(words, word)), int(np.searchsorted(words, word, side="right")))


def nearest_figures(folder: Path, cases: int = CASES) -> list[dict[str, Any]]:
    """Time the search alone, ours and the peer's, in CPU seconds of one process, and compare what they find."""
    import geopandas

    parts = list(CityFiles().open_source(str(folder / "components.gpkg")).chunks())
    codes = np.concatenate([part["class"] for part in parts]).astype(str)
    shapes = np.concatenate([part["geom"] for part in parts])
    lot = np.random.default_rng(2016)
    about = lot.integers(0, len(codes), cases)
    xy = shapely.get_coordinates(shapes)[about] + lot.normal(0.0, 4.0, (cases, 2))
    order, case_order = np.argsort(codes, kind="stable"), np.argsort(codes[about], kind="stable")
    groups = []
    for code in np.unique(codes).tolist():
        chosen, rows = order[_span(codes[order], code)], case_order[_span(codes[about][case_order], code)]
        if len(rows):
            groups.append((rows, chosen))
    tables = [
        (
            geopandas.GeoDataFrame(geometry=shapely.points(xy[rows]), index=rows),
            geopandas.GeoDataFrame(geometry=shapes[chosen], index=chosen),
        )
        for rows, chosen in groups
    ]
    ours, seconds = _cpu(lambda: [nearest_components(xy[rows], shapes[chosen], _TOLERANCE) for rows, chosen in groups])
    theirs, peer = _cpu(lambda: [
        one.sjoin_nearest(other, how="left", max_distance=_TOLERANCE, distance_col="far") for one, other in tables
    ])  # fmt: skip
    unlike = 0
    for (rows, _), found, joined in zip(groups, ours, theirs):
        far = joined["far"][~joined.index.duplicated()].reindex(rows).to_numpy()
        unlike += int((np.where(np.isnan(far), np.inf, far) != found.distance).sum())
    wrong = _by_brute_force(groups, ours, xy, shapes, lot)
    large = len(codes) >= _LARGE
    bar = f">= {_FASTER:g} from {_LARGE:,} components on"
    return [
        figure(f"{cases:,} cases to the two nearest of {len(codes):,} components, CPU", seconds, "s"),
        figure("geopandas.sjoin_nearest per class, the same, CPU", peer, "s"),
        figure("nearest: geopandas / ours", peer / seconds, "ratio", bar, peer / seconds >= _FASTER if large else None),
        figure("nearest: distances unlike geopandas'", unlike, "cases", "0", unlike == 0),
        figure(f"nearest: unlike brute force, of {_SAMPLES:,}", wrong, "cases", "0", wrong == 0),
    ]  # fmt: skip


def _by_brute_force(groups: list[Any], ours: list[Any], xy: Any, shapes: Any, lot: np.random.Generator) -> int:
    """Measure from samples to every component of the class; return how many differ in component, second or doubt."""
    sizes = np.array([len(rows) for rows, _ in groups])
    wrong = 0
    for number in lot.choice(len(groups), _SAMPLES, p=sizes / sizes.sum()).tolist():
        rows, chosen = groups[number]
        at = int(lot.integers(0, len(rows)))
        far = shapely.distance(shapely.Point(xy[rows[at]]), shapes[chosen])
        two = np.lexsort((np.arange(len(far)), far))[:2]
        told = [(int(place), float(far[place])) if far[place] <= _TOLERANCE else (-1, np.inf) for place in two.tolist()]
        told += [(-1, np.inf)] * (2 - len(told))
        (first, near), (second, next_near) = told
        doubt = second >= 0 and (next_near < AMBIGUOUS_RATIO * near or next_near - near < AMBIGUOUS_DISTANCE)
        found = ours[number]
        same = (int(found.first[at]), int(found.second[at]), bool(found.ambiguous[at])) == (first, second, doubt)
        wrong += not (same and np.isclose(found.distance[at], near, equal_nan=True))
    return wrong


def chain_figures(store: Path, cases: int) -> list[dict[str, Any]]:
    """Place what has no place, look through all links again, verify; all of it in the engine, on the store linked."""
    engine = EngineClient(sys.executable)
    engine.call(OpenStore(str(store)))
    figures = []
    for name, request in (
        ("place", PlaceCases()), ("link again", LinkCases()), ("link once more", LinkCases()),
        ("verifystore", VerifyStore()),
    ):  # fmt: skip
        began = time.perf_counter()
        answer = engine.call(request)
        seconds = time.perf_counter() - began
        bar = f"<= {_SECONDS:g} s for 1,000,000" if name.startswith("link") else None
        holds = seconds <= _SECONDS if bar and cases >= CASES else None
        figures.append(figure(f"cases, {name}", seconds, "s", bar, holds))
        if name == "link once more":
            idle = answer["operation"] is None
            figures.append(figure("cases, link once more: writes", int(not idle), "operations", "0", idle))
        if name == "verifystore":
            found = int(answer["counts"]["findings"])
            figures.append(figure("verifystore: findings", found, "findings", "0", found == 0))
    engine.call(CloseStore())
    peak = peak_memory(engine.pid)
    engine.close()
    if peak is not None:
        bar = f"<= {_MEGABYTES:g} MB"
        figures.append(figure("cases, place to verifystore: peak memory", peak, "MB", bar, peak <= _MEGABYTES))
    return figures
