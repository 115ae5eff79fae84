# SPDX-License-Identifier: GPL-2.0-or-later
"""The gazetteer into the store: points of interest, landmarks, door plates, streets with their numbers, cameras."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.census.rows import fit_geometries
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import Mapping, RowProblem, apply_mapping, check_columns
from digital_citymgmt_plugin.core.places.addresses import area_names
from digital_citymgmt_plugin.core.places.fields import CAMERA, KINDS, SYNONYMS, fields_of
from digital_citymgmt_plugin.core.places.rows import clean_places, kind_problems
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Action, Columns, Context, Source, Store
from digital_citymgmt_plugin.core.requests import ImportPlaces
from digital_citymgmt_plugin.services.census_known import ELSEWHERE
from digital_citymgmt_plugin.services.intake import (
    Placer,
    Tally,
    base_name,
    find_mapping,
    objects,
    open_layer,
    row_digests,
    source_crs,
    source_name,
)
from digital_citymgmt_plugin.services.intake_rows import Keys, good_rows, kept_attributes, take_all
from digital_citymgmt_plugin.services.link_places import AREAS, CityMap
from digital_citymgmt_plugin.services.rejecting import CRS, SOURCE, origin_of, reject_list

_BOTH = ("name", "code", "category", "address", "attributes", GEOM)
_OF_PLACE = ("street", "number", "number_from", "number_to", "sub_number", "ranges")
WRITTEN = {
    "place": ("kind", *_BOTH, *_OF_PLACE),
    "camera": (*_BOTH, "direction", "angle", "reach"),
}


def import_places(context: Context, request: ImportPlaces) -> dict[str, Any]:
    """Bring places of one kind in.

    A row is known again by its source id (if mapped), else by its code, both within one kind, file and layer name
    (option ``source`` of the mapping gives another), else by all it says: the same file a second time changes nothing,
    and of a file with changed rows these alone are changed. Grid, community and street are those of the map. The
    address is taken apart into street and number (``core.places.addresses``); a street's numbers are kept by side.

    Coordinates of online maps are put back to WGS 84 when ``request.shift`` says so, never by themselves.

    Returns
    -------
    dict
        Counts ``read`` = ``accepted`` + ``rejected``; ``accepted`` = ``inserted`` + ``updated`` + ``unchanged``;
        ``outside`` (accepted rows in no unit grid and no community), ``repeated_ids``.

    Raises
    ------
    InputRefused
        ``input.places_kind``; no CRS, wrong CRS, swapped coordinates, empty input, unknown mapping or column;
        ``input.other_source`` when most of the rows known by the file's name now lie elsewhere.
    """
    store = context.need_store()
    if request.kind not in KINDS:
        raise InputRefused("input.places_kind", value=request.kind, known=", ".join(KINDS))
    source = open_layer(context, request.input)
    try:
        file = base_name(source.info.path)
        mapping = _mapping(context, request, source)
        crs = source_crs(context, request.input, source, mapping)
        default = source_name(source)
        name = str(mapping.options.get("source") or origin_of(source, default))
        by_file = name == default and not mapping.options.get("source")
        placer = Placer(context, crs, file, strict=True, swaps=True, shift=request.shift)
        with reject_list(context, request.rejects, source) as rejects:
            tally = Tally(rejects, {SOURCE: name, **({} if mapping.x else {CRS: crs})})
            rows = PlaceRows(store, request.kind, mapping, placer, tally, name, by_file)
            counts = {"inserted": 0, "updated": 0, "unchanged": 0}
            writer = PlaceWriter(rows.table)
            result = take_all(context, source, rows, writer, "places", request, rejects, counts)
            if tally.read == 0:
                raise InputRefused("input.empty", file=file, layer=request.input.layer or "")
            rejects.close()
            result["rejects"] = request.rejects if rejects.count and request.rejects else None
    finally:
        source.close()
    result["tables"] = [rows.table, "mapping"] if result["operation"] else []
    result["counts"].update(outside=rows.outside, repeated_ids=rows.keys.repeated_ids)
    result["encoding"], result["encoding_evidence"] = source.info.encoding, source.info.encoding_evidence
    return result


def _mapping(context: Context, request: ImportPlaces, source: Source) -> Mapping:
    mapping = find_mapping(context, "places", request.mapping, source, fields_of(request.kind), SYNONYMS[request.kind])
    if not (request.mapping or "").strip() and source.info.geometry is not None:
        mapping = replace(mapping, x=None, y=None)  # a layer's geometry goes before columns called lon and lat
    columns = [item.name for item in source.info.fields]
    if source.info.geometry is None and not mapping.x:
        raise InputRefused("input.no_place", file=base_name(source.info.path), known=", ".join(columns))
    check_columns(mapping, columns, base_name(source.info.path))
    return mapping


class PlaceRows:
    """Checks the rows of one file of places of one kind.

    Parameters
    ----------
    store : Store
    kind : str
    mapping : Mapping
    placer : Placer
    tally : Tally
    source : str
        The name under which the file's own ids and codes are remembered.
    by_file : bool
        Whether the name is only that of the file: then another file of this name must not move what is known.
    """

    def __init__(
        self, store: Store, kind: str, mapping: Mapping, placer: Placer, tally: Tally, source: str, by_file: bool
    ) -> None:
        self.placer, self.tally, self.keys = placer, tally, Keys(f"{kind} {source}")
        self.table = "camera" if kind == CAMERA else "place"
        self.outside = 0
        self._store, self._kind, self._mapping, self._source = store, kind, mapping, source
        self._by_file, self._city = by_file, CityMap(store)
        self._areas = area_names(store.meta().get("county_name", ""), self._city.names.values())

    def take(self, chunk: Columns) -> Columns:
        """Return the good rows of a chunk in our fields; the others go to the reject list."""
        size = len(chunk[ROW])
        self.tally.read += size
        columns, problems = apply_mapping(self._mapping, chunk)
        if "__x__" in columns:
            shapes, reasons = self.placer.points(columns.pop("__x__"), columns.pop("__y__"))
        else:
            shapes, reasons = self.placer.place(chunk[GEOM])
        problems += [RowProblem(index, reason, {}) for index, reason in sorted(reasons.items())]
        columns[GEOM], dimensions, wrong = fit_geometries(shapes)
        problems += wrong + kind_problems(self._kind, dimensions)
        cleaned, wrong = clean_places(self._kind, columns, size, self._areas)
        problems += wrong
        columns.update({name: objects(values) for name, values in cleaned.items()})
        columns["kind"] = objects([self._kind] * size)
        columns["attributes"] = kept_attributes(self._mapping, chunk)
        columns["import_digest"] = objects(row_digests(columns, WRITTEN[self.table]))
        columns["import_key"] = self.keys.give(columns, good_rows(size, problems))
        self._find_known(columns)
        keep = self.tally.reject(chunk, problems)
        taken = {name: column[keep] for name, column in columns.items()}
        taken.update(self._where(taken[GEOM]))
        return taken

    def _where(self, geometries: Any) -> Columns:
        """Return grid, community and street by the map."""
        found = self._city.areas(geometries)
        self.outside += sum(
            grid is None and community is None
            for grid, community in zip(found["grid_code"].tolist(), found["community_code"].tolist())
        )
        return found

    def _find_known(self, columns: Columns) -> None:
        """Set ``fid`` (−1 when new) and ``same_digest``; refuse a file that is another one of the same name."""
        keys = {key: index for index, key in enumerate(columns["import_key"].tolist()) if key is not None}
        columns["fid"] = np.full(len(columns[ROW]), -1, dtype=np.int64)
        columns["same_digest"] = np.zeros(len(columns[ROW]), dtype=bool)
        asked = ("fid", "import_key", "import_digest")
        there = (
            self._store.read(self.table, asked, [("import_key", "in", list(keys))]) if keys else {"fid": np.empty(0)}
        )
        for fid, key, digest in zip(*(there[name].tolist() for name in asked if name in there)):
            columns["fid"][keys[key]] = fid
            columns["same_digest"][keys[key]] = digest == columns["import_digest"][keys[key]]
        if self._by_file and len(there["fid"]) > 1:
            self._by_file = False
            moved = self._moved(columns)
            if moved * 2 > len(there["fid"]):
                raise InputRefused("input.other_source", file=self._source, count=len(there["fid"]), moved=moved)

    def _moved(self, columns: Columns) -> int:
        """Count known rows that now lie more than 50 m from where they were."""
        rows = np.flatnonzero((columns["fid"] >= 0) & ~columns["same_digest"])
        there = self._store.read(self.table, ["fid", GEOM], [("fid", "in", columns["fid"][rows].tolist())])
        before = dict(zip(there["fid"].tolist(), there[GEOM].tolist()))
        shapes = objects(before[fid] for fid in columns["fid"][rows].tolist())
        return int((shapely.distance(columns[GEOM][rows], shapes) > ELSEWHERE).sum())


class PlaceWriter:
    """Writes the rows that ``PlaceRows`` let through."""

    def __init__(self, table: str) -> None:
        self._table = table

    def write(self, action: Action, taken: Columns, counts: dict[str, int]) -> None:
        """Insert new rows and update changed ones."""
        new, changed = taken["fid"] < 0, (taken["fid"] >= 0) & ~taken["same_digest"]
        counts["unchanged"] += int(taken["same_digest"].sum())
        counts["inserted"] += int(new.sum())
        counts["updated"] += int(changed.sum())
        names = (*WRITTEN[self._table], *AREAS, "import_digest")
        if new.any():
            action.insert(self._table, {name: taken[name][new] for name in (*names, "import_key")})
        if changed.any():
            action.update(self._table, taken["fid"][changed], {name: taken[name][changed] for name in names})
