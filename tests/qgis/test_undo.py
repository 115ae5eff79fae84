# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:undooperation` and PREVIEW: counts before anything is written, everything as it was after."""

from __future__ import annotations

import pytest
from qgis.core import QgsApplication, QgsProcessingException, QgsVectorLayer

from digital_citymgmt_plugin.algorithms.base import PREVIEWED
from digital_citymgmt_plugin.algorithms.provider import ALGORITHMS, DcmProvider
from digital_citymgmt_plugin.bridge.engines import pool
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.engine.registry import PREVIEWED as SERVED
from tests.qgis.algorithms_help import STORE, Listener, two_communities

pytestmark = pytest.mark.qgis


@pytest.fixture
def run(qgis_app, qgis_processing):
    """Run an algorithm as a script does."""
    import processing

    registry = QgsApplication.processingRegistry()
    made = DcmProvider()
    assert registry.addProvider(made)
    yield lambda name, feedback=None, **given: processing.run(f"dcm:{name}", given, feedback=feedback or Listener())
    registry.removeProvider(made)
    pool().shutdown(2)


@pytest.fixture
def city(run, tmp_path):
    path = str(tmp_path / "城市.gpkg")
    run("createstore", STORE=path, **STORE)
    return path


def rows(city, table):
    # In a frame of its own: QGIS never lets go of an exception raised in processAlgorithm, nor of the frames below it.
    return QgsVectorLayer(f"{city}|layername={table}", table, "ogr").featureCount()


def test_every_bulk_write_has_a_preview():
    ids = {kind.ID for kind in ALGORITHMS if kind.WRITES}
    assert {name for name in ids if name not in PREVIEWED} <= {"importprofile"}  # which has one of its own
    assert len(SERVED) >= len(PREVIEWED)


def test_preview_then_write_then_take_back(run, city, tmp_path):
    areas = {"STORE": city, "INPUT": two_communities(tmp_path), "LEVEL": "community", "CODE_FIELD": "code"}
    heard = Listener()
    seen = run("importareas", heard, **areas, NAME_FIELD="name", PREVIEW=True)
    assert seen["INSERTED"] == 2 and "OPERATION" not in seen and rows(city, "admin_area") == 0
    assert sentence("result.preview") in heard.said
    done = run("importareas", **areas, NAME_FIELD="name")
    assert done["INSERTED"] == 2 and rows(city, "admin_area") == 2
    heard = Listener()
    seen = run("undooperation", heard, STORE=city, OPERATION=done["OPERATION"], PREVIEW=True)
    assert seen["REMOVED"] == 2 and rows(city, "admin_area") == 2
    values = {"table": "admin_area", "removed": 2, "restored": 0, "returned": 0}
    assert sentence("undo.table", values) in heard.said
    back = run("undooperation", STORE=city)
    assert (back["REMOVED"], back["OPERATIONS_UNDONE"], rows(city, "admin_area")) == (2, 1, 0)
    with pytest.raises(QgsProcessingException, match=r"“.*”"):
        run("undooperation", STORE=city, OPERATION=done["OPERATION"])
