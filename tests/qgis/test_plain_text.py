# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands in files is shown as it is: a name with tags is no HTML, and no picture that it names is fetched."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLabel, QTextBrowser

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import CreateStore
from digital_citymgmt_plugin.gui.messages import Messages
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.wizard.files_page import FilesPage
from digital_citymgmt_plugin.gui.wizard.state import WizardState
from tests.qgis.window import Iface

pytestmark = pytest.mark.qgis

EVIL = '<img src="file://server/share/x.png"> A&B'


def found(**values):
    empty = {
        "path": "/in/x.gpkg", "layer": EVIL, "role": "cases", "code_field": "", "name_field": "", "why": "", "rows": 1,
        "geometry": "Point", "crs": "", "crs_why": "", "encoding": "", "encoding_evidence": "", "fields": [],
        "mapping": {"case_no": "n"}, "x": "", "y": "", "faults": {}, "error": None, "box": None,
    }  # fmt: skip
    return {**empty, **values}


def test_the_message_bar_shows_names_with_tags_as_they_are(qgis_app):
    iface = Iface()
    error = InputRefused("input.layer_missing", file="x.gpkg", layer=EVIL, layers=[])
    Messages(iface).show_error(error)
    browser = iface.bar.currentItem().findChild(QTextBrowser)
    assert EVIL in browser.toPlainText() and "<img" not in browser.toHtml()
    Messages(iface).show(EVIL)
    browser = iface.bar.currentItem().findChild(QTextBrowser)
    assert EVIL in browser.toPlainText() and "<img" not in browser.toHtml()


def test_tool_tips_show_names_with_tags_as_they_are(qgis_app):
    model = RowsModel(["Name"], [[EVIL], ["A&B"]])
    assert model.data(model.index(0, 0)) == EVIL
    tip = model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("<qt>") and "<img" not in tip
    assert model.data(model.index(1, 0), Qt.ItemDataRole.ToolTipRole) == "A&B"


def test_the_wizard_shows_names_with_tags_as_they_are(qgis_app):
    state = WizardState()
    state.take({"files": [found()], "city": {}})
    page = FilesPage(state, lambda layers: None, lambda: None)
    page.refill()
    assert "<img" in page.said.text()
    named = [label for label in page.findChildren(QLabel) if "<img" in label.text()]
    assert named and all(label.textFormat() == Qt.TextFormat.PlainText for label in named)
    tips = [page.table.item(0, column).toolTip() for column in range(4)]
    assert not any("<img" in tip for tip in tips)
    assert state.plan(CreateStore("a.gpkg", "2013", "320681", "x", "EPSG:4550")).parts[0].input.layer == EVIL
