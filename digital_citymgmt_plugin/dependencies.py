# SPDX-License-Identifier: GPL-2.0-or-later
"""Which packages an interpreter has, what is missing, and which features each missing one switches off.

Standard library only, and no package is imported to look at it: this runs in the engine's interpreter as well as in
QGIS. The plugin always loads; an action that needs a missing package is refused with the way to get it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Package:
    """A package we use: its name on PyPI, the oldest version and the features that need it.

    ``module`` is its name for import where that is another.
    ``features`` are keys of ``FEATURES``.
    ``vital`` packages are needed by every action of the engine.
    """

    name: str
    minimum: str
    features: tuple[str, ...]
    vital: bool = False
    module: str = ""

    @property
    def imported_as(self) -> str:
        """Name for import."""
        return self.module or self.name


# Only what is really imported stands here (tested): a package that switches off nothing is not asked for.
PACKAGES: tuple[Package, ...] = (
    Package("numpy", "1.21", ("engine",), vital=True),
    Package("shapely", "2.0.1", ("engine",), vital=True),
    Package("pyproj", "3.4", ("engine",), vital=True),
    Package("scipy", "1.10", ("draft_grids",)),
    Package("pyogrio", "0.8", ("layer_files",)),
    Package("fiona", "1.9", ("long_text_layers",)),
    Package("openpyxl", "3.1", ("workbooks",)),
    Package("ezdxf", "1.1", ("drawings",)),
    Package("chinesecalendar", "1.8", ("holidays",), module="chinese_calendar"),
    Package("pillow", "9.4", ("photos",), module="PIL"),
    Package("pypinyin", "0.44", ("pinyin_search",)),
    Package("python-docx", "1.1", ("word_slips",), module="docx"),
    Package("docxtpl", "0.20", ("word_templates",)),
    Package("jinja2", "3.1", ("word_templates",)),
)
_ON_NUMPY = {"shapely", "scipy", "pyogrio"}  # pip gets a numpy with these
# Feature key → what is switched off, in English; the plugin shows the translation.
FEATURES: dict[str, str] = {
    "engine": "the engine: every action on a city store",
    "draft_grids": "drafting unit grids",
    "layer_files": "reading and writing layer files (GPKG, SHP, GeoJSON)",
    "long_text_layers": "reading GeoJSON, GML, KML and SHP with deleted rows of over 100,000 features; "
    "columns with gaps beside whole numbers over 15 digits",
    "workbooks": "Excel workbooks: tables in and out, city profile, summary, reject lists as XLSX",
    "drawings": "DXF drawings as base map: SHP and GPKG can still be read",
    "holidays": "holidays and make-up days in the work calendar: only weekends and the city's own days count",
    "photos": "photos of components: reading, matching and copying them",
    "word_slips": "slips and dossiers of cases as Word files: PDF goes on",
    "word_templates": "slips and briefs on the city's own Word templates",
    "pinyin_search": "finding a class by pinyin and initials: its name and code still find it",
}


def version_key(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version for comparison: ``"2.0.1rc1"`` gives (2, 0, 1)."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def found_version(name: str) -> str | None:
    """Return the installed version, ``"?"`` if the package is there without metadata, None if it is missing."""
    module = next((package.imported_as for package in PACKAGES if package.name == name), name)
    try:
        present = importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # blocked, or half removed
        present = False
    if not present:
        return None
    try:
        # None, against its annotation, where the metadata of a half-removed package lingers.
        return importlib.metadata.version(name) or "?"
    except importlib.metadata.PackageNotFoundError:
        return "?"


def is_enough(found: str | None, minimum: str) -> bool:
    """Tell whether a found version will do; one of unknown version is trusted."""
    if found is None:
        return False
    return found == "?" or version_key(found) >= version_key(minimum)


def install_command(packages: tuple[str, ...] | list[str], python: str | None = None) -> str:
    """Return the command line that gets the named packages (with our bounds) for an interpreter.

    An interpreter that has numpy 1 keeps it: what else was built for it there (GDAL, scipy) breaks with numpy 2.
    """
    bounds = {package.name: f"{package.name}>={package.minimum}" for package in PACKAGES}
    wanted = " ".join(f'"{bounds.get(name, name)}"' for name in packages)
    if (found_version("numpy") or "").startswith("1.") and not _ON_NUMPY.isdisjoint(packages):
        wanted += ' "numpy<2"'
    return f'"{python or sys.executable}" -m pip install --user {wanted}'


def is_managed() -> bool:
    """Tell whether the system keeps pip out of this interpreter (PEP 668; Debian from 12 on)."""
    return sys.prefix == sys.base_prefix and Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists()


def environment_command(packages: tuple[str, ...] | list[str], folder: str) -> tuple[str, str]:
    """Return the command line that makes an environment with the named packages, and the path of its Python."""
    python = str(Path(folder, "bin", "python"))
    install = install_command(packages, python).replace(" --user", "")
    return f'"{sys.executable}" -m venv --system-site-packages "{folder}" && {install}', python


def report() -> dict[str, Any]:
    """Return what this interpreter has, as JSON types.

    Returns
    -------
    dict
        ``python`` (version), ``packages``: per package name, minimum, found (version, "?" or None), ok, vital and
        features; ``off``: the feature keys that are switched off, sorted; ``missing``: names of the packages to get.
    """
    packages = []
    off: set[str] = set()
    missing = []
    for package in PACKAGES:
        found = found_version(package.name)
        enough = is_enough(found, package.minimum)
        packages.append(
            {
                "name": package.name,
                "minimum": package.minimum,
                "found": found,
                "ok": enough,
                "vital": package.vital,
                "features": list(package.features),
            }
        )
        if not enough:
            off.update(package.features)
            missing.append(package.name)
    version = ".".join(str(part) for part in sys.version_info[:3])
    return {"python": version, "packages": packages, "off": sorted(off), "missing": missing}
