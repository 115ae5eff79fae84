# SPDX-License-Identifier: GPL-2.0-or-later
"""Space-time scan statistic after Kulldorff: cylinders of cells and periods that hold more cases than chance gives.

Kulldorff (1997) for the Poisson model with exposure, Kulldorff et al. (2005) for the permutation model; p-values by
Monte Carlo (Dwass 1957) of the greatest ratio anywhere. Plain numpy: of simulated cities only the greatest ratio is
asked, so the logarithms are taken where an upper bound of the ratio could exceed what was found already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

POISSON, PERMUTATION = "poisson", "permutation"
MODELS = (POISSON, PERMUTATION)
LEAST = 2  # cases of a cluster: one case is none
_BLOCK = 400_000  # cylinders looked at together: what the cache of a processor holds
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Zones:
    """Cells by distance from each centre: row of ``order`` = nearest cells of a cell, itself first.

    ``size``: how many of them a zone may have at most; ``reach``: metres to each.
    """

    order: Ints
    reach: Floats
    size: Ints


@dataclass(frozen=True)
class Cluster:
    """A cylinder: ``cells`` (numbers), periods ``first`` to ``last`` (numbers, both included).

    ``ratio``: log likelihood ratio; ``relative``: rate inside over rate outside; ``p``: Monte Carlo, of the greatest
    ratio of a city by chance, so that it holds for secondary clusters too (on the safe side).
    """

    cells: Ints
    first: int
    last: int
    cases: int
    expected: float
    ratio: float
    relative: float
    radius: float
    p: float = 1.0


@dataclass(frozen=True)
class Scanned:
    """Clusters by ratio; ``simulated``: greatest ratio of each simulation; ``cylinders``: how many were looked at."""

    clusters: tuple[Cluster, ...]
    simulated: Floats
    cylinders: int
    cases: int = 0


@dataclass(frozen=True)
class Windows:
    """Stretches of periods: ``first`` and ``last`` (numbers, both included)."""

    first: Ints
    last: Ints


def zones(centre: Floats, weight: Floats, radius: float, most: int, share: float = 0.5) -> Zones:
    """Order cells round each cell.

    Parameters
    ----------
    centre : (cells, 2), metres.
    weight : exposure of each cell, or its cases in the permutation model.
    radius : metres; 0 for no limit.
    most : cells of a zone at most.
    share : of all weight that a zone holds at most (Kulldorff: one half, else the outside were the cluster).
    """
    count = len(centre)
    near = min(most, count)
    if not count:
        return Zones(np.empty((0, 0), dtype=np.int64), np.empty((0, 0)), np.empty(0, dtype=np.int64))
    reach, order = cKDTree(centre).query(centre, k=near)
    reach, order = reach.reshape(count, near), order.reshape(count, near).astype(np.int64)
    own = order == np.arange(count)[:, None]
    lacking = np.flatnonzero(~own.any(axis=1))  # more cells at one place than a zone has
    order[lacking, 0], reach[lacking, 0] = lacking, 0.0
    own = order == np.arange(count)[:, None]
    front = np.argsort(~own, axis=1, kind="stable")
    order, reach = np.take_along_axis(order, front, axis=1), np.take_along_axis(reach, front, axis=1)
    held = np.cumsum(weight[order], axis=1)
    fits = held <= share * weight.sum() + 1e-9
    if radius > 0:
        fits &= reach <= radius
    fits[:, 0] = True  # a cell alone is always looked at
    return Zones(order, reach, np.logical_and.accumulate(fits, axis=1).sum(axis=1))


def windows(periods: int, longest: int, prospective: bool) -> Windows:
    """Return stretches of at most ``longest`` periods; prospective: only those that last to the end."""
    ends = [periods - 1] if prospective else range(periods)
    pairs = [(end - length + 1, end) for end in ends for length in range(1, min(longest, end + 1) + 1)]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Windows(both[:, 0], both[:, 1])


def log_ratio(cases: Any, expected: Any, total: float) -> Floats:
    """Return the log likelihood ratio of cylinders with more cases than expected, 0 of others."""
    cases, expected = np.asarray(cases, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    high = (cases > expected) & (expected > 0)
    inside = np.where(high, cases, 1.0)
    around = np.where(high, expected, 1.0)
    outside, beyond = total - inside, np.maximum(total - around, 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        second = np.where(outside > 0, outside * np.log(np.maximum(outside, 1e-300) / beyond), 0.0)
    return np.where(high, inside * np.log(inside / around) + second, 0.0)


class Scan:
    """Looks through all cylinders of a city; the expected cases stay the same for all simulations."""

    def __init__(self, expected: Floats, total: int, ground: Zones, spans: Windows) -> None:
        """Take expected cases by cell and period (their sum is ``total``)."""
        self.total, self.ground, self.spans = float(total), ground, spans
        self._expected = self._spread(expected)
        width = max(1, self._expected.shape[1])
        self._step = max(1, _BLOCK // width)
        self.cylinders = int(ground.size.sum()) * self._expected.shape[1]

    def _spread(self, by_period: NDArray[Any]) -> NDArray[np.float32]:
        """Return sums of each stretch by cell."""
        summed = np.zeros((by_period.shape[0], by_period.shape[1] + 1))
        np.cumsum(by_period, axis=1, out=summed[:, 1:])
        return (summed[:, self.spans.last + 1] - summed[:, self.spans.first]).astype(np.float32)

    def best(self, counts: NDArray[Any], floor: float = 0.0) -> float:
        """Return the greatest ratio; ``floor``: ratios up to it are of no interest."""
        seen, found = self._spread(counts), floor
        for start in range(0, len(self.ground.order), self._step):
            for _, _, cases, expected in self._growing(seen, start):
                bound = self._bound(cases, expected)
                at = np.flatnonzero(bound.ravel() > found)
                if len(at):
                    real = log_ratio(cases.ravel()[at], expected.ravel()[at], self.total)
                    real[cases.ravel()[at] < LEAST] = 0.0
                    found = max(found, float(real.max()))
        return found

    def each(self, counts: NDArray[Any]) -> tuple[Floats, Ints, Ints]:
        """Return of each centre the greatest ratio, and the size and stretch of its cylinder."""
        seen, count = self._spread(counts), len(self.ground.order)
        ratio, size, span = np.zeros(count), np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        for start in range(0, count, self._step):
            for nth, rows, cases, expected in self._growing(seen, start):
                real = np.where(cases < LEAST, 0.0, log_ratio(cases, expected, self.total))
                top = real.argmax(axis=1)
                value = real[np.arange(len(rows)), top]
                better = value > ratio[rows] + 1e-9
                ratio[rows[better]], size[rows[better]], span[rows[better]] = value[better], nth + 1, top[better]
        return ratio, size, span

    def _growing(self, seen: NDArray[np.float32], start: int) -> Any:
        """Yield zones of a block of centres as they grow by one cell after the other."""
        rows = np.arange(start, min(start + self._step, len(self.ground.order)))
        size = self.ground.size[rows]
        rows = rows[np.argsort(-size, kind="stable")]
        size = self.ground.size[rows]
        cases = np.zeros((len(rows), seen.shape[1]), dtype=np.float32)
        expected = np.zeros_like(cases)
        for nth in range(int(size.max(initial=0))):
            last = int(np.searchsorted(-size, -nth, side="left"))  # those with more than nth cells
            rows, size, cases, expected = rows[:last], size[:last], cases[:last], expected[:last]
            taken = self.ground.order[rows, nth]
            cases += seen[taken]
            expected += self._expected[taken]
            yield nth, rows, cases, expected

    def _bound(self, cases: NDArray[np.float32], expected: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the ratio cannot exceed: (c−μ)²·C/(μ(C−μ)), as x·ln(x/y)−(x−y) ≤ (x−y)²/y."""
        more = np.maximum(cases - expected, 0)
        more *= more
        room = expected * (np.float32(self.total) - expected)
        np.maximum(room, np.float32(1e-6), out=room)
        more /= room
        more *= np.float32(self.total * 1.0001)  # single precision must not cut off what is equal
        return more


