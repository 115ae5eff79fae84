# SPDX-License-Identifier: GPL-2.0-or-later
"""The store that the canvas is measured on, and how its figures are judged (the measuring itself is ``make bench``)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from scripts.benchmarks import _canvas_store, canvas


def test_the_store_holds_everything_the_canvas_draws(tmp_path):
    counts = _canvas_store.build("tiny", tmp_path / "city.gpkg")
    assert counts["points"] + counts["lines"] + counts["areas"] == 300 and counts["cases"] == 300
    with closing(sqlite3.connect(tmp_path / "city.gpkg")) as connection:
        for table in ("component_point", "component_line", "component_area", "unit_grid", "admin_area", "case_record"):
            rows, indexed = (
                connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
                for name in (table, f"rtree_{table}_geom")
            )
            assert rows == indexed > 0, table


def test_the_slowest_drag_decides():
    drag = {"frames": 40.0, "longest_gap": 0.05, "redrawn": 0.4, "components": 9}
    found = {"opening": 6.0, "first_map": 1.0, "places": {"a": [drag, {**drag, "frames": 9.0}], "b": [drag]}}
    rows = {row["name"]: row for row in canvas.figures(found)}
    assert rows["canvas: project opens"]["holds"] is False
    assert rows["canvas: frames a second, slowest drag, a"]["holds"] is False
    assert rows["canvas: frames a second, slowest drag, b"]["holds"] is True
    assert all(set(row) == {"name", "value", "unit", "bar", "holds"} for row in rows.values())
