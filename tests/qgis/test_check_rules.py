# SPDX-License-Identifier: GPL-2.0-or-later
"""The window of the check rules: groups, search, values that cannot be, reset, differences, export; real engine."""

from __future__ import annotations

import json

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.core.census.check_pack import adjust
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.gui.rule_actions import RuleActions
from digital_citymgmt_plugin.storage.profiles import check_rules
from tests.qgis.test_profile import Controller

pytestmark = pytest.mark.qgis

NEAR, FAR, OWNER = "component.near_double", "component.far_away", "component.owner_missing"


def listed():
    rows = []
    for rule in adjust(check_rules(), [{"code": FAR, "enabled": 0}])[0]:
        values = {"level": rule.level, "enabled": rule.enabled, "params": dict(rule.params)}
        default = {**values, "params": dict(rule.params), "enabled": True if rule.code == FAR else rule.enabled}
        rows.append({
            "code": rule.code, "family": rule.family, **values, "default": default, "title": rule.title,
            "title_zh": rule.title_zh, "reason": rule.reason, "source": rule.source, "confidence": rule.confidence,
            "open": 3 if rule.code == NEAR else 0, "ignored": False,
        })  # fmt: skip
    return {"rules": rows}


@pytest.fixture
def actions(qgis_app):
    made = []

    def make(**answers):
        made.append(RuleActions(Controller({"list_rules": listed(), **answers})))
        made[-1].show_rule(NEAR)
        return made[-1]

    yield make
    for one in made:
        one.shut()
    QTest.qWait(10)


def shown(dialog):
    return [row["code"] for row in dialog._fitting()]


def test_rules_stand_in_groups_and_are_found(actions):
    dialog = actions().dialog
    assert dialog.tree.topLevelItemCount() == 15 and dialog.chosen()["code"] == NEAR
    assert dialog.tree.topLevelItem(0).text(0).endswith(": 9 rules")
    dialog.field.setText("建筑")
    assert shown(dialog) == ["component.in_building", "grid.building_cut"]
    assert dialog.chosen()["code"] == "component.in_building"
    dialog.field.setText("owner_miss")
    assert shown(dialog) == [OWNER]
    dialog.field.clear()
    for key, codes in (("changed", [FAR]), ("open", [NEAR])):
        dialog.state_box.setCurrentIndex(dialog.state_box.findData(key))
        assert shown(dialog) == codes
    dialog.state_box.setCurrentIndex(dialog.state_box.findData("off"))
    assert FAR in shown(dialog) and OWNER in shown(dialog)
    dialog.state_box.setCurrentIndex(0)
    dialog.family_box.setCurrentIndex(dialog.family_box.findData("photo"))
    assert len(shown(dialog)) == 5
    dialog.tree.setCurrentItem(dialog.tree.topLevelItem(0))
    assert dialog.chosen() is None and not dialog.form.isEnabled()


def test_a_value_that_cannot_be_is_told_at_once_and_is_not_written(actions):
    dialog = actions().dialog
    field = dialog._editors["metres"]
    for text in ("-1", "many", "1e9", "nan", ""):
        field.setText(text)
        assert "Distance (m)" in dialog.said.text() and not dialog.write_button.isEnabled(), text
    field.setText("0.5")
    assert "1 rule is changed" in dialog.said.text() and dialog.write_button.isEnabled()
    assert dialog.changes() == [{"code": NEAR, "params": {"metres": 0.5}}]
    dialog.reset_button.click()
    assert dialog.changes() == [] and dialog._editors["metres"].text() == "0.3" and not dialog.said.text()


def test_changes_are_seen_before_they_are_written(actions):
    answer = {
        "counts": {"differences": 2, "rows_added": 0, "rows_changed": 2, "rows_removed": 0}, "tables": ["check_rule"],
        "differences": [["check_rule", NEAR, "changed", "level", "warning", "error"],
                        ["check_rule", FAR, "changed", "enabled", "0", "1"]],
    }  # fmt: skip
    done = actions(edit_rules=answer)
    dialog = done.dialog
    dialog.level_box.setCurrentIndex(dialog.level_box.findData("error"))
    dialog.reset_all()
    assert dialog.changes() == [{"code": FAR, "reset": True}]
    dialog.level_box.setCurrentIndex(dialog.level_box.findData("error"))
    QTest.mouseClick(dialog.write_button, Qt.MouseButton.LeftButton)
    asked = done.controller.session.pool.asked[-1]
    assert asked.preview and {one["code"] for one in json.loads(asked.changes)} == {NEAR, FAR}
    model = done.compared.table.model()
    cells = [[model.index(row, column).data() for column in range(6)] for row in range(2)]
    assert cells[0][3:] == ["Level", "Warning", "Error"] and cells[1][3:] == ["In use", "no", "yes"]
    done.compared.accept()
    assert done.controller.changed == [("city.gpkg", ["check_rule"])]
    assert done.dialog is not dialog and done.dialog.chosen()["code"] == NEAR


def test_what_the_engine_refuses_is_listed_and_the_window_stays(actions):
    values = {"rule": NEAR, "param": "metres", "value": -1, "least": 0, "most": 9}
    done = actions(edit_rules=InputRefused("rules.range", **values, faults=[{"code": "rules.range", "values": values}]))
    done.compare("city.gpkg", [{"code": NEAR, "params": {"metres": -1}}])
    assert "-1" in done.compared.table.model().index(0, 3).data() and done.dialog is not None


def test_the_table_goes_out_with_reasons(actions, tmp_path):
    done = actions()
    path = tmp_path / "规则.csv"
    done.export(str(path), done.dialog.header(), done.dialog.rows())
    text = path.read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == len(listed()["rules"]) + 1 and "The code is mandatory" in text
