# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may import whom (docs/architecture.md), read from the syntax trees."""

from __future__ import annotations

import ast
import sys

import pytest

from digital_citymgmt_plugin.dependencies import PACKAGES
from tests.house.trees import NAME, PACKAGE, Source, imports, parse, plugin_sources

STDLIB = frozenset(sys.stdlib_module_names) | {"__future__"}
FILE_LIBRARIES = frozenset(
    {"pyogrio", "fiona", "openpyxl", "ezdxf", "pyproj", "rtree", "pandas", "geopandas", "chinese_calendar", "PIL"}
    | {"docx", "docxtpl", "jinja2"}
)
NO_WINDOWS = ("qgis.core", "qgis.PyQt.QtCore", "qgis.PyQt.QtGui", "qgis.PyQt.QtXml", "qgis.PyQt.sip")

# Room: own rooms, libraries anywhere, libraries inside functions only, parts of QGIS.
TABLE = {
    "core": ({"core"}, {"numpy", "shapely", "scipy"}, set(), ()),
    "storage": ({"storage", "core"}, {"numpy", "shapely"}, FILE_LIBRARIES, ()),
    "services": ({"services", "core"}, {"numpy", "shapely", "pandas"}, {"geopandas", "scipy", "pypinyin"}, ()),
    "engine": ({"engine", "services", "storage", "core", "dependencies"}, {"numpy"}, {"shapely"}, ()),
    "bridge": ({"bridge", "core", "dependencies"}, set(), {"numpy", "shapely"}, NO_WINDOWS),
    "algorithms": ({"algorithms", "bridge", "core"}, set(), set(), NO_WINDOWS),
    "gui": ({"gui", "bridge", "core", "dependencies"}, set(), {"numpy", "shapely", "processing"}, ("qgis",)),
    "resources": (set(), set(), set(), ()),
    "dependencies.py": (set(), set(), set(), ()),
    "__init__.py": ({"plugin"}, set(), set(), ()),
    "plugin.py": ({"algorithms", "gui", "bridge", "core", "dependencies"}, set(), set(), ("qgis",)),
}
# Parts of the standard library that a room does without.
FORBIDDEN = {
    "core": {"sqlite3", "subprocess", "tempfile", "shutil", "time", "socket", "io"},
    "services": {"sqlite3", "subprocess", "time"},
    "bridge": {"sqlite3"},
    "algorithms": {"sqlite3", "subprocess"},
    "gui": {"sqlite3", "subprocess"},
}
NEVER = {"pickle", "marshal", "shelve", "urllib.request", "http", "requests", "ftplib", "smtplib", "osgeo"}


def faults(source: Source) -> list[str]:
    own, anywhere, late_only, qgis = TABLE[source.room]
    found = []
    for item in imports(source.tree):
        root = item.module.split(".")[0]
        where = f"{source.path}:{item.line} imports {item.module}"
        if item.module.startswith("."):
            found.append(f"{where}: absolute imports only")
        elif any(item.module == name or item.module.startswith(name + ".") for name in NEVER):
            found.append(f"{where}: not in this project")
        elif root == NAME:
            room = item.module.split(".")[1]
            if room not in own:
                found.append(f"{where}: {source.room} may not import {room}")
        elif root == "qgis":
            if not any(item.module == part or item.module.startswith(part + ".") for part in qgis):
                found.append(f"{where}: not in {source.room}")
        elif root in STDLIB:
            if root in FORBIDDEN.get(source.room, ()):
                found.append(f"{where}: {source.room} does without {root}")
        elif root in late_only:
            if not (item.late or item.typing_only):
                found.append(f"{where}: inside the function that needs it")
        elif root not in anywhere:
            found.append(f"{where}: not in {source.room}")
    return found


@pytest.mark.parametrize("source", plugin_sources(), ids=lambda source: source.path)
def test_a_file_imports_only_what_its_room_may(source):
    assert faults(source) == []


def test_every_room_stands_in_the_table():
    assert {source.room for source in plugin_sources()} <= set(TABLE)


def test_the_package_imports_nothing_of_its_own_when_it_is_loaded():
    early = [item.module for item in imports(parse(PACKAGE / "__init__.py").tree) if not item.late]
    assert {name.split(".")[0] for name in early} <= {"__future__", "typing"}


def closure(start: str) -> dict[str, str]:
    """Modules that are loaded with ``start``, by following the imports at module level: module → who imports it."""
    seen: dict[str, str] = {}
    todo = [(start, "")]
    while todo:
        module, importer = todo.pop()
        parts = module.split(".")
        # "package.module.name": the longest part that is a file.
        while parts:
            base = PACKAGE.parent.joinpath(*parts)
            path = next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)
            if path:
                break
            parts.pop()
        if parts[:1] != [NAME]:
            seen.setdefault(module, importer)
            continue
        name = ".".join(parts)
        if name in seen:
            continue
        seen[name] = importer
        todo += [(item.module, name) for item in imports(parse(path).tree) if not item.late and not item.typing_only]
    return seen


def test_the_plugin_loads_without_any_package_but_numpy():
    loaded = closure(f"{NAME}.plugin")
    foreign = {
        f"{module} (by {importer})"
        for module, importer in loaded.items()
        if module.split(".")[0] not in STDLIB | {NAME, "qgis", "numpy"}
    }
    assert foreign == set()


def test_the_check_finds_a_core_that_imports_qgis():
    bad = Source(f"{NAME}/core/x.py", "", ast.parse("def f():\n    from qgis.core import QgsGeometry\n"))
    assert len(faults(bad)) == 1


def test_the_check_finds_a_file_library_at_module_level():
    bad = Source(f"{NAME}/storage/x.py", "", ast.parse("import pyogrio\n"))
    assert len(faults(bad)) == 1
    assert faults(Source(f"{NAME}/storage/x.py", "", ast.parse("def f():\n    import pyogrio\n"))) == []


def test_the_dependencies_module_tells_just_the_packages_that_are_imported():
    told = {package.imported_as for package in PACKAGES}
    used = {item.module.split(".")[0] for source in plugin_sources() for item in imports(source.tree)}
    assert {name for name in used if name not in STDLIB | {NAME, "qgis", "processing"}} == told
