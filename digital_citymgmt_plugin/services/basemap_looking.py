# SPDX-License-Identifier: GPL-2.0-or-later
"""What a drawing holds, told before it is imported."""

from __future__ import annotations

from collections import Counter
from typing import Any

from digital_citymgmt_plugin.core.basemap.candidates import Proposer
from digital_citymgmt_plugin.core.basemap.drawing import POINT, Drawing
from digital_citymgmt_plugin.core.basemap.themes import Themes
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_basemap import PreviewBaseMap
from digital_citymgmt_plugin.services.basemap_reading import Place, place_drawing


def look(
    context: Context, drawing: Drawing, name: str, request: PreviewBaseMap, place: Place, themes: Themes,
    proposer: Proposer,
) -> dict[str, Any]:  # fmt: skip
    """Return what a drawing holds, by layer, and where it belongs; nothing is written (see ``preview_base_map``)."""
    said: dict[str, Any] = {
        "name": name, "format": drawing.format, "version": drawing.version, "encoding": drawing.encoding,
        "encoding_evidence": drawing.encoding_evidence, "samples": list(drawing.samples), "entities": len(drawing),
        "skipped": drawing.skipped, "crs": None, "crs_evidence": "", "swapped": False, "strays": 0,
    }  # fmt: skip
    layers: dict[str, Counter[str]] = {}
    blocks: dict[str, Counter[str]] = {}
    proposed: dict[str, Counter[str]] = {}
    columns = (drawing.entities[column].tolist() for column in ("layer", "kind", "block", "code"))
    for layer, kind, block, code in zip(*columns):
        layers.setdefault(layer, Counter())[kind] += 1
        if block:
            blocks.setdefault(layer, Counter())[block] += 1
        found = proposer.propose(layer, block, code) if kind == POINT else None
        if found is not None:
            proposed.setdefault(layer, Counter())[found.class_code] += 1
    said["layers"] = [
        {"layer": layer, "theme": themes.theme(layer), "count": sum(kinds.values()), "kinds": dict(kinds),
         "blocks": dict(blocks.get(layer, Counter()).most_common(20)), "symbols": kinds[POINT],
         "component": next((code for code, _ in proposed.get(layer, Counter()).most_common(1)), "")}
        for layer, kinds in sorted(layers.items())
    ]  # fmt: skip
    try:
        placed = place_drawing(context, drawing, name, request.crs, place, themes)
    except InputRefused as error:
        said.update(problem=error.code, values=error.values)
        return said
    said.update(
        crs=placed.crs, crs_evidence=placed.crs_evidence, swapped=placed.swapped, strays=int(placed.stray.sum())
    )
    return said
