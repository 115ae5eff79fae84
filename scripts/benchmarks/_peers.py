# SPDX-License-Identifier: GPL-2.0-or-later
"""What others would do to put components into grids and number them: scripts of whole processes, and PostGIS.

Each reads the store's own tables from a copy of the same file and ends with a committed file that has the indexes the
store has (code, grid, uuid, import key); none keeps a register of codes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

GEOPANDAS = """
import sqlite3, sys
import geopandas as gpd
store, output = sys.argv[1:]
try:
    import pyarrow
    arrow = dict(use_arrow=True)
except ImportError:
    arrow = {}
points = gpd.read_file(store, layer="component_point", engine="pyogrio", **arrow)
points = points.drop(columns=["code", "grid_code", "community_code"])
grids = gpd.read_file(store, layer="unit_grid", engine="pyogrio", **arrow)[["code", "community_code", "geometry"]]
joined = points.sjoin(grids.rename(columns={"code": "grid_code"}), how="left", predicate="within")
joined = joined[~joined.index.duplicated()].drop(columns="index_right")
number = joined.groupby("class_code").cumcount() + 1
joined["code"] = "320681" + joined["class_code"] + number.astype(str).str.zfill(6)
joined.to_file(output, layer="component_point", engine="pyogrio", **arrow)
with sqlite3.connect(output) as connection:
    for name in ("code", "uuid", "import_key"):
        connection.execute(f"CREATE UNIQUE INDEX by_{name} ON component_point ({name})")
    connection.execute("CREATE INDEX by_grid ON component_point (grid_code)")
"""

QGIS = """
import sys
from qgis.core import QgsApplication
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False); app.initQgis()
sys.path.append("/usr/share/qgis/python/plugins")
import processing
from processing.core.Processing import Processing
Processing.initialize()
store, output = sys.argv[1:]
run = lambda name, **p: processing.run(name, p)["OUTPUT"]
joined = run("native:joinattributesbylocation", INPUT=store + "|layername=component_point",
             JOIN=store + "|layername=unit_grid", PREDICATE=[5], JOIN_FIELDS=["code", "community_code"], METHOD=1,
             DISCARD_NONMATCHING=False, PREFIX="grid_", OUTPUT="TEMPORARY_OUTPUT")
numbered = run("native:addautoincrementalfield", INPUT=joined, FIELD_NAME="no", START=1, GROUP_FIELDS=["class_code"],
               OUTPUT="TEMPORARY_OUTPUT")
run("native:fieldcalculator", INPUT=numbered, FIELD_NAME="code", FIELD_TYPE=2, FIELD_LENGTH=20,
    FORMULA="'320681' || \\"class_code\\" || lpad(\\"no\\", 6, '0')", OUTPUT=output)
for field in ("code", "grid_code", "uuid", "import_key"):
    run("native:createattributeindex", INPUT=output, FIELD=field)
"""

DUCKDB = """
import sqlite3, sys
import duckdb
store, output = sys.argv[1:]
connection = duckdb.connect()
connection.execute("LOAD spatial")
connection.execute(f'''COPY (
    SELECT p.* EXCLUDE (code, grid_code, community_code), g.code AS grid_code, g.community_code,
           '320681' || p.class_code || lpad(CAST(row_number() OVER (PARTITION BY p.class_code ORDER BY p.uuid)
           AS VARCHAR), 6, '0') AS code
    FROM ST_Read('{store}', layer='component_point') p LEFT JOIN ST_Read('{store}', layer='unit_grid') g
    ON ST_Within(p.geom, g.geom)) TO '{output}' WITH (FORMAT GDAL, DRIVER 'GPKG', LAYER_NAME 'component_point')''')
with sqlite3.connect(output) as file:
    for name in ("code", "uuid", "import_key", "grid_code"):
        file.execute(f"CREATE INDEX by_{name} ON component_point ({name})")
"""

# The part alone, from arrays in memory to arrays in memory; both medians of five in one process.
ALONE = """
import json, statistics, sys, time
import geopandas as gpd
import numpy as np
import shapely
from digital_citymgmt_plugin.core.allocation import in_place_order, number_groups, places_in_list
from digital_citymgmt_plugin.core.codes import COMPONENT, scheme_of
from digital_citymgmt_plugin.core.grids.locate import locate_points
store = sys.argv[1]
points = gpd.read_file(store, layer="component_point", engine="pyogrio", columns=["class_code"])
grids = gpd.read_file(store, layer="unit_grid", engine="pyogrio", columns=["code"])
xy = np.column_stack([points.geometry.x, points.geometry.y])
polygons, classes = grids.geometry.to_numpy(), points["class_code"].to_numpy()
fid, scheme = np.arange(len(points)), scheme_of("2013", COMPONENT)

