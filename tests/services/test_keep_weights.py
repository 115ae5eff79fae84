# SPDX-License-Identifier: GPL-2.0-or-later
"""What components of each class count in a draft is kept in the city's profile, and can be taken back."""

from __future__ import annotations

import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.requests_draft import DraftSources, KeepWeights
from digital_citymgmt_plugin.services.draft_sources import draft_sources, keep_weights
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.cities import LID, RAIN


def weights(town):
    classes = draft_sources(town.context, DraftSources())["classes"]
    return {one["code"]: one["weight"] for one in classes if one["weight"] != 1}


def test_weights_are_kept_changed_and_taken_back(town):
    assert weights(town) == {}
    assert keep_weights(town.context, KeepWeights({LID: 2.5, RAIN: 0, "0306": 1}))["counts"] == {"classes": 2}
    assert weights(town) == {LID: 2.5, RAIN: 0}
    assert town.store.profile().setting("load_weights") == f"{LID}=2.5, {RAIN}=0"
    assert not town.store.profile().check()
    assert keep_weights(town.context, KeepWeights({LID: 2.5, RAIN: 0}))["operation"] is None
    done = keep_weights(town.context, KeepWeights({}))
    assert weights(town) == {}
    undo_operation(town.context, UndoOperation(done["operation"]))
    assert town.store.meta()["setting.load_weights"] == f"{LID}=2.5, {RAIN}=0"


@pytest.mark.parametrize("wrong", [{LID: "many"}, {LID: -1}, {LID: float("nan")}, {LID: None}])
def test_what_is_no_weight_is_refused(town, wrong):
    with pytest.raises(InputRefused):
        keep_weights(town.context, KeepWeights(wrong))
    assert weights(town) == {}
