# SPDX-License-Identifier: GPL-2.0-or-later
"""What rules look at and what they answer: a part of the census as columns, the city around it, hits with values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.allocation import places_in_list
from digital_citymgmt_plugin.core.census.check_pack import Params
from digital_citymgmt_plugin.core.codes import CodeScheme

# Themes of the base map that rules ask for, as core/basemap names them.
BUILDING, WATER, CARRIAGEWAY, WALL = "building", "water", "road", "wall"
GONE = "移除"  # the state of a component that is not there any more


@dataclass(frozen=True)
class ClassInfo:
    """What a component class asks of its components; distances in metres."""

    code: str
    name: str
    geometry: str = ""  # point, line, area; '' when the catalogue does not say
    accuracy: str = ""
    enabled: bool = True
    required: tuple[str, ...] = ()
    photos: int = 0
    duplicate_m: float | None = None


@dataclass
class Part:
    """Some components of one table, as arrays of equal length.

    ``columns``: text columns with None where nothing is stated. ``xy``: (n, 2) one point for each, NaN where there is
    none. ``shapes``: geometries; of points only those that have no usable place, None for all others.
    """

    table: str
    columns: dict[str, NDArray[Any]]
    xy: NDArray[np.float64]
    shapes: NDArray[Any]
    kept: dict[str, Any] = field(default_factory=dict)  # what several rules need, computed once

    @property
    def size(self) -> int:
        """How many components."""
        return len(self.xy)

    def distinct(self, name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the distinct values of a column and for each component the place of its value."""
        key = "distinct " + name
        if key not in self.kept:
            values, places = places_in_list(self.columns[name])
            self.kept[key] = values, np.asarray(places, dtype=np.int64)
        result: tuple[NDArray[Any], NDArray[np.int64]] = self.kept[key]
        return result

    def where(self, name: str, test: Callable[[Any], bool]) -> NDArray[np.bool_]:
        """Tell where the value of a column meets a test; every distinct value is asked once."""
        values, places = self.distinct(name)
        answers = np.fromiter((bool(test(value)) for value in values), dtype=bool, count=len(values))
        return answers[places] if len(values) else np.zeros(self.size, dtype=bool)

    def empty(self, name: str) -> NDArray[np.bool_]:
        """Tell where a column states nothing."""
        return self.where(name, is_blank)

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Tell which have coordinates that can be used: finite and not at the origin."""
        if "placed" not in self.kept:
            finite = np.isfinite(self.xy).all(axis=1)
            self.kept["placed"] = finite & ~((self.xy[:, 0] == 0) & (self.xy[:, 1] == 0))
        placed: NDArray[np.bool_] = self.kept["placed"]
        return placed

    @property
    def there(self) -> NDArray[np.bool_]:
        """Tell which stand outside still: neither removed nor merged into another."""
        if "there" not in self.kept:
            self.kept["there"] = ~self.where("state", lambda value: value == GONE) & self.empty("merged_uuid")
        there: NDArray[np.bool_] = self.kept["there"]
        return there


@dataclass
class Photos:
    """Photos of the components of a part: ``owner`` is the place of the component in the part.

    ``xy``: where they were taken, in the CRS of the store, NaN when not known. ``day``: ISO date or None.
    """

    owner: NDArray[np.int64]
    xy: NDArray[np.float64]
    day: NDArray[Any]
    name: NDArray[Any]


NearLine = Callable[[str, NDArray[np.float64], float], NDArray[np.bool_]]


@dataclass
class City:
    """What the rules compare components with.

    Geometries are in the CRS of the store, metres. ``areas``: the areas that together are the city (county, else
    streets, communities, grids). ``register``: sorted codes of components ever issued, ``retired`` beside them.
    ``base``: areas of the base map by theme. ``line_themes``: themes of which it has lines; ``near_line`` tells which
    points lie within so many metres of one (theme, (n, 2) points, metres).
    """

    classes: Mapping[str, ClassInfo]
    departments: frozenset[str]
    scheme: CodeScheme
    county: str
    today: str
    grids: NDArray[Any]
    grid_codes: NDArray[Any]
    grid_communities: NDArray[Any]
    areas: NDArray[Any]
    register: NDArray[np.bytes_]
    retired: NDArray[np.bool_]
    base: dict[str, NDArray[Any]] = field(default_factory=dict)
    line_themes: frozenset[str] = frozenset()
    near_line: NearLine | None = None
    has_photos: bool = False
    photos: Callable[[Part], Photos] | None = None

    @property
    def names(self) -> dict[str, set[str]]:
        """Return the codes of classes by name."""
        found: dict[str, set[str]] = {}
        for entry in self.classes.values():
            found.setdefault(entry.name, set()).add(entry.code)
        return found

    @property
    def box(self) -> NDArray[np.float64] | None:
        """Return west, south, east, north of the city, None when it has no areas."""
        return shapely.total_bounds(self.areas) if len(self.areas) else None


@dataclass
class Hits:
    """Which components of a part a rule found, and by name the values that its sentence gives."""

    rows: NDArray[np.int64]
    values: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, index: int) -> dict[str, Any]:
        """Return the values of one hit as plain Python values."""
        found = {name: column[index] for name, column in self.values.items()}
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in found.items()}


Check = Callable[[Part, City, Params], Hits]
CHECKS: dict[str, Check] = {}


def check(code: str) -> Callable[[Check], Check]:
    """Register the function of a rule."""

    def register(function: Check) -> Check:
        CHECKS[code] = function
        return function

    return register


def hits(mask: NDArray[np.bool_], **columns: NDArray[Any]) -> Hits:
    """Return the hits of a mask with the values of whole columns."""
    rows = np.flatnonzero(mask)
    return Hits(rows, {name: column[rows] for name, column in columns.items()})


def is_blank(value: Any) -> bool:
    """Tell whether a value states nothing."""
    return value is None or (isinstance(value, str) and not value.strip())