def ours():
    cell = locate_points(xy, polygons)
    names, group = places_in_list(classes)
    order = in_place_order(cell, xy, fid)
    return number_groups(scheme, ["320681" + name for name in names], group[order], {})[0]

def theirs():
    joined = points.sjoin(grids, how="left", predicate="within")
    return joined.groupby("class_code").cumcount()

seconds = {"ours": [], "geopandas": []}
for _ in range(5):
    for name, function in (("ours", ours), ("geopandas", theirs)):
        began = time.perf_counter()
        function()
        seconds[name].append(time.perf_counter() - began)
print(json.dumps({name: statistics.median(values) for name, values in seconds.items()}))
"""

_POSTGIS = """
BEGIN;
UPDATE component_point p SET code = n.code, grid_code = n.grid_code, community_code = n.community_code
FROM (SELECT c.fid, g.code AS grid_code, g.community_code, '320681' || c.class_code || lpad(CAST(row_number() OVER
      (PARTITION BY c.class_code ORDER BY g.code, -ST_Y(c.geom), ST_X(c.geom), c.fid) AS text), 6, '0') AS code
      FROM component_point c LEFT JOIN LATERAL (SELECT code, community_code FROM unit_grid u
      WHERE ST_Intersects(u.geom, c.geom) ORDER BY code LIMIT 1) g ON true) n
WHERE n.fid = p.fid;
COMMIT;
"""


def process(code: str, *arguments: str) -> tuple[float, str]:
    """Run a script as a whole process; returns seconds and what it printed."""
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    began = time.perf_counter()
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True)
    return time.perf_counter() - began, done.stdout


def has_duckdb_spatial() -> bool:
    """Tell whether DuckDB with its spatial extension is there (the extension comes from its makers' site alone)."""
    code = "import duckdb; duckdb.connect().execute('LOAD spatial')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


class PostGis:
    """A PostgreSQL cluster of its own in a scratch folder, reached by a socket there."""

    def __init__(self) -> None:
        tools = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        self.there = bool(tools) and any(Path("/usr/share/postgresql").glob("*/extension/postgis.control"))
        self._bin = tools[-1].parent if tools else Path()
        self._folder = Path()

    def _run(self, *command: str, text: str | None = None) -> None:
        # PostgreSQL refuses to run as root.
        prefix = ["runuser", "-u", "postgres", "--"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        subprocess.run(
            [*prefix, *command], input=text, text=True, check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self._folder,
        )  # fmt: skip

    @contextlib.contextmanager
    def running(self) -> Iterator[PostGis]:
        """Start and stop it."""
        self._folder = Path(tempfile.mkdtemp(prefix="dcm-postgis-"))
        self._folder.chmod(0o777)
        data = str(self._folder / "data")
        try:
            self._run(str(self._bin / "initdb"), "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8")
            options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c max_wal_size=4GB"
            self._run(str(self._bin / "pg_ctl"), "-D", data, "-w", "-o", options, "-l", f"{self._folder}/log", "start")
            self.sql("CREATE EXTENSION postgis")
            yield self
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                self._run(str(self._bin / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
            shutil.rmtree(self._folder, ignore_errors=True)

    def sql(self, text: str) -> None:
        """Run statements."""
        host = ["-h", str(self._folder), "-U", "postgres"]
        self._run(str(self._bin / "psql"), *host, "-q", "-v", "ON_ERROR_STOP=1", text=text)

    def assign(self, store: Path) -> float:
        """Load the two tables with the store's indexes, then time the one transaction that codes them."""
        target = f"PG:host={self._folder} user=postgres dbname=postgres"
        command = ["ogr2ogr", "-f", "PostgreSQL", target, str(store), "component_point", "unit_grid", "-overwrite"]
        options = ["-lco", "GEOMETRY_NAME=geom", "-lco", "FID=fid", "--config", "PG_USE_COPY", "YES"]
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.sql(
            "CREATE UNIQUE INDEX ON component_point (code); CREATE UNIQUE INDEX ON component_point (uuid);"
            "CREATE UNIQUE INDEX ON component_point (import_key); CREATE INDEX ON component_point (grid_code);"
            "VACUUM ANALYZE;"
        )
        began = time.perf_counter()
        self.sql(_POSTGIS)
        return time.perf_counter() - began
