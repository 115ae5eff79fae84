# SPDX-License-Identifier: GPL-2.0-or-later
"""A store of a demo city with all that grids are drafted from and checked against, and the requests of the windows.

As a script: ``_draft_store.py CITY_FOLDER STORE``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.draft_guesses import Offer, rank_text, store_offers
from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    CreateStore,
    ImportAreas,
    ImportComponents,
    Layer,
    Request,
)
from digital_citymgmt_plugin.core.requests_basemap import ImportBaseMap
from digital_citymgmt_plugin.core.requests_draft import DraftGrids

THEMES = {
    "roads": "road", "road_areas": "road", "road_edges": "road", "drives": "road", "rivers": "water",
    "river_areas": "water", "walls": "wall", "compounds": "wall", "buildings": "building", "green": "vegetation",
    "gates": "facility", "symbols": "facility",
}  # fmt: skip


def filling(city: Path) -> list[Request]:
    """Return the requests that bring a demo city into an empty store; codes need grids."""
    mapping = json.dumps({"layers": THEMES})
    areas, grids = str(city / "areas.gpkg"), str(city / "grids.gpkg")
    requests: list[Request] = [
        ImportAreas(Layer(areas, "streets"), "street", "code", "name"),
        ImportAreas(Layer(areas, "communities"), "community", "code", "name"),
    ]
    if Path(grids).exists():
        requests.append(AdoptGrids(Layer(grids, "unit_grids"), code_field="code"))
    for path in sorted((city / "components").glob("components_*.*")):
        if path.suffix in (".gpkg", ".shp"):
            requests.append(ImportComponents(Layer(str(path)), class_field="CLASS"))
    if Path(grids).exists():
        requests.append(AssignCodes())
    return [*requests, ImportBaseMap(str(city / "base_map.gpkg"), mapping=mapping)]


def build(city: Path, store: Path) -> None:
    """Make the store, each request in one engine after the other."""
    about = json.loads((city / "about.json").read_text(encoding="utf-8"))
    engine = EngineClient(sys.executable)
    try:
        engine.call(CreateStore(str(store), about["edition"], about["county_code"], about["county_name"], about["crs"]))
        for request in filling(city):
            engine.call(request)
    finally:
        engine.close()


def draft_request(sources: dict[str, Any], output: Path, only: str | None = None) -> DraftGrids:
    """Return the request of the window as it opens: all that the store offers, by the guesses that it makes."""
    offers = store_offers(sources["lines"], sources["areas"], sources["counts"])
    texts = rank_text([(offer, offer.rank) for offer in offers.barriers if offer.used])
    named = {"buildings": offers.buildings[:1], "compounds": offers.compounds[:1], "components": offers.components[:1]}
    chosen: dict[str, Offer] = {name: found[0] for name, found in named.items() if found}
    return DraftGrids(
        Layer("", "admin_area"), str(output), [Layer("", offer.table) for offer, _text in texts],
        barrier_ranks=[text for _offer, text in texts], area_code_field="code", only=None if only is None else [only],
        rows={name: {offer.field: list(offer.values)} for name, offer in chosen.items() if offer.field} or None,
        **{name: Layer("", offer.table) for name, offer in chosen.items()},
    )  # fmt: skip


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
