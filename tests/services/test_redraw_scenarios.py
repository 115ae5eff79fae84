# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios: saved, listed, opened, compared, adopted, put aside; and done again on grids that have changed."""

from __future__ import annotations

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.requests_redraw import (
    CompareScenarios,
    DiscardScenario,
    ListScenarios,
    RebaseRedraw,
    SaveScenario,
)
from digital_citymgmt_plugin.services.redraw import (
    compare_scenarios,
    discard_scenario,
    list_scenarios,
    rebase_redraw,
    save_scenario,
)
from digital_citymgmt_plugin.services.redraw.session import find
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.redraw_ground import digest
from tests.services.cities import X0, Y0, box
from tests.services.test_redraw import Bench, at
from tests.services.test_redraw_apply import apply, check, state
from tests.support import Watcher, make_context


def save(bench, name, **options):
    return save_scenario(bench.city.context, SaveScenario(bench.id, name, **options))["scenario"]


def listed(city, *, every=False):
    return list_scenarios(city.context, ListScenarios(every))["scenarios"]


def somebody_elses():
    """The first community's grids with the first one cut in two; the corner on its edge is its neighbour's, too."""
    above = shapely.Polygon([(X0 + x, Y0 + y) for x, y in ((0, 500), (200, 500), (500, 500), (500, 1000), (0, 1000))])
    return [
        box(0, 0, 200, 500), box(200, 0, 500, 500), box(500, 0, 1000, 500), above, box(500, 500, 1000, 1000)
    ]  # fmt: skip


@pytest.fixture
def bench(census):
    return Bench(census, target_area=250_000.0)


def test_a_scenario_is_saved_opened_and_adopted(census, bench):
    start = state(census.store)
    first = bench.edit("split", at((200, -10), (200, 510)))
    uuid = save(bench, "北区方案")
    assert state(census.store) == start
    assert [(row["name"], row["edits"], row["changed"]) for row in listed(census)] == [("北区方案", 1, 0)]
    again = Bench(census, target_area=250_000.0, scenario=uuid)
    assert again.opened["shapes"].keys() >= {cell["id"] for cell in first["cells"] if cell["state"] == "new"}
    again.edit("split", at((700, -10), (700, 510)))
    branch = save(again, "北区方案乙", parent=uuid)
    rows = {row["uuid"]: row for row in listed(census)}
    assert rows[branch]["parent"] == uuid
    assert (rows[branch]["edits"], rows[uuid]["edits"]) == (2, 1)
    save(again, "北区方案乙", scenario=branch)
    assert len(listed(census)) == 2
    done = apply(again)
    check(census.store, 2_000_000.0)
    assert [row["uuid"] for row in listed(census)] == [uuid]
    assert listed(census)[0]["changed"] >= 1
    assert {row["uuid"]: row["status"] for row in listed(census, every=True)} == {uuid: "open", branch: "adopted"}
    undo_operation(census.context, UndoOperation(done["operation"]))
    assert state(census.store) == start
    assert len(listed(census)) == 2


def test_scenarios_are_put_aside(census, bench):
    bench.edit("split", at((200, -10), (200, 510)))
    uuid = save(bench, "甲")
    discard_scenario(census.context, DiscardScenario(uuid))
    assert listed(census) == []
    assert listed(census, every=True)[0]["status"] == "discarded"
    assert discard_scenario(census.context, DiscardScenario(uuid))["operation"] is None
    with pytest.raises(InputRefused, match="no_scenario"):
        discard_scenario(census.context, DiscardScenario("nobody"))
    with pytest.raises(InputRefused, match="no_scenario"):
        Bench(census, scenario="nobody")


def test_names_of_scenarios(census, bench):
    with pytest.raises(InputRefused, match="no_edits"):
        save(bench, "甲")
    bench.edit("split", at((200, -10), (200, 510)))
    save(bench, " 甲 ")
    assert save_scenario(bench.city.context, SaveScenario(bench.id, "甲"))["operation"] is None
    bench.edit("split", at((700, -10), (700, 510)))
    for name in ("甲", "", "  ", "长" * 81):
        with pytest.raises(InputRefused, match="scenario_name"):
            save(bench, name)


