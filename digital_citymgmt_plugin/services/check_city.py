# SPDX-License-Identifier: GPL-2.0-or-later
"""What the checks compare components with, read from the store: rule pack, classes, grids, areas, base map, photos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.check_pack import Rule, adjust, split
from digital_citymgmt_plugin.core.census.checks.identity import as_bytes
from digital_citymgmt_plugin.core.census.checks.model import (
    BUILDING,
    CARRIAGEWAY,
    WATER,
    City,
    ClassInfo,
    Part,
    Photos,
)
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Context, Projections, Store
from digital_citymgmt_plugin.services.intake import today

Boxes = NDArray[np.float64]
_WGS84 = "EPSG:4326"  # of EXIF places
_THEMES = {
    "component.in_building": BUILDING, "component.in_water": WATER, "component.on_carriageway": CARRIAGEWAY,
    "component.off_road": CARRIAGEWAY,
}  # fmt: skip
_BY_LINES = "component.off_road"  # for which lines will do
_LEVELS = ("county", "street", "community")


def rule_pack(context: Context, store: Store, of: str = "") -> tuple[list[Rule], list[str]]:
    """Return the rules as the city has them, and the codes of changes that cannot be used.

    ``of``: only rules whose code begins with it.
    """
    rows = store.read("check_rule", ["code", "level", "enabled", "params"])
    changes = [dict(zip(rows, values)) for values in zip(*(column.tolist() for column in rows.values()))]
    rules, wrong = adjust(context.files.check_rules(), changes)
    return [rule for rule in rules if rule.code.startswith(of)], [code for code in wrong if code.startswith(of)]


def chosen_rules(rules: Sequence[Rule], asked: str | None) -> list[Rule]:
    """Return the enabled rules, or those asked for by code (with or without ``component.``) or family.

    Raises
    ------
    InputRefused
        ``input.rule`` for one that is not known.
    """
    words = split(asked)
    if not words:
        return [rule for rule in rules if rule.enabled]
    found = []
    for word in words:
        of_word = [rule for rule in rules if word in (rule.code, rule.code.partition(".")[2])]
        of_word = of_word or [rule for rule in rules if rule.family == word and rule.enabled]
        if not of_word:
            raise InputRefused("input.rule", value=word)
        found += [rule for rule in of_word if rule not in found]
    return found


def read_classes(store: Store) -> dict[str, ClassInfo]:
    """Return the component classes of the city with what each asks for."""
    names = ("code", "name", "geometry", "accuracy", "enabled", "required_fields", "photo_count", "duplicate_m")
    rows = store.read("class", names, [("kind", "=", COMPONENT)])
    return {
        code: ClassInfo(code, name or "", kind or "", level or "", bool(used), split(fields), int(photos or 0), nearest)
        for code, name, kind, level, used, fields, photos, nearest in zip(*(rows[each].tolist() for each in names))
    }


def read_city(context: Context, rules: Sequence[Rule], boxes: Boxes | None, codes: Sequence[str] | None) -> City:
    """Read what the rules compare with.

    Parameters
    ----------
    boxes : (n, 4) array or None
        Around what is looked at, to read no more of the base map than needed; None reads all.
    codes : sequence of str or None
        Codes to look up in the register; None reads it all.
    """
    store, profile, meta = context.need_store(), context.need_store().profile(), context.need_store().meta()
    grids = store.read("unit_grid", ["code", "community_code", GEOM], [("status", "=", "current")], ["code"])
    register, retired = register_codes(store, codes)
    photos = PhotoIndex(store, context.projections, meta["crs"])
    wanted = {_THEMES[rule.code] for rule in rules if rule.code in _THEMES}
    return City(
        classes=read_classes(store), departments=frozenset(item.code for item in profile.departments),
        scheme=profile.component_scheme, county=meta["county_code"], today=today(context),
        grids=grids[GEOM], grid_codes=grids["code"], grid_communities=grids["community_code"],
        areas=_areas(store, grids[GEOM]), register=register, retired=retired,
        base={theme: _base(store, theme, boxes) for theme in sorted(wanted)},
        line_themes=frozenset(line_themes(store)), near_line=partial(near_line, store),
        has_photos=photos.any, photos=photos.of,
    )  # fmt: skip


def line_themes(store: Store) -> dict[str, int]:
    """Return the themes of the base map that have lines, with their number."""
    return {str(theme): int(count) for theme, count in store.tally("base_line", ["theme"])}


def near_line(store: Store, theme: str, xy: Boxes, metres: float) -> NDArray[np.bool_]:
    """Tell which points lie within ``metres`` of a line of a theme; only lines around them are read."""
    boxes = np.hstack([xy - metres, xy + metres])
    around = store.fids_in("base_line", boxes).tolist()
    lines = store.read("base_line", [GEOM], [("theme", "=", theme), ("fid", "in", around)])[GEOM]
    near = np.zeros(len(xy), dtype=bool)
    if len(lines):
        tree = shapely.STRtree(shapely.points(xy))
        near[tree.query(lines, predicate="dwithin", distance=metres)[1]] = True
    return near


def lines_only(store: Store, rules: Sequence[Rule]) -> list[str]:
    """Return the rules that look for areas of a theme of which the base map has lines alone."""
    lines = line_themes(store)
    areas = {theme for theme, _ in store.tally("base_area", ["theme"])}
    asked = [(rule.code, _THEMES[rule.code]) for rule in rules if rule.code in _THEMES and rule.code != _BY_LINES]
    return [code for code, theme in asked if theme in lines and theme not in areas]


def basis(store: Store, rules: Sequence[Rule]) -> str:
    """Return a digest of what the checks compare with: when it changes, all has to be looked at again."""
    parts: list[Any] = [
        [(rule.code, rule.level, rule.enabled, sorted(rule.params.items())) for rule in rules],
        sorted(repr(entry) for entry in read_classes(store).values()),
        sorted(item.code for item in store.profile().departments),
        store.count("base_area"), store.count("base_line"), store.count("drawing"), store.count("photo") > 0,
    ]  # fmt: skip
    for table in ("unit_grid", "admin_area"):
        rows = store.read(table, ["fid", "updated_at"], [], ["fid"])
        parts.append(list(zip(rows["fid"].tolist(), rows["updated_at"].tolist())))
    return hashlib.sha256(json.dumps(parts, default=str, ensure_ascii=False).encode()).hexdigest()[:32]


def _areas(store: Store, grids: NDArray[Any]) -> NDArray[Any]:
    """Return the areas that together are the city: of the highest level that is drawn."""
    for level in _LEVELS:
        shapes = store.read("admin_area", [GEOM], [("level", "=", level), ("valid_to", "is null", None)])[GEOM]
        drawn = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))] if len(shapes) else shapes
        if len(drawn):
            return np.asarray(drawn, dtype=object)
    return grids


def register_codes(store: Store, codes: Sequence[str] | None) -> tuple[NDArray[np.bytes_], NDArray[np.bool_]]:
    """Return the component codes ever issued, sorted, and which of them are retired; ``codes`` None means all."""
    names, kind = ["code", "status"], ("kind", "=", COMPONENT)
    if codes is not None:
        parts = [store.read("code_register", names, [kind, ("code", "in", list(codes))])]
    else:
        parts = list(_small(store.chunks("code_register", names, [kind])))
    found = [part for part in parts if len(part["code"])]
    if not found:
        return np.empty(0, dtype="S1"), np.empty(0, dtype=bool)
    listed = [part["code"] if part["code"].dtype.kind == "S" else as_bytes(part["code"]) for part in found]
    register = np.concatenate(listed)
    retired = np.concatenate([part["status"] == "retired" for part in found]).astype(bool)
    order = np.argsort(register)
    return register[order], retired[order]


def _small(chunks: Any) -> Any:
    for part in chunks:  # of each chunk only bytes are kept: text of a million codes takes 70 MB
        yield {"code": as_bytes(part["code"]), "status": part["status"]}


def _base(store: Store, theme: str, boxes: Boxes | None) -> NDArray[Any]:
    where: list[tuple[str, str, Any]] = [("theme", "=", theme)]
    if boxes is not None:
        where.append(("fid", "in", store.fids_in("base_area", boxes).tolist()))
    shapes = store.read("base_area", [GEOM], where)[GEOM]
    drawn = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) if len(shapes) else np.empty(0, dtype=bool)
    shapes = shapes[drawn]
    # Hand-drawn outlines cross themselves now and then; asking those what they hold would end in an error.
    wrong = ~shapely.is_valid(shapes)
    shapes[wrong] = shapely.make_valid(shapes[wrong])
    return np.asarray(shapes, dtype=object)


class PhotoIndex:
    """Photos of the store by component, asked for part by part."""

    def __init__(self, store: Store, projections: Projections, crs: str) -> None:
        self._store, self._projections, self._crs = store, projections, crs
        self.any = store.count("photo") > 0

    def of(self, part: Part) -> Photos:
        """Return the photos of the components of a part."""
        uuids = part.columns["uuid"].tolist()
        none = np.empty(0, dtype=object)
        if not self.any:
            return Photos(np.empty(0, dtype=np.int64), np.empty((0, 2)), none, none)
        place = {uuid: index for index, uuid in enumerate(uuids)}
        names = ["object_uuid", "path", "taken_at", "lon", "lat"]
        rows = self._store.read("photo", names, [("object_uuid", "in", uuids)])
        owner = np.array([place[uuid] for uuid in rows["object_uuid"].tolist()], dtype=np.int64)
        return Photos(owner, self._xy(rows["lon"], rows["lat"]), rows["taken_at"], rows["path"])

    def _xy(self, lon: NDArray[Any], lat: NDArray[Any]) -> Boxes:
        place = np.column_stack([lon.astype(np.float64), lat.astype(np.float64)]).reshape(-1, 2)
        known = np.isfinite(place).all(axis=1)
        xy = np.full((len(place), 2), np.nan)
        if known.any():
            points = self._projections.transform(shapely.points(place[known]), _WGS84, self._crs)
            xy[known] = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
        return xy