@dataclass
class Chance:
    """Draws cities by chance: cases fall by exposure (Poisson), or their periods are shuffled (permutation)."""

    model: str
    expected: Floats
    counts: Ints
    seed: int
    _draw: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._draw = np.random.default_rng(self.seed)
        self._total = int(self.counts.sum())
        shape = self.counts.shape
        if self.model == PERMUTATION:
            cell, period = np.nonzero(self.counts)
            often = self.counts[cell, period]
            self._cell = np.repeat(cell, often) * shape[1]
            self._period = np.repeat(period, often)
        else:
            share = self.expected.ravel()
            self._share = share / share.sum() if share.sum() else share

    def city(self) -> Ints:
        """Return cases by cell and period of one city by chance."""
        shape = self.counts.shape
        if self.model == PERMUTATION:
            self._draw.shuffle(self._period)
            return np.bincount(self._cell + self._period, minlength=shape[0] * shape[1]).reshape(shape)
        return self._draw.multinomial(self._total, self._share).reshape(shape)


def expected_cases(counts: Ints, model: str, exposure: Floats | None, trend: bool = False) -> Floats:
    """Return the cases that each cell and period has by chance; their sum is that of ``counts``.

    ``exposure``: of cells × periods (Poisson). ``trend``: periods keep the sums that they have (only where counts).
    """
    total = float(counts.sum())
    if not total:
        return np.zeros(counts.shape)
    if model == PERMUTATION:
        return np.outer(counts.sum(axis=1), counts.sum(axis=0)) / total
    assert exposure is not None  # noqa: S101  (of this module's callers)
    if trend:
        column = exposure.sum(axis=0)
        share = np.divide(exposure, column, out=np.zeros_like(exposure, dtype=np.float64), where=column > 0)
        made = share * counts.sum(axis=0)
        return np.asarray(made * (total / made.sum()) if made.sum() else made, dtype=np.float64)
    whole = float(exposure.sum())
    return np.asarray(exposure * (total / whole) if whole else np.zeros(counts.shape), dtype=np.float64)


