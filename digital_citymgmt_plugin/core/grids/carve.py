# SPDX-License-Identifier: GPL-2.0-or-later
"""Cut wide barrier areas (rivers, lakes, squares) out of communities: cells of their own, and the land around them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.barriers import Regions, wkb_order
from digital_citymgmt_plugin.core.grids.faces import blocks_of

LAND, BODY, ISLAND = 0, 1, 2  # kinds of regions; islands are too small for a cell and stay alone
THIN = 10.0  # m: strips of water narrower than this, left by the edge of a community, stay with the land
BANK = 40.0  # m: strips of land between water and the edge narrower than this go with the water: no cell fits there
DECK = 5.0  # m: half the width of the strip along a bridge that joins an island to the land
ALONG = 3.0  # a line longer than so many mean widths of the water runs along in it and is no bridge
SLIM = 0.27  # Polsby-Popper: land or water that is no more than one cell, and thinner, goes to the other side
SMALL = 0.05  # share of the target: less water in a community is not cut out


@dataclass(frozen=True)
class Limits:
    """m²: the least and the largest cell, and the target; m: the grid of all lines."""

    least: float
    largest: float
    target: float
    snap: float


def carve(regions: Regions, wide: NDArray[Any], lines: NDArray[Any], houses: NDArray[Any], limits: Limits) -> Regions:
    """Cut wide areas out of the regions, as regions of their own; the land beyond and islands are regions, too.

    Strips of water thinner than ``THIN`` stay with the land, strips of land thinner than ``BANK`` and without a
    building go with the water: they would make ragged cells. So do, each to the other side, water less than a cell and
    land that is no more than one, if thinner than ``SLIM``. A small island or bank over which a line of the map leads
    to other land of its community is joined to it by a strip along the bridge. Water larger than the largest cell is
    cut by lines that cross it, and beside an island, or it would have a hole. A building on a bank stays whole, on the
    land.

    Parameters
    ----------
    regions : Regions
        Communities and locked cells; locked cells are left as they are.
    wide : array of polygons
        Areas that are nobody's ground.
    lines : array of lines
        Barriers, of which those that cross the water are bridges.
    houses : array of polygons
        Buildings.
    """
    if not len(wide):
        return regions
    tree, line_tree, house_tree = shapely.STRtree(wide), shapely.STRtree(lines), shapely.STRtree(houses)
    polygons, owner, kind = [], [], []
    for index, polygon in enumerate(regions.polygons):
        parts = [(polygon, LAND)]
        near = np.sort(tree.query(polygon, predicate="intersects"))
        if len(near) and not regions.locked[index]:
            inside = [np.sort(one.query(polygon, predicate="intersects")) for one in (line_tree, house_tree)]
            parts = _Carving(polygon, wide[near], lines[inside[0]], houses[inside[1]], limits).parts()
        for part, what in parts:
            polygons.append(part)
            owner.append(index)
            kind.append(what)
    out = np.empty(len(polygons), dtype=object)
    out[:] = polygons
    return replace(
        regions, polygons=out, area_index=regions.area_index[owner], locked=regions.locked[owner],
        kind=np.array(kind, dtype=np.int64),
    )  # fmt: skip


def _parts(shape: Any) -> NDArray[Any]:
    """Return the polygons of a shape in an order fixed by their shape."""
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shape)))
    parts = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > 0)]
    out: NDArray[Any] = parts[wkb_order(parts)]
    return out


def _flat(shape: Any) -> Any:
    """Return the polygons of a shape as one shape: where edges only touch, overlays leave lines and points."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    parts = parts[shapely.get_dimensions(parts) == 2]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _thin(shape: Any, width: float) -> NDArray[Any]:
    """Return the strips of a shape that are thinner than ``width``, but for mere corners."""
    half = width / 2
    thick = shapely.buffer(shapely.buffer(shape, -half, join_style="mitre"), half * 1.01, join_style="mitre")
    rest = _parts(shapely.difference(shape, thick))
    out: NDArray[Any] = rest[shapely.area(rest) > 2 * width * width]
    return out


def _slim(shape: Any, most: float) -> bool:
    """Tell whether a shape is less than ``most`` m² and too thin for a cell."""
    return bool(shape.area < most and 4 * np.pi * shape.area < SLIM * shape.length**2)


