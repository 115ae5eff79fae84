# SPDX-License-Identifier: GPL-2.0-or-later
"""The window of remediations and funds: what can be done with which row, what is sent, what is said to be left."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDialogButtonBox

from digital_citymgmt_plugin.core.requests_duty import Remediate, SaveFund
from digital_citymgmt_plugin.gui.dialogs.rule_case import RemediateDialog
from digital_citymgmt_plugin.gui.remediation_actions import RemediationActions
from tests.qgis.test_issue_dock import Bench, city  # noqa: F401  (a fixture)

pytestmark = pytest.mark.qgis
FUND = {"fid": 1, "uuid": "f1", "name": "代整治资金", "year": 2026, "department_code": None, "amount": 1000.0,
        "asked": 400.0, "reserved": 700.0, "spent": 0.0, "left": 300.0}  # fmt: skip


def row(uuid, state, case=7, **more):
    return {
        "uuid": uuid, "case_fid": case, "case_no": f"C-{uuid}", "kind": "component", "class_code": "0101",
        "address": "人民路1号", "stage": "dispatch", "fund": "f1", "fund_name": "代整治资金", "estimate": 400.0,
        "cost": None, "state": state, "department": "D01", "dept_name": "城管局", "note": "无主\n急", **more,
    }  # fmt: skip


ANSWER = {
    "rows": [row("a", "asked"), row("b", "approved", estimate=700.0), row("c", "done", None, cost=1.0)],
    "funds": [FUND], "counts": {"asked": 1, "approved": 1, "done": 1, "refused": 0}, "tables": [], "notes": [],
}  # fmt: skip
WRITTEN = {"counts": {"remediations": 1}, "operation": "o", "tables": [], "notes": []}


@pytest.fixture
def desk(city, qgis_app):  # noqa: F811
    bench = Bench(city)
    bench.pool.answers.update(list_remediation=ANSWER, remediate=WRITTEN, save_fund=WRITTEN)
    bench.controller.open_store(city)
    bench.wait(lambda: bench.controller.path and bench.controller._loading is None)
    made = RemediationActions(bench.controller, bench.iface.window)
    made.bench = bench
    bench.settle()
    made.show()
    bench.wait(lambda: made.dialog is not None)
    bench.settle()
    yield made
    made.shut()
    bench.desk.shut()
    bench.controller.shut()
    QTest.qWait(20)
    bench.iface.window.close()


def sent(bench, method):
    bench.wait(lambda: any(request.method == method for request in bench.pool.asked))


def enabled(dialog):
    return [step for step, made in dialog.steps.items() if made.isEnabled()]


def test_a_row_allows_the_steps_of_its_state(desk):
    dialog = desk.dialog
    assert enabled(dialog) == ["approve", "refuse"]
    dialog.queue_view.selectRow(1)
    assert enabled(dialog) == ["refuse", "finish"]
    dialog.queue_view.selectRow(2)
    assert enabled(dialog) == [] and not dialog.case_button.isEnabled()
    assert "1 asked for, 1 approved" in dialog.summary.text()
    assert dialog.funds.index(0, 6).data() == "300.00" and dialog.queue.index(0, 7).data() == "无主; 急"


def test_an_approval_that_the_fund_is_short_of_needs_a_name(desk):
    bench = desk.bench
    desk.dialog.steps["approve"].click()
    asked = desk.question
    assert "-100.00" in asked.told.text() and not asked.ok.isEnabled()
    assert asked.missing.text() and not asked.missing.isHidden()  # the window says why
    assert asked.focusWidget() is asked.fund_box  # Enter does not mean Cancel
    asked.over_box.setChecked(True)
    assert not asked.ok.isEnabled() and asked.by_edit.accessibleName() in asked.missing.text()
    asked.by_edit.setText("李")
    assert asked.ok.isEnabled() and asked.missing.isHidden()
    asked.accept()
    sent(bench, "remediate")
    assert bench.pool.last("remediate") == Remediate(
        "approve", uuid="a", fund="f1", estimate=400.0, overdraw=True, approved_by="李"
    )


def test_what_is_done_takes_its_cost_and_its_own_reservation_counts_for_it(desk):
    bench = desk.bench
    desk.dialog.queue_view.selectRow(1)
    desk.dialog.steps["finish"].click()
    asked = desk.question
    assert asked.ok.isEnabled() and "300.00" in asked.told.text()
    asked.amount_box.setValue(900.0)
    asked.note_edit.setText("换盖")
    asked.accept()
    sent(bench, "remediate")
    assert bench.pool.last("remediate") == Remediate("finish", uuid="b", fund="f1", cost=900.0, note="换盖")


def test_a_refusal_needs_a_reason(desk):
    bench = desk.bench
    desk.dialog.steps["refuse"].click()
    assert not desk.question.ok.isEnabled()
    desk.question.note_edit.setText("已有产权单位")
    desk.question.accept()
    sent(bench, "remediate")
    assert bench.pool.last("remediate") == Remediate("refuse", uuid="a", note="已有产权单位")


def test_funds_are_added_and_never_become_less_than_is_bound(desk):
    bench = desk.bench
    desk.dialog.new_button.click()
    assert not desk.question.ok.isEnabled()
    desk.question.name_edit.setText("2027 年资金")
    desk.question.year_box.setValue(2027)
    desk.question.amount_box.setValue(5_000.0)
    desk.question.accept()
    sent(bench, "save_fund")
    assert bench.pool.last("save_fund") == SaveFund("2027 年资金", 5_000.0, 2027)
    bench.settle()
    desk.dialog.fund_view.selectRow(0)
    desk.dialog.change_button.click()
    desk.question.amount_box.setValue(1.0)
    assert desk.question.amount_box.value() == 700.0
    desk.question.reject()


def test_the_case_of_a_row_is_asked_for(desk):
    asked = []
    desk.case_asked.connect(asked.append)
    desk.dialog.case_button.click()
    assert asked == [7]


def test_a_remediation_is_asked_for_with_a_reason(qgis_app):
    asked = RemediateDialog("C-1", [FUND])
    ok = asked.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert not ok.isEnabled()
    asked.note_edit.setText("井盖无主")
    asked.fund_box.setCurrentIndex(1)
    assert ok.isEnabled() and asked.values() == {"fund": "f1", "estimate": 0.0, "note": "井盖无主"}
    asked.deleteLater()


def test_an_answer_that_comes_late_opens_no_window_again(desk):
    bench = desk.bench
    desk.dialog.refresh_button.click()
    desk.close_dialog()
    bench.settle()
    assert desk.dialog is None
    desk._write(Remediate("refuse", uuid="a", note="x"))
    sent(bench, "remediate")
    bench.settle()
    assert desk.dialog is None
    desk.show()
    bench.wait(lambda: desk.dialog is not None)
