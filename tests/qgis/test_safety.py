# SPDX-License-Identifier: GPL-2.0-or-later
"""Verify, repair, back up and export the audit trail, as Processing runs them against the real engine."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3

import pytest
from qgis.core import QgsApplication, QgsProcessingException, QgsVectorLayer

from digital_citymgmt_plugin.algorithms.provider import DcmProvider
from digital_citymgmt_plugin.bridge.engines import pool
from tests.engine.small_city import make_small_city
from tests.qgis.algorithms_help import Listener

pytestmark = pytest.mark.qgis


@pytest.fixture
def run(qgis_app, qgis_processing):
    """Run an algorithm as a script does."""
    import processing

    provider = DcmProvider()
    assert QgsApplication.processingRegistry().addProvider(provider)

    def call(name, feedback=None, **parameters):
        return processing.run(f"dcm:{name}", parameters, feedback=feedback or Listener())

    yield call
    QgsApplication.processingRegistry().removeProvider(provider)
    pool().shutdown(2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_small_city(tmp_path_factory.mktemp("safety") / "made.gpkg")


@pytest.fixture
def city(made, chinese_path):
    return str(shutil.copy(made, chinese_path / "城市.gpkg"))


@pytest.fixture
def damaged(city):
    """A store with a box missing in the spatial index, and an operation rewritten."""
    with contextlib.closing(sqlite3.connect(city)) as connection:
        trigger = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'dcm_operation_update'").fetchone()[0]
        connection.execute("DELETE FROM rtree_component_point_geom WHERE id = 3")
        connection.execute("DROP TRIGGER dcm_operation_update")
        connection.execute("UPDATE operation SET kind = 'nothing' WHERE fid = 2")
        connection.execute(trigger)
        connection.commit()
    return city


def test_findings_are_listed_with_object_and_advice_and_nothing_is_changed(run, damaged, chinese_path):
    output = str(chinese_path / "校验.csv")
    listener = Listener()
    result = run("verifystore", listener, STORE=damaged, OUTPUT=output)
    assert (result["FINDINGS"], result["ERRORS"], result["REPAIRABLE"], result["REPAIRED"]) == (2, 2, 1, 0)
    layer = QgsVectorLayer(result["OUTPUT"], "findings", "ogr")
    rows = {feature["rule"]: feature for feature in layer.getFeatures()}
    assert set(rows) == {"verify.rtree_missing", "verify.chain"}
    assert str(rows["verify.rtree_missing"]["object"]) == "3"
    assert "component_point" in rows["verify.rtree_missing"]["finding"]
    assert rows["verify.chain"]["advice"]
    assert run("verifystore", STORE=damaged)["FINDINGS"] == 2


def test_a_repair_mends_what_it_can_and_keeps_a_copy(run, damaged, chinese_path):
    result = run("verifystore", STORE=damaged, REPAIR=True)
    assert (result["REPAIRED"], result["LEFT"]) == (1, 1)
    assert result["OPERATION"]
    copies = list(chinese_path.glob("*.repair.backup.gpkg"))
    assert len(copies) == 1
    again = run("verifystore", STORE=damaged, REPAIR=True)
    assert (again["FINDINGS"], again["REPAIRED"]) == (1, 0)
    assert list(chinese_path.glob("*.repair.backup*.gpkg")) == copies
    layer = QgsVectorLayer(f"{damaged}|layername=component_point", "components", "ogr")
    assert layer.featureCount() == 10


def test_a_backup_is_a_store_while_qgis_shows_the_original(run, city, chinese_path):
    layer = QgsVectorLayer(f"{city}|layername=component_point", "components", "ogr")
    assert sum(1 for _ in layer.getFeatures()) == 10
    target = str(chinese_path / "备份.gpkg")
    assert run("backupstore", STORE=city, OUTPUT=target)["MEGABYTES"] >= 1
    assert run("verifystore", STORE=target)["FINDINGS"] == 0
    with pytest.raises(QgsProcessingException) as caught:
        run("backupstore", STORE=city, OUTPUT=target)
    assert "备份.gpkg" in str(caught.value)
    assert run("backupstore", STORE=city, OUTPUT=target, OVERWRITE=True)["MEGABYTES"] >= 1
    with pytest.raises(QgsProcessingException) as caught:
        run("backupstore", STORE=city, OUTPUT=city, OVERWRITE=True)
    assert "城市.gpkg" in str(caught.value)
    assert sum(1 for _ in layer.getFeatures()) == 10


def test_the_audit_trail_comes_out_as_a_workbook(run, city, chinese_path):
    result = run("exportaudit", STORE=city, OUTPUT=str(chinese_path / "审计.xlsx"), FROM="2026-01-01", TO="2026-12-31")
    assert result["OPERATIONS"] == 2
    assert result["CODES"] == 7
    listener = Listener()
    result = run("exportaudit", listener, STORE=city, OUTPUT=str(chinese_path / "审计.csv"), KIND="operation")
    assert (result["OPERATIONS"], result["CODES"]) == (2, 0)