class _Carving:
    """One region on the way to land and water."""

    def __init__(
        self, polygon: Any, wide: NDArray[Any], lines: NDArray[Any], houses: NDArray[Any], limits: Limits
    ) -> None:
        self.polygon, self.lines, self.houses, self.limits = polygon, lines, houses, limits
        self.water = self._and(polygon, shapely.union_all(wide, grid_size=limits.snap))

    def _and(self, one: Any, other: Any) -> Any:
        return _flat(shapely.intersection(one, other, grid_size=self.limits.snap))

    def _less(self, one: Any, other: Any) -> Any:
        return _flat(shapely.difference(one, other, grid_size=self.limits.snap))

    def _with(self, *shapes: Any) -> Any:
        return _flat(shapely.union_all(list(shapes), grid_size=self.limits.snap))

    def parts(self) -> list[tuple[Any, int]]:
        """Return land, water and islands."""
        if self.water.area < SMALL * self.limits.target:
            return [(self.polygon, LAND)]
        self._clean()
        if self.water.area < SMALL * self.limits.target:
            return [(self.polygon, LAND)]
        if self._less(self.polygon, self.water).area < 1.0:
            return [(part, BODY) for part in self._cut(self.polygon)]
        self._bridge()
        found: list[tuple[Any, int]] = []
        for part in _parts(self._less(self.polygon, self.water)):
            small = part.area < self.limits.least and self.polygon.area >= self.limits.least
            found.append((part, ISLAND if small else LAND))
        return found + [(piece, BODY) for part in _parts(self.water) for piece in self._cut(part)]

    def _clean(self) -> None:
        """Give strips and specks to the other side; buildings on a bank go to the land."""
        if len(self.houses):
            block = blocks_of(self.houses)  # a house that touches one on the bank would be cut with it
            on_bank = np.isin(block, block[shapely.intersects(self.houses, shapely.boundary(self.water))])
            self.water = self._less(self.water, shapely.union_all(self.houses[on_bank]))
        speck = SMALL * self.limits.target
        lost = [
            *_thin(self.water, THIN),
            *(part for part in _parts(self.water) if part.area < speck or _slim(part, self.limits.least)),
        ]
        if lost:
            self.water = self._less(self.water, shapely.union_all(lost))
        land = self._less(self.polygon, self.water)
        thin = [part for part in _thin(land, BANK) if not shapely.intersects(self.houses, part).any()]
        # A house alone in the water, or its corner this side of the community's edge, makes no cell: these go whole.
        thin += [part for part in _parts(land) if part.area < self.limits.target / 28]
        self._flood(thin)
        self._flood([part for part in _parts(self._less(self.polygon, self.water)) if self._bank(part)])

    def _flood(self, land: list[Any]) -> None:
        """Give pieces of land to the water that they lie along."""
        near = shapely.buffer(self.water, 0.1)
        land = [part for part in land if shapely.intersection(near, part.boundary).length > 0.25 * part.length]
        if land:
            self.water = self._and(self._with(self.water, *land), self.polygon)

    def _bank(self, land: Any) -> bool:
        """Tell whether land is a bank on which no cell of a sound shape fits, and where nothing stands."""
        return _slim(land, 2 * self.limits.least) and not shapely.intersects(self.houses, land).any()

    def _bridge(self) -> None:
        """Join small pieces of land to others by the shortest bridges."""
        for _ in range(20):
            land = _parts(self._less(self.polygon, self.water))
            small = np.flatnonzero(shapely.area(land) < self.limits.least)
            if not len(small) or len(land) < 2:
                return
            pieces = self._crossing(self.water)
            best: tuple[float, int] | None = None
            ends = [shapely.get_point(pieces, i) for i in (0, -1)]
            for at in range(len(pieces)):
                homes = [np.flatnonzero(shapely.dwithin(land, end[at], 1e-2)) for end in ends]
                joins = {(int(a), int(b)) for a in homes[0] for b in homes[1] if a != b}
                if any(a in small or b in small for a, b in joins):
                    length = round(float(pieces[at].length), 3)
                    best = min(best, (length, at)) if best else (length, at)
            if best is None:
                return
            deck = shapely.buffer(_longer(pieces[best[1]], 2 * DECK), DECK, cap_style="flat", join_style="mitre")
            if len(self.houses):
                deck = self._with(deck, *self.houses[shapely.intersects(self.houses, deck)])
            self.water = self._less(self.water, deck)

    def _crossing(self, water: Any) -> NDArray[Any]:
        """Return the pieces of lines that cross water from bank to bank, in an order fixed by their shape."""
        if not len(self.lines):
            return self.lines
        pieces = shapely.get_parts(shapely.get_parts(shapely.intersection(self.lines, water)))
        pieces = pieces[shapely.get_dimensions(pieces) == 1]
        # A bridge drawn as several lines is one; a line drawn twice, too. Not noded: a river's own line cuts no bridge.
        pieces = np.unique(shapely.to_wkb(shapely.normalize(pieces), byte_order=1))
        pieces = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.from_wkb(pieces))))
        edge = shapely.boundary(water)
        across = 2 * shapely.area(water) / max(shapely.length(water), 1e-9)
        good = (shapely.length(pieces) > 1.0) & (shapely.length(pieces) < ALONG * max(across, THIN))
        for end in (0, -1):
            good &= shapely.dwithin(shapely.get_point(pieces, end), edge, 1e-2)
        pieces = pieces[good]
        if len(self.houses) and len(pieces):
            struck = shapely.STRtree(self.houses).query(pieces, predicate="intersects")[0]
            pieces = np.delete(pieces, np.unique(struck))
        out: NDArray[Any] = pieces[wkb_order(pieces)]
        return out

    def _cut(self, water: Any) -> list[Any]:
        """Cut large water along bridges and water round an island beside it; join pieces too small for a cell."""
        bridges = list(self._crossing(water)) if water.area > self.limits.largest else []
        isles = shapely.polygons(shapely.get_rings(water)[1:])
        bridges += [line for isle in isles for line in _past(isle, water, self.houses)]
        if not bridges:
            return [water]
        lines = [shapely.boundary(water), *(_longer(line, 0.01) for line in bridges)]
        noded = shapely.union_all(lines, grid_size=self.limits.snap)
        faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
        faces = list(faces[shapely.covers(water.buffer(1e-3), shapely.point_on_surface(faces))])
        faces = [faces[i] for i in wkb_order(np.array(faces, dtype=object))]
        kept: list[Any] = []
        while faces:
            piece = faces.pop(min(range(len(faces)), key=lambda i: (round(faces[i].area, 3), i)))
            near = self._neighbour(piece, [*faces, *kept]) if piece.area < self.limits.least else None
            if near is None:
                kept.append(piece)
                continue
            index, joined = near
            if index < len(faces):
                faces[index] = joined
            else:
                kept[index - len(faces)] = joined
        return kept

    def _neighbour(self, piece: Any, others: list[Any]) -> tuple[int, Any] | None:
        """Return the piece with the longest common edge with which this one makes a plain polygon, and that polygon."""
        shared = [round(piece.boundary.intersection(other.boundary).length, 3) for other in others]
        for index in sorted(range(len(others)), key=lambda i: (-shared[i], i)):
            joined = self._with(others[index], piece)
            if shared[index] > 0 and joined.geom_type == "Polygon" and not len(joined.interiors):
                return index, joined
        return None


