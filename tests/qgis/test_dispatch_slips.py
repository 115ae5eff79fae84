# SPDX-License-Identifier: GPL-2.0-or-later
"""The menu *Slips…* of the dispatch dock: keys, and the dialogs filled in with the selected cases."""

from __future__ import annotations

import pytest

from digital_citymgmt_plugin.core.cases.slips import KINDS
from digital_citymgmt_plugin.gui.docks.dispatch_slips import SlipDesk
from tests.qgis.test_dispatch_links import bench  # noqa: F401

pytestmark = pytest.mark.qgis


def test_the_menu_opens_the_dialogs_filled_in(bench):  # noqa: F811
    asked = []
    bench.desk.controller.run_algorithm = lambda name, parameters: asked.append((name, parameters))
    slips = SlipDesk(bench.desk)
    assert set(slips.actions) == {*KINDS, "pack", "receipt", "layout"}
    keys = [action.shortcut().toString() for action in slips.actions.values()]
    assert keys == [f"F9, {number}" for number in range(1, 9)]
    bench.desk.with_chosen = lambda then: then([3, 5])
    for action in slips.actions.values():
        action.trigger()
    names = [name for name, _ in asked]
    assert names == [*["dcm:writeslips"] * 5, "dcm:packcases", "dcm:readreceipt", "dcm:writeslips"]
    assert asked[0][1]["CASES"] == "fids:3,5" and asked[0][1]["KIND"] == "dispatch"
    assert asked[0][1]["OUTPUT"].endswith("_slips") and asked[0][1]["STORE"]
    assert asked[-1][1]["FORMAT"] == "qpt"
    asked.clear()
    bench.desk.with_chosen = lambda then: then([])
    for name in ("dispatch", "parked_list", "pack"):
        slips.actions[name].trigger()
    assert [one["CASES"] for _, one in asked] == ["queue:parked"]
