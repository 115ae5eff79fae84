# SPDX-License-Identifier: GPL-2.0-or-later
"""The actions of the first chain on the made-up town, and the store before and after each of them."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.errors import EngineError
from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    Assess,
    AssignCodes,
    CreateStore,
    DraftGrids,
    Health,
    ImportAreas,
    ImportCases,
    ImportComponents,
    ImportPlaces,
    ImportTracks,
    Layer,
    LinkCases,
    OpenStore,
    Request,
    UndoOperation,
    UpgradeStore,
)
from digital_citymgmt_plugin.storage.schema.catalogue import SCHEMA_VERSION
from tests.kill import bench, content
from tests.kill.town import COUNTY, CRS, Town

Build = Callable[[Town, str, str], Request]


def _census_of(store: str) -> str:
    """Name the import of components in a store; everything after it is taken back with it."""
    with contextlib.closing(sqlite3.connect(store, timeout=30)) as connection:
        query = "SELECT uuid FROM operation WHERE kind = 'import_components'"
        return str(connection.execute(query).fetchone()[0])


# Action → its request, of the town, the store's path and the path of an output.
ACTIONS: dict[str, Build] = {
    "createstore": lambda town, store, out: CreateStore(store, "2013", COUNTY, "启东市", CRS),
    "importareas": lambda town, store, out: ImportAreas(Layer(town.communities), "community", "code", "name"),
    "adoptgrids": lambda town, store, out: AdoptGrids(Layer(town.cells)),
    "importcomponents": lambda town, store, out: ImportComponents(Layer(town.components), rejects=out + ".csv"),
    "assigncodes": lambda town, store, out: AssignCodes(),
    "importcases": lambda town, store, out: ImportCases(Layer(town.cases, crs=CRS)),
    "linkcases": lambda town, store, out: LinkCases(),
    "importplaces": lambda town, store, out: ImportPlaces(Layer(town.plates), "plate", rejects=out + ".csv"),
    "importtracks": lambda town, store, out: ImportTracks(Layer(town.tracks, crs=CRS), rejects=out + ".csv"),
    "undooperation": lambda town, store, out: UndoOperation(_census_of(store), "undo"),
    "upgradestore": lambda town, store, out: UpgradeStore(store),
    "assess": lambda town, store, out: Assess("community", output=out + ".xlsx"),
    "draftgrids": lambda town, store, out: DraftGrids(
        Layer(town.few), out + ".gpkg", [Layer(town.barriers)], rank_field="rank", target_area=20_000.0
    ),
    **{name: bench.ACTIONS[name] for name in ("importbasemap", "importphotos", "mergeduplicates")},
}
SERVICE = {"importcases": "cases", "linkcases": "linking", "assess": "assessment"}
ORDER = (
    "createstore", "importareas", "adoptgrids", "importcomponents", "assigncodes", "importcases", "linkcases",
    "importplaces", "importtracks",
)  # fmt: skip
# The engine of a next release, with a schema step that this one does not have.
STEP = """
ALTER TABLE component_point ADD COLUMN depth_m REAL;
ALTER TABLE case_record ADD COLUMN weather TEXT;
UPDATE component_point SET depth_m = 1.5, remark = remark || '；升级';
CREATE INDEX component_point_depth ON component_point (depth_m, remark);
CREATE INDEX component_point_name ON component_point (name);
"""


def there(action: str) -> bool:
    """Tell whether the use case behind an action exists."""
    module = SERVICE.get(action)
    return module is None or importlib.util.find_spec(f"digital_citymgmt_plugin.services.{module}") is not None


def start(folder: Path, package: Path | None = None) -> EngineClient:
    """Make a client (not started); of a copy of the package if given."""
    command = None
    if package is not None:
        code = (
            f"import sys; sys.path.insert(0, {str(package.parent)!r}); "
            "from digital_citymgmt_plugin.engine.__main__ import main; main()"
        )
        command = ["-c", code]
    return EngineClient(sys.executable, program="kill tests", log_path=str(folder / "engine.log"), command=command)


@dataclass
class Undisturbed:
    """How an action goes when nobody disturbs it."""

    before: Path | None
    after: Path
    seconds: float
    first_write: float  # seconds until the first byte reached a file of the store
    exact_before: str = ""
    normal_after: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


class Stages:
    """Stores between the actions; made when asked for, once."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town, self.folder = town, folder
        self._made: dict[str, Undisturbed] = {}
        self._package: Path | None = None

    def package(self) -> Path:
        """Return a copy of the package with one more schema step."""
        if self._package is None:
            import digital_citymgmt_plugin as plugin

            copy = self.folder / "next" / "digital_citymgmt_plugin"
            shutil.copytree(Path(plugin.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
            catalogue = copy / "storage" / "schema" / "catalogue.py"
            text = catalogue.read_text(encoding="utf-8")
            there, coming = f"SCHEMA_VERSION = {SCHEMA_VERSION}\n", SCHEMA_VERSION + 1
            assert there in text
            catalogue.write_text(text.replace(there, f"SCHEMA_VERSION = {coming}\n"), encoding="utf-8")
            (catalogue.parent / "steps" / f"{coming:04d}_next.sql").write_text(STEP, encoding="utf-8")
            self._package = copy
        return self._package

    def undisturbed(self, action: str) -> Undisturbed:
        """Return how an action goes, with the stores before and after it."""
        if action not in self._made:
            self._made[action] = self._run(action)
        return self._made[action]

    def before(self, action: str) -> Path | None:
        """Return the store before an action, None when it starts without one."""
        if action in ("createstore", "draftgrids"):
            return None
        whole = action not in ORDER
        base = "linkcases" if whole else ORDER[ORDER.index(action) - 1]
        while not there(base):
            base = ORDER[ORDER.index(base) - 1]
        after = self.undisturbed(base).after
        if action == "importareas":
            self._add_upper_areas(after)
        return after

    def _add_upper_areas(self, store: Path) -> None:
        if (store.parent / "upper").exists():
            return
        client = start(self.folder)
        client.call(OpenStore(str(store)))
        client.call(ImportAreas(Layer(self.town.county), "county", "code", "name"))
        client.call(ImportAreas(Layer(self.town.streets), "street", "code", "name"))
        client.close()
        (store.parent / "upper").touch()

    def _run(self, action: str) -> Undisturbed:
        folder = self.folder / action
        folder.mkdir()
        before, store = self.before(action), folder / "city.gpkg"
        if before is not None:
            shutil.copy(before, store)
        client = start(folder, self.package() if action == "upgradestore" else None)
        ready(client, store if before is not None and action != "upgradestore" else None)
        watch = _FirstWrite(store)
        begun = time.perf_counter()
        result = client.call(ACTIONS[action](self.town, str(store), str(folder / "out")))
        seconds = time.perf_counter() - begun
        watch.stop()
        client.close()
        after = store
        return Undisturbed(
            before, after, seconds, min(watch.seconds, seconds),
            exact_before=content.exact(str(before)) if before else "",
            normal_after=content.normalised(str(after)) if after.exists() else {}, counts=result["counts"],
        )  # fmt: skip


class _FirstWrite(threading.Thread):
    """Looks when a side file of the store (WAL, journal, draft) first holds something."""

    def __init__(self, store: Path) -> None:
        super().__init__(daemon=True)
        self._files = [store.with_name(store.name + "-wal"), store.with_name(f".{store.name}.new")]
        self._done = threading.Event()
        self.seconds = float("inf")
        self._before = self._sizes()
        self._begun = time.perf_counter()
        self.start()

    def run(self) -> None:
        while not self._done.wait(0.002):
            if any(now > before for now, before in zip(self._sizes(), self._before)):
                self.seconds = time.perf_counter() - self._begun
                return

    def _sizes(self) -> list[int]:
        return [file.stat().st_size if file.exists() else 0 for file in self._files]

    def stop(self) -> None:
        self._done.set()
        self.join()


def ready(client: EngineClient, store: Path | None) -> None:
    """Start an engine and wait until it serves requests, with a store open if one is named."""
    client.start()
    if store is not None:
        client.call(OpenStore(str(store)))
        return
    with contextlib.suppress(EngineError):  # no store is open
        client.call(Health())
