# SPDX-License-Identifier: GPL-2.0-or-later
"""From the window for drafting unit grids to the request, and from the project to what the window offers."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProject, QgsVectorLayer

from digital_citymgmt_plugin.bridge import draft_layers, layers
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.bridge.sources import Prepared, prepare
from digital_citymgmt_plugin.core.draft_guesses import Offer, Offers, ProjectLayer, cass_field, rank_text
from digital_citymgmt_plugin.core.request_base import Layer
from digital_citymgmt_plugin.core.requests_draft import DraftGrids
from digital_citymgmt_plugin.gui.dialogs.draft_grids import DraftGridsDialog
from digital_citymgmt_plugin.gui.models.draft import tr

MOST_LAYERS = 500  # of a drawing
KINDS = {0: "point", 1: "line", 2: "polygon"}


def project_layers() -> list[ProjectLayer]:
    """List the layers of the project that are none of a store and no draft."""
    found = []
    for layer in QgsProject.instance().mapLayers().values():
        ours = layers.path_of(layer) or draft_layers.is_draft(layer)
        if isinstance(layer, QgsVectorLayer) and layer.isValid() and not ours:
            kind = KINDS.get(int(layer.geometryType().value if hasattr(layer.geometryType(), "value")
                                 else layer.geometryType()))  # fmt: skip
            if kind is not None:
                names = tuple(field.name() for field in layer.fields())
                drawn = _drawn(layer, cass_field(names))
                found.append(ProjectLayer(layer.id(), layer.name(), kind, names, drawn, layer.crs().isValid()))
    return sorted(found, key=lambda one: one.name)


def _drawn(layer: QgsVectorLayer, field: str) -> tuple[str, ...]:
    """Return the layers of a drawing that a column names; none for a column of numbers, as OpenStreetMap has one."""
    column = layer.fields().indexOf(field) if field else -1
    if column < 0 or layer.fields().at(column).isNumeric():
        return ()
    return tuple(sorted(str(value) for value in layer.uniqueValues(column, MOST_LAYERS) if value is not None))


def locked_offers() -> list[Offer]:
    """Offer the cells that were locked in a draft; those of the last draft are kept by themselves."""
    found = []
    for layer in draft_layers.drafts():
        count = sum(cell.get(draft_layers.REVIEW) == "locked" for cell in draft_layers.cells_of(layer))
        if count:
            words = counted(tr("{layer}: {count} locked [cell|cells]"), layer=layer.name(), count=count)
            found.append(Offer(layer.id(), words, "", "", draft_layers.REVIEW, ("locked",), used=True))
    return found[::-1]


def draft_request(
    dialog: DraftGridsDialog, store: str, crs: str | None, output: str, only: str | None
) -> tuple[DraftGrids, dict[str, Prepared]]:
    """Return the request that the window describes, and the layers that must be written before it is sent.

    Raises
    ------
    InputRefused
        A layer that cannot be read.
    """
    page = dialog.layer_page
    written: dict[str, Prepared] = {}
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())

    def layer(offer: Offer) -> Layer:
        if not offer.source:
            return Layer("", offer.table)
        if offer.source not in written:
            written[offer.source] = prepare(offer.source, context, store_path=store)
        return written[offer.source].plain

    areas, others = page.areas(), page.others()
    assert areas is not None  # noqa: S101  (else nothing can be asked)
    texts = rank_text(page.chosen_barriers())
    named = {"areas": areas, **others}
    rows = {name: {one.field: list(one.values)} for name, one in named.items() if one.field}
    weights = dialog.weight_page.weights()
    coded = others["components"].class_field if "components" in others else ""
    weighed = weights if coded else None
    request = DraftGrids(
        layer(areas), output, [layer(offer) for offer, _text in texts],
        barrier_ranks=[text for _offer, text in texts], rows=rows or None,
        load_field=coded if weighed else None, load_weights=weighed,
        area_code_field=page.code_field(), only=None if only is None else [only],
        crs=crs, **{name: layer(offer) for name, offer in others.items()},
        **dialog.target_page.values(),
    )  # fmt: skip
    return request, written


def made_by(request: DraftGrids, answer: dict[str, Any]) -> dict[str, Any]:
    """Return how a draft came about: target and band, seed, library, what the engine had to say."""
    return {
        "target_area": float(answer.get("target_area") or request.target_area),
        "band": [float(part) for part in request.band.split(",")], "by_load": request.target_load is not None,
        "target_load": request.target_load, "seed": request.seed, "geos": answer.get("geos"),
        "shapely": answer.get("shapely"), "doubtful_below": answer.get("doubtful_below"),
        "notes": answer.get("notes") or [],
    }  # fmt: skip


def joined(store: Offers, project: Offers, locked: list[Offer]) -> Offers:
    """Put what the store offers before the layers of the project, and cells locked in a draft before all others."""
    names = ("areas", "barriers", "buildings", "compounds", "components")
    first = [(*getattr(store, name), *getattr(project, name)) for name in names]
    return Offers(*first, (*locked, *store.locked, *project.locked))


def middle(boxes: list[Any], seen: list[float]) -> int:
    """Return the number of the smallest box that holds the middle of what is seen; 0 when none does."""
    if not seen:
        return 0
    x, y = (seen[0] + seen[2]) / 2, (seen[1] + seen[3]) / 2
    inside = [
        ((box[2] - box[0]) * (box[3] - box[1]), at)
        for at, box in enumerate(boxes)
        if box[0] <= x <= box[2] and box[1] <= y <= box[3]
    ]
    return min(inside)[1] if inside else 0
