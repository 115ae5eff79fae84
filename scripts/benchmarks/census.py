# SPDX-License-Identifier: GPL-2.0-or-later
"""The census bench: duplicates, checks and drawings at size, each figure with its bar.

The parts are modules beside this one, ``_census_….py``, each with ``figures(folder, store, scale)``: it may write into
``folder``, works on copies of ``store`` (areas, grids, census and codes of a made-up city) and returns figures as
``importcomponents.figure`` makes them. Names are ``census: …``; bars of speed hold at qingdao only.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.requests import AssignCodes, OpenStore
from scripts.benchmarks._city import make
from scripts.benchmarks._versions import versions
from scripts.benchmarks.assigncodes import prepare

PARTS = ("duplicates", "checks", "dxf", "photos", "seeded")


def coded(folder: Path) -> Path:
    """Make the store that all parts copy: everything in, codes too."""
    store = prepare(folder)
    engine = EngineClient(sys.executable)
    engine.call(OpenStore(str(store)))
    engine.call(AssignCodes())
    engine.close()
    return store


def parts() -> list[str]:
    """Name the parts that there are."""
    names = [f"scripts.benchmarks._census_{part}" for part in PARTS]
    return [name for name in names if importlib.util.find_spec(name)]


def main() -> None:
    """Run and write the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sizes = make(folder, arguments.scale)
        store = coded(folder)
        for name in parts():
            own = folder / name.rpartition("_")[2]
            own.mkdir()
            figures += importlib.import_module(name).figures(own, store, arguments.scale)
    for each in figures:
        each["value"] = float(each["value"])
    content = {"figures": figures, "versions": versions(), "sizes": sizes}
    arguments.json.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    main()
