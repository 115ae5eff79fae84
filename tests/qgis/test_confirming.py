# SPDX-License-Identifier: GPL-2.0-or-later
"""Bulk steps started from the dock: counts first, nothing written before *Write*, nothing at all after *Discard*."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsProcessingAlgRunnerTask, QgsProcessingContext, QgsProject, QgsVectorLayer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QPushButton

from digital_citymgmt_plugin.algorithms.provider import DcmProvider
from digital_citymgmt_plugin.bridge.engines import pool
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core.requests import ListOperations
from digital_citymgmt_plugin.gui.confirming import Confirmations
from tests.qgis.algorithms_help import STORE, Listener, two_communities

pytestmark = pytest.mark.qgis


def wait(what, seconds=120.0):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        QTest.qWait(20)


def digest(store):
    """Hash every table of a store that no engine holds any more."""
    pool().shutdown(5)
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in sorted(names)}
    return hashlib.sha256(repr(found).encode()).hexdigest()


def count(store, question):
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        return connection.execute(question).fetchone()[0]


class Bench:
    """A run as the dialog of Processing makes it: a copy of the algorithm in a task, its window beside."""

    def __init__(self, folder, window):
        import processing

        self.store = str(folder / "城市.gpkg")
        processing.run("dcm:createstore", {"STORE": self.store, **STORE}, feedback=Listener())
        self.given = {"STORE": self.store, "INPUT": two_communities(folder), "LEVEL": "community", "CODE_FIELD": "code",
                      "NAME_FIELD": "name"}  # fmt: skip
        self.confirmations = Confirmations(window)
        self.heard, self.context, self.ended = Listener(), QgsProcessingContext(), []

    def start(self, name="importareas"):
        made = QgsApplication.processingRegistry().createAlgorithmById(f"dcm:{name}")
        made.confirm = self.confirmations.ask
        self.algorithm = made.create()
        self.task = QgsProcessingAlgRunnerTask(self.algorithm, self.given, self.context, self.heard)
        self.task.executed.connect(lambda good, results: self.ended.append((good, results)))
        QgsApplication.taskManager().addTask(self.task)

    def press(self, name):
        wait(self.confirmations.dialogs)
        self.confirmations.dialogs()[0].findChild(QPushButton, name).click()
        wait(lambda: self.ended)
        return self.ended[-1]


@pytest.fixture
def bench(qgis_app, qgis_processing, qgis_parent, tmp_path):
    registry = QgsApplication.processingRegistry()
    provider = DcmProvider()
    assert registry.addProvider(provider)
    made = Bench(tmp_path, qgis_parent)
    yield made
    made.confirmations.shut()
    registry.removeProvider(provider)
    pool().shutdown(5)


def test_nothing_is_written_before_the_confirmation_and_once_after(bench):
    bench.start()
    wait(bench.confirmations.dialogs)
    assert count(bench.store, "SELECT count(*) FROM admin_area") == 0
    good, results = bench.press("write_previewed")
    assert good and results["INSERTED"] == 2 and results["OPERATION"]
    assert count(bench.store, "SELECT count(*) FROM admin_area") == 2
    assert count(bench.store, "SELECT count(*) FROM operation WHERE kind = 'import_areas'") == 1


def test_discarding_leaves_every_table_as_it_was(bench):
    before = digest(bench.store)
    bench.start()
    good, results = bench.press("discard_previewed")
    assert good and "OPERATION" not in results and sentence("result.discarded") in bench.heard.said
    assert digest(bench.store) == before


def test_cancelling_takes_the_question_back(bench):
    before = digest(bench.store)
    bench.start()
    wait(bench.confirmations.dialogs)
    bench.heard.cancel()
    wait(lambda: bench.ended)
    wait(lambda: not bench.confirmations.dialogs())
    assert digest(bench.store) == before


def drop_the_last_area(path):
    data = json.loads(path.read_text(encoding="utf-8"))
    data["features"].pop()
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def answer_and_wait_for_the_next(bench):
    """Press *Write* and return the window that asks anew."""
    wait(bench.confirmations.dialogs)
    first = bench.confirmations.dialogs()[0]
    first.findChild(QPushButton, "write_previewed").click()
    wait(lambda: bench.ended or any(one is not first for one in bench.confirmations.dialogs()))
    assert not bench.ended, "written without asking"
    return bench.confirmations.dialogs()[0]


def test_other_counts_than_those_shown_are_asked_anew_before_they_are_written(bench):
    bench.start()
    wait(bench.confirmations.dialogs)
    drop_the_last_area(Path(bench.given["INPUT"]))
    second = answer_and_wait_for_the_next(bench)
    assert sentence("result.counts_changed") in second.label.text()
    assert sentence("result.counts_changed") in bench.heard.said
    assert count(bench.store, "SELECT count(*) FROM admin_area") == 0
    good, results = bench.press("write_previewed")
    assert good and results["INSERTED"] == 1
    assert count(bench.store, "SELECT count(*) FROM admin_area") == 1
    assert count(bench.store, "SELECT count(*) FROM operation WHERE kind = 'import_areas'") == 1


def test_other_counts_than_those_shown_can_be_discarded(bench):
    before = digest(bench.store)
    bench.start()
    wait(bench.confirmations.dialogs)
    drop_the_last_area(Path(bench.given["INPUT"]))
    answer_and_wait_for_the_next(bench)
    good, results = bench.press("discard_previewed")
    assert good and "OPERATION" not in results
    assert digest(bench.store) == before


def test_other_programs_write_while_the_question_stands(bench):
    bench.start()
    for _ in range(2):  # also while it is asked anew
        wait(bench.confirmations.dialogs)
        with closing(sqlite3.connect(bench.store, timeout=5, isolation_level=None)) as other:  # as long as QGIS waits
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        if len(json.loads(Path(bench.given["INPUT"]).read_text(encoding="utf-8"))["features"]) == 2:
            drop_the_last_area(Path(bench.given["INPUT"]))
            answer_and_wait_for_the_next(bench)
    good, results = bench.press("write_previewed")
    assert good and results["INSERTED"] == 1


def test_another_request_in_between_does_no_harm(bench):
    bench.start()
    wait(bench.confirmations.dialogs)
    with pool().lease(bench.store) as engine:
        engine.call(ListOperations())
    good, results = bench.press("write_previewed")
    assert good and results["INSERTED"] == 2 and sentence("result.counts_changed") not in bench.heard.said
    assert count(bench.store, "SELECT count(*) FROM operation WHERE kind = 'import_areas'") == 1


def test_other_counts_with_a_reject_list_are_asked_anew(bench, tmp_path):
    cases, rejects = tmp_path / "案件.csv", tmp_path / "rejects.csv"
    rows = ["case_no,kind,class_code,x,y,reported_at"]
    rows += [f"{number},component,0101,500050,3520050,2024-03-01 08:00:00" for number in ("2024-1", "2024-2", "")]
    cases.write_text("\n".join(rows), encoding="utf-8")
    bench.given = {"STORE": bench.store, "INPUT": str(cases), "CRS": "EPSG:4549", "REJECTS": str(rejects)}
    bench.start("importcases")
    wait(bench.confirmations.dialogs)
    cases.write_text("\n".join([rows[0], rows[1], rows[3]]), encoding="utf-8")
    answer_and_wait_for_the_next(bench)
    assert not rejects.exists() and count(bench.store, "SELECT count(*) FROM case_record") == 0
    good, results = bench.press("write_previewed")
    assert good and results["READ"] == 2 and results["REJECTED"] == 1 and rejects.is_file()
    assert count(bench.store, "SELECT count(*) FROM case_record") == 1


def test_the_reject_list_is_written_with_the_confirmation(bench, tmp_path):
    cases, rejects = tmp_path / "案件.csv", tmp_path / "rejects.csv"
    rows = ["case_no,kind,class_code,x,y,reported_at"]
    rows += [f"{number},component,0101,500050,3520050,2024-03-01 08:00:00" for number in ("2024-1", "2024-2", "")]
    cases.write_text("\n".join(rows), encoding="utf-8")
    bench.given = {"STORE": bench.store, "INPUT": str(cases), "CRS": "EPSG:4549", "REJECTS": str(rejects)}
    bench.start("importcases")
    wait(bench.confirmations.dialogs)
    assert not rejects.exists()
    good, results = bench.press("write_previewed")
    assert good and results["READ"] == 3 and results["REJECTED"] == 1 and rejects.is_file()
    assert count(bench.store, "SELECT count(*) FROM case_record") == 2
    assert count(bench.store, "SELECT count(*) FROM operation WHERE kind = 'import_cases'") == 1


def test_layers_of_a_saved_project_are_opened_anew_when_the_engine_comes(bench, tmp_path):
    pool().shutdown(5)
    project = QgsProject.instance()
    project.clear()
    project.addMapLayer(QgsVectorLayer(f"{bench.store}|layername=admin_area", "areas", "ogr"))
    assert project.write(str(tmp_path / "saved.qgz"))
    project.clear()
    assert project.read(str(tmp_path / "saved.qgz"))
    layer = next(iter(project.mapLayers().values()))
    heard = []
    layer.dataProvider().dataChanged.connect(lambda: heard.append(1))
    with pool().lease(bench.store):
        wait(lambda: heard)
    QTest.qWait(100)
    assert len(heard) == 1
    project.clear()
