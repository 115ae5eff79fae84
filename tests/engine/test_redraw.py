# SPDX-License-Identifier: GPL-2.0-or-later
"""The redraw bench through an engine: looked at, confirmed, lost with its process, and two people on one store."""

from __future__ import annotations

import json

import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    CloseStore,
    CreateStore,
    ImportAreas,
    ImportComponents,
    Layer,
    OpenStore,
    UndoOperation,
)
from digital_citymgmt_plugin.core.requests_redraw import (
    ApplyRedraw,
    EditRedraw,
    OpenRedraw,
    ProbeRedraw,
    RebaseRedraw,
)
from tests.kill import content
from tests.kill.town import COUNTY, CRS, X, Y, make_town

ACROSS = [X + 2_060.0, Y - 10.0, X + 2_040.0, Y + 510.0]
BESIDE = [X + 2_190.0, Y + 250.0, X + 2_510.0, Y + 251.0]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return make_town(tmp_path_factory.mktemp("town"), components=400, cases=50)


@pytest.fixture
def store(client, town, tmp_path):
    path = str(tmp_path / "城市.gpkg")
    engine = client()
    engine.call(CreateStore(path, "2013", COUNTY, "启东市", CRS))
    for request in (
        ImportAreas(Layer(town.communities), "community", "code", "name"), AdoptGrids(Layer(town.cells)),
        ImportComponents(Layer(town.components)), AssignCodes(),
    ):  # fmt: skip
        engine.call(request)
    return engine, path


def begin(engine, *edits):
    session = engine.call(OpenRedraw())["session"]
    return session, [
        engine.call(EditRedraw(session, "split", row, points))["entry"] for row, points in enumerate(edits)
    ]


def test_counts_are_looked_at_held_and_confirmed(store):
    engine, path = store
    session, _ = begin(engine, ACROSS)
    before = content.exact(path)
    seen = engine.call(ApplyRedraw(session), preview="hold")
    assert seen["preview"] and seen["writes"] and seen["counts"]["cells_new"] == 5
    assert engine.call(ProbeRedraw(session, "split", BESIDE))["error"] is None  # another request: what was held is gone
    assert content.exact(path) == before
    seen = engine.call(ApplyRedraw(session), preview="hold")
    done = engine.call(ApplyRedraw(session))
    assert done["counts"] == seen["counts"] and done["operation"]
    assert engine.call(EditRedraw(session, "split", 0, BESIDE))["steps"] == 1  # the session began anew
    assert content.check(path) == []
    engine.call(UndoOperation(done["operation"]))
    with pytest.raises(InputRefused, match="changed"):
        engine.call(ApplyRedraw(session))


def test_the_edits_outlive_the_engine(client, store):
    engine, path = store
    session, entries = begin(engine, ACROSS, BESIDE)
    engine.close()
    other = client()
    other.call(OpenStore(path))
    with pytest.raises(InputRefused, match="no_session"):
        other.call(ApplyRedraw(session))
    opened = other.call(OpenRedraw(edits=json.dumps(entries)))
    assert (opened["steps"], opened["conflicts"], opened["entries"]) == (2, [], entries)
    assert other.call(ApplyRedraw(opened["session"]))["counts"]["cells_new"] > 5
    assert content.check(path) == []


def test_the_second_of_two_people_is_told_and_can_go_on(client, store):
    engine, path = store
    _, mine = begin(engine, ACROSS, BESIDE)
    engine.call(CloseStore())
    other = client()
    other.call(OpenStore(path))
    session, _ = begin(other, [ACROSS[0] + 1, *ACROSS[1:]])
    other.call(ApplyRedraw(session))
    other.close()
    engine.call(OpenStore(path))
    opened = engine.call(OpenRedraw(edits=json.dumps(mine)))
    told = {note["code"] for note in opened["notes"]}
    assert "redraw.base_changed" in told or opened["conflicts"]
    engine.call(ApplyRedraw(opened["session"]))
    assert content.check(path) == []


def test_a_session_open_while_grids_are_taken_back_is_rebased(store):
    engine, path = store
    session, _ = begin(engine, ACROSS)
    done = engine.call(ApplyRedraw(session))
    engine.call(EditRedraw(session, "split", 0, BESIDE))
    engine.call(UndoOperation(done["operation"]))
    with pytest.raises(InputRefused) as caught:
        engine.call(ApplyRedraw(session))
    assert caught.value.code == "redraw.changed" and caught.value.values["kind"] == "undo_operation"
    again = engine.call(RebaseRedraw(session))
    assert (again["steps"], again["conflicts"]) == (1, [])
    assert engine.call(ApplyRedraw(session))["operation"]
    assert content.check(path) == []