def scan(
    counts: Ints,
    expected: Floats,
    ground: Zones,
    spans: Windows,
    *,
    model: str = POISSON,
    simulations: int = 99,
    seed: int = 1,
    limit: int = 20,
    tell: Callable[[float], None] = lambda _: None,
) -> Scanned:
    """Find clusters and how often chance gives such.

    Parameters
    ----------
    counts, expected : cases by cell and period.
    simulations : cities by chance; p is (1 + those with a ratio as great) / (1 + simulations).
    limit : clusters at most; none shares a cell with one of a greater ratio.
    tell : called with the share that is done; may raise to stop.
    """
    total = int(counts.sum())
    if not total or not len(spans.first):
        return Scanned((), np.empty(0), 0, total)
    looked = Scan(expected, total, ground, spans)
    tell(0.0)
    found = looked.each(counts)
    chance = Chance(model, expected, counts, seed)
    simulated = np.zeros(simulations)
    for nth in range(simulations):
        tell((nth + 1) / (simulations + 1))
        simulated[nth] = looked.best(chance.city())
    return Scanned(_apart(counts, expected, ground, spans, found, simulated, limit), simulated, looked.cylinders, total)


def _apart(
    counts: Ints, expected: Floats, ground: Zones, spans: Windows, found: tuple[Floats, Ints, Ints], simulated: Floats,
    limit: int,
) -> tuple[Cluster, ...]:  # fmt: skip
    """Return clusters by ratio that have no cell in common."""
    ratio, size, span = found
    taken = np.zeros(len(counts), dtype=bool)
    total, made = float(counts.sum()), list[Cluster]()
    for row in np.lexsort((np.arange(len(ratio)), -ratio)).tolist():
        if ratio[row] <= 0 or len(made) >= limit:
            break
        cells = ground.order[row, : size[row]]
        if taken[cells].any():
            continue
        taken[cells] = True
        first, last = int(spans.first[span[row]]), int(spans.last[span[row]])
        held = int(counts[cells, first : last + 1].sum())
        due = float(expected[cells, first : last + 1].sum())
        outside = (total - held) / (total - due) if total > due else 0.0
        exact = float(log_ratio(held, due, total))
        p = (1 + int((simulated >= exact - 1e-6).sum())) / (1 + len(simulated))
        made.append(Cluster(
            np.sort(cells), first, last, held, due, exact, held / due / outside if due and outside else float("inf"),
            float(ground.reach[row, size[row] - 1]), p if len(simulated) else 1.0,
        ))  # fmt: skip
    return tuple(made)
