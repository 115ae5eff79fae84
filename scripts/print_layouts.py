# SPDX-License-Identifier: GPL-2.0-or-later
"""Print a city's sheets from our templates to PDF or PNG, without a window.

``bash scripts/headless.sh .venv/bin/python scripts/print_layouts.py STORE --out FOLDER [--template NAME]``.
The store is only read; it may be open in QGIS meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> int:
    """Print; 0 when all sheets are written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for the sheets")
    parser.add_argument("--template", action="append", help="grids, grids_by_community, census, cases (all)")
    parser.add_argument("--format", choices=["pdf", "png"], default="pdf")
    parser.add_argument("--city", default="", help="name for the titles (that of the county when not given)")
    parser.add_argument("--dpi", type=float, default=150)
    parser.add_argument("--locale", default=os.environ.get("DCM_LOCALE") or "zh_CN")
    options = parser.parse_args()
    from scripts.run_demo import start_qgis

    application = start_qgis(options.locale)
    from qgis.core import QgsProject

    from digital_citymgmt_plugin.bridge import layers, layouts
    from digital_citymgmt_plugin.bridge.messages import sentence
    from digital_citymgmt_plugin.core.errors import CityError

    store = str(options.store.resolve())
    project = QgsProject.instance()
    layers.load_store(store, options.city, project)
    county = layers.find_layer(store, "admin_area", "county", project)
    if county is None:
        sys.stderr.write(f"{options.store} is no city store.\n")
        return 1
    first = next(county.getFeatures(), None)
    city = options.city or (str(first["name"]) if first is not None else options.store.stem)
    project.setCrs(county.crs())
    options.out.mkdir(parents=True, exist_ok=True)
    for key in options.template or list(layouts.TEMPLATES):
        try:
            layout = layouts.new_layout(project, store, key, city)
            for path in layouts.export(layout, str(options.out / f"{key}.{options.format}"), options.dpi):
                sys.stdout.write(f"{path}\n")
        except CityError as error:
            sys.stderr.write(f"{key}: {sentence(error)}\n")
            return 1
    del application
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # QGIS takes its own time to come down when Python ends; all files are closed by now.
    os._exit(status)