def test_two_scenarios_side_by_side(census, bench, tmp_path):
    bench.edit("split", at((200, -10), (200, 510)))
    first = save(bench, "甲")
    bench.step()
    bench.edit("split", at((700, -10), (700, 510)))
    second = save(bench, "乙")
    output = str(tmp_path / "compared.gpkg")
    found = compare_scenarios(census.context, CompareScenarios(bench.id, first, second, output))
    assert found["counts"] == {"first": 3, "second": 3, "same": 6}
    for number, kept, parts in ((0, 250_000.0, {100_000.0, 150_000.0}), (1, 250_000.0, {100_000.0, 150_000.0})):
        side = [cell for cell in found["cells"] if cell["side"] == number]
        assert {round(cell["area_m2"], 1) for cell in side} == {kept, *parts}
        assert found["totals"][number]["cells"] == 9
        assert sum(found["totals"][number][name] for name in ("green", "amber", "red")) == 9
    assert found["conflicts"] == [[], []]
    for layer in ("scenario_1", "scenario_2"):
        rows = list(census.context.files.open_source(output, layer=layer).chunks())
        assert sum(len(chunk["cell"]) for chunk in rows) == 9
        assert sum(int(chunk["differs"].sum()) for chunk in rows) == 3
    drawn = compare_scenarios(census.context, CompareScenarios(bench.id, "", "session"))
    assert drawn["counts"] == {"first": 1, "second": 2, "same": 7}
    assert bench.probe("split", at((200, -10), (200, 510)))["error"] is None


def test_a_redraw_is_done_again_on_grids_that_changed(census, bench):
    bench.edit("split", at((200, -10), (200, 510)))
    split = bench.edit("split", at((1700, -10), (1700, 510)))
    parts = [cell["id"] for cell in split["cells"] if cell["state"] == "new"]
    bench.edit("merge", cells=parts)
    uuid = save(bench, "甲")
    # The first grid is cut in two along the same line by somebody else: the first edit cuts nothing any more.
    census.adopt(somebody_elses())
    with pytest.raises(InputRefused, match="changed"):
        apply(bench)
    assert listed(census)[0]["changed"] == 2  # one gone, one with a corner more
    done = rebase_redraw(census.context, RebaseRedraw(bench.id))
    assert [(one["step"], one["tool"]) for one in done["conflicts"]] == [(0, "split")]
    assert done["conflicts"][0]["code"].startswith("redraw.")
    assert done["steps"] == 2
    assert done["counts"]["conflicts"] == len(done["conflicts"])
    opened = Bench(census, target_area=250_000.0, scenario=uuid)
    assert opened.opened["conflicts"] == done["conflicts"]
    apply(opened)
    check(census.store, 2_000_000.0)


def test_changes_that_are_done_again_can_be_stopped_at_any_check(census, bench):
    bench.edit("split", at((200, -10), (200, 510)))
    bench.edit("split", at((1700, -10), (1700, 510)))
    bench.step()
    census.adopt(somebody_elses())
    session = find(census.store, bench.id)
    before = digest(session.coverage), session.entries(), len(session.steps), session.moment, dict(session.names)
    for checks in range(1, 20):
        try:
            done = rebase_redraw(make_context(census.store, Watcher(checks)), RebaseRedraw(bench.id))
            break
        except Cancelled:
            same = find(census.store, bench.id)
            assert (digest(same.coverage), same.entries(), len(same.steps), same.moment, same.names) == before
            with pytest.raises(InputRefused, match="changed"):
                apply(bench)
    assert checks > 2
    assert done["steps"] + len(done["conflicts"]) == 1
    assert digest(find(census.store, bench.id).coverage) != before[0]


def test_an_edit_of_a_cell_that_was_left_out_is_a_conflict_too(census, bench):
    first = bench.edit("split", at((200, -10), (200, 510)))
    bench.edit("split", at((1700, -10), (1700, 510)))
    bench.edit("merge", cells=[cell["id"] for cell in first["cells"] if cell["state"] == "new"])
    census.adopt(somebody_elses())
    done = rebase_redraw(census.context, RebaseRedraw(bench.id))
    assert [(one["step"], one["code"]) for one in done["conflicts"]][1:] == [(2, "redraw.no_cell")]
    assert done["steps"] == 1


def test_a_scenario_that_somebody_damaged_is_refused(census, bench):
    bench.edit("split", at((200, -10), (200, 510)))
    uuid = save(bench, "甲")
    census.store.connection.execute("UPDATE scenario SET payload = '{'")
    assert listed(census)[0]["edits"] == 0
    with pytest.raises(InputRefused, match="entries"):
        Bench(census, scenario=uuid)