def _past(island: Any, water: Any, houses: NDArray[Any]) -> list[Any]:
    """Return the shortest lines that lead from an island to both sides, through its middle, straight over the water.

    Lines that meet no house in the water come before those that do.
    """
    middle = shapely.get_coordinates(shapely.point_on_surface(island))[0]
    size = float(np.ptp(np.reshape(water.bounds, (2, 2)), axis=0).max()) * 2
    best: tuple[int, float, list[Any]] = (len(houses) + 1, np.inf, [])
    for angle in np.arange(24) * np.pi / 24:
        step = size * np.array([np.cos(angle), np.sin(angle)])
        pieces = shapely.get_parts(shapely.intersection(shapely.LineString([middle - step, middle + step]), water))
        pieces = pieces[shapely.dwithin(pieces, island, 1e-6)]
        length = round(float(shapely.length(pieces).sum()), 3)
        struck = int(shapely.intersects(houses, shapely.multilinestrings(pieces)).sum()) if len(houses) else 0
        if len(pieces) >= 2 and (struck, length) < best[:2]:
            best = (struck, length, list(pieces))
    return best[2]


def _longer(line: Any, reach: float) -> Any:
    """Draw a line straight on at both ends."""
    xy = shapely.get_coordinates(line)
    for _ in range(2):
        step = xy[-1] - xy[-2]
        xy = np.concatenate([xy, [xy[-1] + step / max(float(np.hypot(*step)), 1e-9) * reach]])[::-1]
    return shapely.LineString(xy)
