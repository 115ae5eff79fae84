# SPDX-License-Identifier: GPL-2.0-or-later
"""What a benchmark ran with: versions of Python, SQLite, the libraries and the peers."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import sqlite3
import subprocess

_LIBRARIES = ("numpy", "shapely", "pyogrio", "fiona", "geopandas", "pandas", "scipy", "pyproj")


def has(peer: str) -> bool:
    """Tell whether a peer (QGIS, geopandas, ogr2ogr) is there to be timed."""
    if peer == "ogr2ogr":
        return shutil.which(peer) is not None
    return importlib.util.find_spec(peer.lower()) is not None


def versions() -> dict[str, str]:
    """Return the version of each part that is there."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if importlib.util.find_spec("pyogrio") is not None:
        import pyogrio

        found["gdal of pyogrio"] = ".".join(str(part) for part in pyogrio.__gdal_version__)
    if has("ogr2ogr"):
        said = subprocess.run(["ogr2ogr", "--version"], capture_output=True, text=True, check=False).stdout
        found["ogr2ogr"] = said.split(",")[0].replace("GDAL ", "").strip()
    if has("QGIS"):
        from qgis.core import Qgis

        found["qgis"] = str(Qgis.version()) if hasattr(Qgis, "version") else str(Qgis.QGIS_VERSION)
    return found
