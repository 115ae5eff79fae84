# SPDX-License-Identifier: GPL-2.0-or-later
"""Imports one hostile file in a process of bounded memory; tells the error's code or the counts as a line of JSON.

``python hostile_victim.py KIND PATH CITY``: kind census or photos, the city's folder holds ``city.gpkg``.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 1_200 << 20  # bytes beyond what the libraries have mapped when they are loaded


def run(kind: str, path: str, city: str) -> dict:
    from digital_citymgmt_plugin.core.errors import CityError
    from digital_citymgmt_plugin.storage.gpkg import GpkgStore
    from tests.services.cities import LID
    from tests.support import NOW, Watcher, make_context

    store = GpkgStore(str(Path(city) / "city.gpkg"), program="tests", clock=lambda: NOW)
    try:
        context = make_context(store, Watcher())
        load()
        bound()
        if kind == "photos":
            from digital_citymgmt_plugin.core.requests import ImportPhotos
            from digital_citymgmt_plugin.services.photos import import_photos

            return import_photos(context, ImportPhotos(path))["counts"]
        from digital_citymgmt_plugin.core.requests import ImportComponents, Layer
        from digital_citymgmt_plugin.services.components import import_components

        mapping = {"fields": {"name": "name", "remark": "note"}, "x": "x", "y": "y", "crs": "EPSG:4550"}
        table = path.endswith((".csv", ".xlsx", ".gz"))
        request = ImportComponents(Layer(path), json.dumps(mapping) if table else None, None, LID)
        result = import_components(context, request)
        return {**result["counts"], "reasons": result["reasons"]}
    except CityError as error:
        return {"error": error.code}
    finally:
        store.close()


def load() -> None:
    # The libraries are loaded lazily; what they map is not what a file costs.
    import fiona
    import numpy
    import openpyxl
    import pandas
    import pyogrio
    import pyproj
    import shapely
    from PIL import Image

    assert all((fiona, numpy, openpyxl, pandas, pyogrio, pyproj, shapely, Image))


def bound() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.stdout.write(json.dumps(run(*sys.argv[1:])) + "\n")
