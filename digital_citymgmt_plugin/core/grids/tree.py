# SPDX-License-Identifier: GPL-2.0-or-later
"""Random spanning trees, along which a set of units is parted in two."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray


class SpanningTree:
    """A random spanning tree that prefers to keep expensive boundaries inside.

    ``order`` lists the nodes from the root down (fewer than ``size`` when the edges do not connect all), ``parent`` and
    ``depth`` tell where each hangs. Edges are (weight, node, node): the more one weighs, the rather it is kept inside.
    """

    def __init__(self, size: int, edges: list[tuple[float, int, int]], source: random.Random) -> None:
        draw = source.random
        keyed = sorted([(draw() - keep, i, j) for keep, i, j in edges])
        root = list(range(size))
        beside: list[list[int]] = [[] for _ in range(size)]
        for _, i, j in keyed:
            a, b = i, j
            while root[a] != a:
                root[a] = root[root[a]]
                a = root[a]
            while root[b] != b:
                root[b] = root[root[b]]
                b = root[b]
            if a != b:
                root[a] = b
                beside[i].append(j)
                beside[j].append(i)
        self.parent, self.depth = [-1] * size, [0] * size
        self.order: list[int] = []
        self.beside = beside
        stack = [0]
        while stack:
            here = stack.pop()
            self.order.append(here)
            for other in beside[here]:
                if other != self.parent[here]:
                    self.parent[other] = here
                    self.depth[other] = self.depth[here] + 1
                    stack.append(other)

    def sides(self) -> NDArray[np.bool_]:
        """Return all cuts of the tree: a row for each node but the root, true for what hangs on it and itself.

        Only for trees that hold all nodes.
        """
        place, count = [0] * len(self.order), [1] * len(self.order)
        for turn, node in enumerate(self.order):
            place[node] = turn
        for node in reversed(self.order[1:]):
            count[self.parent[node]] += count[node]
        first = np.array(place)
        begin = np.arange(1, len(place))[:, None]
        end = begin + np.array([count[node] for node in self.order[1:]], dtype=np.int64)[:, None]
        return np.asarray((first >= begin) & (first < end))

    def meet(self, i: int, j: int) -> int:
        """Return the lowest node above both."""
        while i != j:
            if self.depth[i] >= self.depth[j]:
                i = self.parent[i]
            else:
                j = self.parent[j]
        return i

    def below(self, top: int) -> list[int]:
        """Return the nodes of a subtree."""
        found, stack = [], [top]
        while stack:
            here = stack.pop()
            found.append(here)
            stack.extend(other for other in self.beside[here] if other != self.parent[here])
        return found
