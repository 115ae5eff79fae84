# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts before anything is written: thrown away, or held until the same request confirms them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.errors import EngineError, InputRefused
from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    CreateStore,
    ImportAreas,
    ImportComponents,
    ImportPhotos,
    Layer,
    ListOperations,
    OpenStore,
    UndoOperation,
    VerifyStore,
)
from digital_citymgmt_plugin.engine.loop import Engine
from tests.kill import content
from tests.kill.town import COUNTY, CRS, make_town


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return make_town(tmp_path_factory.mktemp("town"), components=400, cases=50)


@pytest.fixture
def store(client, town, tmp_path):
    path = str(tmp_path / "城市.gpkg")
    engine = client()
    engine.call(CreateStore(path, "2013", COUNTY, "启东市", CRS))
    engine.call(ImportAreas(Layer(town.communities), "community", "code", "name"))
    return engine, path


def kinds(engine):
    return [item["kind"] for item in engine.call(ListOperations())["operations"]]


def test_previews_of_a_chain_leave_nothing_and_tell_the_truth(store, town):
    engine, path = store
    for request in (AdoptGrids(Layer(town.cells)), ImportComponents(Layer(town.components)), AssignCodes()):
        before, log = content.exact(path), kinds(engine)
        seen = engine.call(request, preview="drop")
        assert seen["preview"] and seen["writes"] and seen["operation"] is None and seen["tables"] == []
        assert (content.exact(path), kinds(engine)) == (before, log)
        assert engine.call(request)["counts"] == seen["counts"]
    assert engine.call(AssignCodes(), preview="drop")["writes"] is False
    assert engine.call(UndoOperation("last"), preview="drop")["counts"]["codes_retired"] > 0
    assert content.check(path) == []


def test_a_held_action_is_committed_by_the_same_request_and_done_once(store, town):
    engine, path = store
    request = ImportComponents(Layer(town.components))
    before = content.exact(path)
    seen = engine.call(request, preview="hold")
    assert content.exact(path) == before  # others see nothing yet
    done = engine.call(request)
    assert done["counts"] == seen["counts"] and done["operation"] is not None
    assert kinds(engine)[0] == "import_components"
    assert engine.call(request)["operation"] is None  # nothing is left to do
    assert content.check(path) == []


def test_any_other_request_throws_a_held_action_away(store, town):
    engine, path = store
    before = content.exact(path)
    engine.call(AdoptGrids(Layer(town.cells)), preview="hold")
    assert kinds(engine)[0] == "import_areas" and content.exact(path) == before
    engine.call(AdoptGrids(Layer(town.cells)), preview="hold")
    engine.close()
    assert content.exact(path) == before


def test_a_held_action_lets_others_write_when_its_time_is_up(client, town, tmp_path, monkeypatch):
    path = str(tmp_path / "city.gpkg")
    code = (
        "import digital_citymgmt_plugin.engine.loop as loop; loop._HELD_S = 0.3; "
        "from digital_citymgmt_plugin.engine.__main__ import main; main()"
    )
    engine = client(command=["-c", code])
    engine.call(CreateStore(path, "2013", COUNTY, "启东市", CRS))
    request = ImportAreas(Layer(town.communities), "community", "code", "name")
    engine.call(request, preview="hold")
    other = sqlite3.connect(path, timeout=60)
    other.execute("UPDATE meta SET value = value WHERE key = 'edition'")
    other.commit()
    other.close()
    assert engine.call(request)["operation"] is not None  # done anew


def test_a_kill_of_a_holding_engine_leaves_the_store_as_it_was(store, client, town):
    engine, path = store
    before = content.exact(path)
    engine.call(AdoptGrids(Layer(town.cells)), preview="hold")
    import os
    import signal

    os.kill(engine.pid, signal.SIGKILL)
    again = client()
    again.call(OpenStore(path))
    assert content.exact(path) == before and content.check(path) == []


def test_reject_lists_are_written_by_the_action_itself(store, town, tmp_path):
    engine, _ = store
    rejects = tmp_path / "rejects.csv"
    request = ImportComponents(Layer(town.components), class_code="0101", rejects=str(rejects))
    seen = engine.call(request, preview="hold")
    assert not rejects.exists()
    done = engine.call(request)
    assert done["counts"] == seen["counts"] and rejects.exists() == (done["counts"]["rejected"] > 0)


def test_what_only_reads_has_no_preview(store):
    engine, _ = store
    with pytest.raises((InputRefused, EngineError)) as refused:
        engine.call(VerifyStore(), preview="drop")
    assert refused.value.code == "request.no_preview"


class Held:
    """A store that holds an action, and a pipe whose user stops at some time."""

    path = "city.gpkg"

    def __init__(self, stops):
        self.stops, self.kept, self.sent = iter(stops), [], []

    def settle(self, *, keep):
        self.kept.append(keep)

    def is_cancelled(self, request_id):
        return next(self.stops)

    def send(self, line):
        self.sent.append(line)


@pytest.mark.parametrize(("stops", "kept"), [([True, True], False), ([False, True], True)])
def test_what_was_stopped_is_not_kept_and_what_was_kept_is_not_told_as_stopped(stops, kept):
    held = Held(stops)
    engine = Engine(held)
    engine._store = held
    engine._held = ({"method": "assign_codes", "params": {}}, {"counts": {"coded": 5}})
    engine._serve({"id": 2, "method": "assign_codes", "params": {}})
    assert held.kept == [kept]
    assert ("result" in held.sent[-1]) == kept and ("error" in held.sent[-1]) == (not kept)


def test_photos_seen_before_come_with_their_files_when_confirmed(store, tmp_path):
    from PIL import Image

    engine, path = store
    census = tmp_path / "lids.csv"
    census.write_text("id,class,x,y\nP1,0101,500050,3520050\n", encoding="utf-8")
    mapping = {"fields": {"class_code": "class", "source_id": "id"}, "x": "x", "y": "y", "crs": CRS}
    engine.call(ImportComponents(Layer(str(census)), json.dumps(mapping)))
    (tmp_path / "in").mkdir()
    Image.new("L", (40, 40)).save(tmp_path / "in" / "P1.jpg")
    home = Path(path).with_name(f"{Path(path).stem}_photos")
    request = ImportPhotos(str(tmp_path / "in"), output=str(tmp_path / "orphans.xlsx"))
    for preview in ("drop", "hold"):
        seen = engine.call(request, preview=preview)
        assert seen["counts"]["by_source"] == 1 and seen["writes"]
        assert not home.exists() and not Path(request.output).exists()
    done = engine.call(request)
    assert done["counts"] == seen["counts"] and len(list(home.iterdir())) == 1 and Path(request.output).exists()
    assert content.check(path) == []


def test_a_base_map_for_a_file_is_shown_before_the_file_is_written(store, client, tmp_path):
    from digital_citymgmt_plugin.core.requests import ImportBaseMap
    from tests.services.test_basemap import CRS as BASE_CRS
    from tests.services.test_basemap import draw

    held, _path = store
    for one, name in ((held, "a"), (client(), "b")):  # with a store, and with none
        request = ImportBaseMap(draw(tmp_path / f"{name}.dxf"), crs=BASE_CRS, output=str(tmp_path / f"{name}.gpkg"))
        for preview in ("drop", "hold"):
            seen = one.call(request, preview=preview)
            assert seen["counts"]["drawings"] == 1 and seen["writes"] and seen["preview"]
            assert not Path(request.output).exists()
        assert one.call(request)["counts"] == seen["counts"] and Path(request.output).exists()
