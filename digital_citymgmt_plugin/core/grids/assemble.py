# SPDX-License-Identifier: GPL-2.0-or-later
"""Put the units of each region together to cells, one region after the other, with progress and cancel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from digital_citymgmt_plugin.core.grids.barriers import Regions
from digital_citymgmt_plugin.core.grids.faces import Segments
from digital_citymgmt_plugin.core.grids.flips import anneal
from digital_citymgmt_plugin.core.grids.mend import mend
from digital_citymgmt_plugin.core.grids.merge import Arcs, arcs_of
from digital_citymgmt_plugin.core.grids.parting import Graph
from digital_citymgmt_plugin.core.grids.partition import Partition
from digital_citymgmt_plugin.core.grids.weights import Weights, weights_for
from digital_citymgmt_plugin.core.ports import Cancel, Progress


@dataclass(frozen=True)
class DraftOptions:
    """What is wanted.

    Parameters
    ----------
    target_area : float
        m² of one cell; 10,000 m² is the built-up default of the standards, 40,000 m² what cities use.
    band : (float, float)
        Smallest and largest area of a cell as shares of the target.
    target_load : float
        Load of one cell; 0: cells are wanted by area. By load the band is one of loads, and ``target_area`` is the area
        that holds such a load on the mean: it bounds areas loosely (``core.grids.weights.band_ratio``).
    snap : float
        m: grid that all lines are noded on.
    yield_to : float
        m: a barrier nearer than this to the edge of its community gives way to the edge.
    side_by_side : float
        Share of the side of a square of the target's size: barriers nearer than this side by side are one.
    wide : float
        m: areas that are barriers and as wide as this are cells of their own.
    sweeps, tries : int
        Effort of the search that follows merging; 0 sweeps leave it out.
    """

    target_area: float = 40_000.0
    band: tuple[float, float] = (0.5, 2.0)
    target_load: float = 0.0
    snap: float = 1e-6
    yield_to: float = 3.0
    side_by_side: float = 0.13
    wide: float = 60.0
    sweeps: int = 6
    tries: int = 2
    starts: int = 1
    flips: int = 16


class Job:
    """Progress and cancel, where given."""

    def __init__(self, options: DraftOptions, progress: Progress | None, cancel: Cancel | None) -> None:
        self.options, self.progress, self.cancel = options, progress, cancel

    def check(self) -> None:
        """Stop if the user wants to."""
        if self.cancel is not None:
            self.cancel.check()

    def say(self, fraction: float, message: str = "", **values: Any) -> None:
        """Stop if the user wants to; else pass on how far the draft is."""
        self.check()
        if self.progress is not None:
            self.progress(fraction, message, **values)


def put_together(
    atoms: NDArray[Any],
    region: NDArray[np.int64],
    unit: NDArray[np.int64],
    atom_load: NDArray[np.float64],
    segments: Segments,
    regions: Regions,
    job: Job,
    density: float,
    seed: int,
    too_large: float,
) -> NDArray[np.int64]:
    """Return the cell of each atom; region by region, so that one never depends on another.

    ``density`` is the load of a square metre that every cell should have, ``too_large`` the share of the area in blocks
    that are too large for one cell.
    """
    options, count = job.options, int(unit.max(initial=-1)) + 1
    unit_region = np.zeros(count, dtype=np.int64)
    unit_region[unit] = region
    area = np.bincount(unit, weights=shapely.area(atoms), minlength=count).astype(np.float64)
    load = np.bincount(unit, weights=atom_load, minlength=count).astype(np.float64)
    weight = shapely.area(atoms)
    centre = shapely.get_coordinates(shapely.centroid(atoms))
    middle = np.stack(
        [np.bincount(unit, weights=weight * centre[:, i], minlength=count) / area for i in (0, 1)], axis=1
    )
    load_wanted = options.target_load or density * options.target_area
    weights = weights_for(options.target_area, options.band, load_wanted, too_large, by_load=options.target_load > 0)
    arcs = arcs_of(segments, unit, unit_region)
    inner = arcs.right >= 0
    links = (np.ones(int(inner.sum()), dtype=np.int8), (arcs.left[inner], arcs.right[inner]))
    part = connected_components(coo_matrix(links, shape=(count, count)), directed=False)[1]
    cell = np.zeros(count, dtype=np.int64)
    total, order = 0, np.argsort(part, kind="stable")
    arc_part = part[arcs.left]
    arc_order = np.argsort(arc_part, kind="stable")
    borders = np.searchsorted(arc_part[arc_order], np.arange(part.max(initial=-1) + 2))
    for number, members in enumerate(np.split(order, np.flatnonzero(np.diff(part[order])) + 1)):
        if not len(members):
            continue
        rows = arc_order[borders[number] : borders[number + 1]]
        graph = _graph(members, arcs, rows, area, load, middle)
        for members_of in _best(graph, weights, seed, job):
            cell[members[members_of]] = total
            total += 1
        job.check()
    return cell[unit]


def _best(graph: Graph, weights: Weights, seed: int, job: Job) -> list[list[int]]:
    """Search several times from other random numbers; return the units of each cell of the best state found."""
    best, found = float("inf"), []
    for start in range(max(job.options.starts, 1)):
        partition = Partition(graph, weights, seed + start, job.check)
        partition.agglomerate()
        partition.fill_holes()
        partition.settle(job.options.sweeps, job.options.tries)
        partition.fill_holes()
        anneal(partition, job.options.flips)
        partition.reweigh()
        partition.settle(job.options.sweeps, job.options.tries)
        anneal(partition, job.options.flips // 2)
        partition.fill_holes()
        mend(partition)
        cost = partition.cost()
        if cost < best - 1e-9:
            best, found = cost, sorted(sorted(cell.members) for cell in partition.cells.values())
    return found


def _graph(
    members: NDArray[np.int64],
    arcs: Arcs,
    rows: NDArray[np.int64],
    area: NDArray[np.float64],
    load: NDArray[np.float64],
    middle: NDArray[np.float64],
) -> Graph:
    local = {int(unit): i for i, unit in enumerate(members)}
    size = len(members)
    graph = Graph(
        area[members].tolist(),
        load[members].tolist(),
        [0.0] * size,
        middle[members].tolist(),
        [{} for _ in local],
        [[] for _ in local],
    )
    columns = (arcs.left, arcs.right, arcs.node[:, 0], arcs.node[:, 1], arcs.length, arcs.cost)
    for left, right, start, end, length, cost in zip(*(column[rows].tolist() for column in columns)):
        i, j = local[left], local.get(right, -1)
        graph.perimeter[i] += length
        graph.arcs[i].append((start, end, j))
        if j >= 0:
            graph.perimeter[j] += length
            graph.arcs[j].append((start, end, i))
            old = graph.near[i].get(j, (0.0, 0.0))
            graph.near[i][j] = graph.near[j][i] = (old[0] + length, old[1] + cost)
    return graph
