# SPDX-License-Identifier: GPL-2.0-or-later
"""The change notice: a PDF of what an operation did to the unit grids, out of a store with a past."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsProcessingException

from digital_citymgmt_plugin.algorithms.provider import DcmProvider
from digital_citymgmt_plugin.bridge.engines import pool
from tests.qgis.algorithms_help import Listener

pytestmark = pytest.mark.qgis
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(qgis_app, qgis_processing):
    import processing

    registry = QgsApplication.processingRegistry()
    made = DcmProvider()
    assert registry.addProvider(made)
    yield lambda name, **parameters: processing.run(f"dcm:{name}", parameters, feedback=Listener())
    registry.removeProvider(made)
    pool().shutdown(2)


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A store of a town whose grids were redrawn twice and numbered anew."""
    path = tmp_path_factory.mktemp("past") / "城市.gpkg"
    data = ROOT / "sample_data"
    command = [sys.executable, "-m", "scripts.history_city", "--data", str(data), "--out", str(path)]
    subprocess.run(command, check=True, cwd=ROOT)
    return str(path)


def test_the_last_change_is_printed_with_its_crosswalk(run, past, chinese_path):
    out = chinese_path / "通知.pdf"
    result = run("changenotice", STORE=past, OPERATION="last", OUTPUT=str(out))
    assert (result["BEFORE"], result["AFTER"]) == (69, 69) and result["RETIRED"] == result["NEW"] == 69
    text = out.read_bytes()
    assert text.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", text)) >= 3


def test_an_operation_without_grids_has_no_notice(run, past, chinese_path):
    with pytest.raises(QgsProcessingException, match="no-such-operation"):
        run("changenotice", STORE=past, OPERATION="no-such-operation", OUTPUT=str(chinese_path / "n.pdf"))
    assert not (chinese_path / "n.pdf").exists()
