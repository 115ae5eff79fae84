# SPDX-License-Identifier: GPL-2.0-or-later
"""Others that divide a graph into connected parts, each called by its own words. Run by ``draftbeats.py``.

``python _beat_peers.py METHOD TASK.json OUT.json`` with a Python that has the package (``DCM_BEAT_PEERS``): it needs
nothing of the plugin. The task has ``edges`` (pairs), ``shared`` (m), ``load``, ``count``, ``places``.
"""

from __future__ import annotations

import json
import random
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any


def pymetis(task: dict[str, Any]) -> list[int]:
    """METIS, k ways, connected parts asked for, loads as weights of the vertices."""
    import pymetis as peer

    near: list[list[int]] = [[] for _ in task["load"]]
    for one, other in task["edges"]:
        near[one].append(other)
        near[other].append(one)
    scale = 1e6 / sum(task["load"])
    weights = [max(1, round(load * scale)) for load in task["load"]]
    options = peer.Options(contig=True, ufactor=30, seed=0)
    _cut, parts = peer.part_graph(task["count"], adjacency=near, vweights=weights, options=options, recursive=False)
    return list(parts)


def gerrychain(task: dict[str, Any]) -> list[int]:
    """Gerrychain's recursive cut of spanning trees, within 5 %."""
    import networkx
    from gerrychain import Graph
    from gerrychain.tree import recursive_tree_part

    random.seed(0)
    graph = networkx.Graph()
    for number, load in enumerate(task["load"]):
        graph.add_node(number, load=load)
    graph.add_edges_from(map(tuple, task["edges"]))
    even = sum(task["load"]) / task["count"]
    found = recursive_tree_part(
        Graph.from_networkx(graph), range(task["count"]), pop_target=even, pop_col="load", epsilon=0.05
    )
    return [found[number] for number in range(len(task["load"]))]


def _frame(task: dict[str, Any]) -> tuple[Any, Any]:
    import geopandas
    import libpysal
    from shapely import points

    frame = geopandas.GeoDataFrame(
        {"load": task["load"], "x": [x for x, _ in task["places"]], "y": [y for _, y in task["places"]]},
        geometry=points(task["places"]),
    )
    near: dict[int, list[int]] = {number: [] for number in range(len(task["load"]))}
    for one, other in task["edges"]:
        near[one].append(other)
        near[other].append(one)
    return frame, libpysal.weights.W(near, silence_warnings=True)


def spopt_maxp(task: dict[str, Any]) -> list[int]:
    """Spopt's max-p: as many regions as can be, each of 95 % of the even load or more."""
    import numpy
    from spopt.region import MaxPHeuristic

    numpy.random.seed(0)
    frame, weights = _frame(task)
    threshold = 0.95 * sum(task["load"]) / task["count"]
    model = MaxPHeuristic(frame, weights, ["x", "y"], "load", threshold, top_n=2)
    model.solve()
    return [int(label) for label in model.labels_]


def spopt_skater(task: dict[str, Any]) -> list[int]:
    """Spopt's SKATER: k regions alike in place; it has no word for even loads."""
    from spopt.region import Skater

    frame, weights = _frame(task)
    model = Skater(frame, weights, ["x", "y"], task["count"], floor=3)
    model.solve()
    return [int(label) for label in model.labels_]


METHODS: dict[str, Callable[[dict[str, Any]], list[int]]] = {
    "pymetis": pymetis, "gerrychain": gerrychain, "spopt_maxp": spopt_maxp, "spopt_skater": spopt_skater,
}  # fmt: skip


def main() -> None:
    """Do one task; the time is that of the method with its imports."""
    warnings.simplefilter("ignore")
    name, task, out = sys.argv[1:]
    given = json.loads(Path(task).read_text(encoding="utf-8"))
    began, cpu = time.perf_counter(), time.process_time()
    labels = METHODS[name](given)
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    found = {"labels": labels, "seconds": seconds, "cpu": used}
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
