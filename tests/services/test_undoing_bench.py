# SPDX-License-Identifier: GPL-2.0-or-later
"""Every action of the census bench taken back, and the taking back taken back: all tables as they were, by digest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    CheckComponents,
    ImportAreas,
    ImportCases,
    ImportComponents,
    Layer,
    LinkCases,
)
from digital_citymgmt_plugin.core.requests_redraw import OpenRedraw
from digital_citymgmt_plugin.core.undo import UNDOABLE
from digital_citymgmt_plugin.engine.registry import SERVICES
from digital_citymgmt_plugin.services.component_checks import check_components
from tests.kill import bench
from tests.kill.town import COUNTY, CRS, make_town
from tests.services.cities import City
from tests.services.test_undoing import digests, undo, whole
from tests.support import Watcher, new_store


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    made = make_town(tmp_path_factory.mktemp("town"), components=900, cases=120, notched=True)
    bench.add_inputs(made, symbols=120, photos=30)
    return made


@pytest.fixture
def surveyed(inputs, tmp_path):
    store = new_store(tmp_path / "city.gpkg", crs=CRS, county_code=COUNTY)
    city = City(store, tmp_path, Watcher())
    for request in (
        ImportAreas(Layer(inputs.county), "county", "code", "name"),
        ImportAreas(Layer(inputs.streets), "street", "code", "name"),
        ImportAreas(Layer(inputs.communities), "community", "code", "name"),
        AdoptGrids(Layer(inputs.cells)), ImportComponents(Layer(inputs.components)), AssignCodes(),
        ImportCases(Layer(inputs.cases, crs=CRS)), LinkCases(),
    ):  # fmt: skip
        SERVICES[request.method](city.context, request)
    yield city
    store.close()


def act(city, inputs, name):
    request = bench.ACTIONS[name](inputs, city.store.path, str(city.folder / "out"))
    if getattr(request, "session", None) == bench.DRAWN:  # a session begins with the edits that stand for its name
        opened = SERVICES["open_redraw"](city.context, OpenRedraw(edits=bench.DRAWN))
        request = replace(request, session=opened["session"])
    return SERVICES[request.method](city.context, request)["operation"]


def test_every_action_of_the_bench_is_taken_back_exactly_and_comes_back_exactly(surveyed, inputs):
    before, done = [], []
    for name in bench.ACTIONS:
        before.append(digests(surveyed))
        done.append(act(surveyed, inputs, name))
        assert done[-1] and digests(surveyed) != before[-1], name
    kinds = {row["kind"] for row in surveyed.rows("operation", "kind")}
    assert kinds <= UNDOABLE | {"create_store"}
    whole(surveyed)
    after = [*before[1:], digests(surveyed)]
    for name, uuid, then, now in zip(reversed(bench.ACTIONS), reversed(done), reversed(before), reversed(after)):
        taken = undo(surveyed, uuid)
        assert differing(digests(surveyed), then) == [], name
        # Due times stand as before they were counted anew, the working hours do not until their import is taken back.
        stale = [finding for finding in surveyed.store.verify() if finding]
        assert {finding.rule for finding in stale} == ({"verify.case_due"} if name == "recomputedue" else set()), name
        undo(surveyed, taken["operation"])
        assert differing(digests(surveyed), now) == [], f"{name}, back again"
        undo(surveyed)
        assert differing(digests(surveyed), then) == [], f"{name}, the second time"
    whole(surveyed)


def test_a_base_map_is_taken_back_with_all_that_was_made_of_it(surveyed, inputs):
    names = list(bench.ACTIONS)
    for name in names[: names.index("importbasemap")]:
        act(surveyed, inputs, name)
    then = digests(surveyed)
    brought = act(surveyed, inputs, "importbasemap")
    for name in names[names.index("importbasemap") + 1 :]:
        act(surveyed, inputs, name)
    undo(surveyed, brought, "undo")
    left = differing(digests(surveyed), then)
    # What did not build on the base map stays: the photos, the catalogue, the rules, findings of the checks.
    assert not {"base_point", "base_line", "base_area", "base_text", "drawing", "candidate", "sheet"} & set(left)
    whole(surveyed)


def test_checks_of_what_changed_say_after_each_action_and_each_undo_what_whole_checks_say(surveyed, inputs):
    names = ["makesheets", "importbasemap", "makecandidates", "mergecandidates", "rejectcandidates", "decidecandidates"]
    for name in names:
        act(surveyed, inputs, name)
    check(surveyed, "all")
    narrow = 0
    for name in ("importphotos", "findduplicates", "waiveissues", "mergeduplicates", "fixcomponents"):
        done = act(surveyed, inputs, name)
        narrow += agree(surveyed, name)
        if done is None:  # e.g. the runs before have settled all that there was
            continue
        taken = undo(surveyed, done, "undo")["operation"]
        narrow += agree(surveyed, f"{name} taken back")
        undo(surveyed, taken, "undo")
        narrow += agree(surveyed, f"{name} again")
    assert narrow > 8


def agree(city, what):
    """Tell whether a run of what changed was narrow; a whole run after it has nothing to add."""
    scope = check(city, "changed")["scope"]
    whole = check(city, "all")["counts"]
    assert (whole["new"], whole["settled"]) == (0, 0), what
    return scope == "changed"


def check(city, scope):
    return check_components(city.context, CheckComponents(scope))


def differing(found, wanted):
    """Name the tables that differ."""
    return sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
