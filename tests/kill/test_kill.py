# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL from outside, at random wall times of every writing action, while QGIS reads: all or nothing, no code twice.

Eight times per action (two for those whose every step ``test_staged`` can meet); ``DCM_KILLS`` says how often
(``make soak``: 500). Half of the times are spread over the whole
action, half over the part from its first write to the store on.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.errors import EngineError, InputRefused, StoreError
from digital_citymgmt_plugin.core.requests import CloseStore, OpenStore, UpgradeStore
from tests.kill import bench, content
from tests.kill.stages import ACTIONS, ready, start, there

KILLS = int(os.environ.get("DCM_KILLS", "8"))
SEED = 20260115
FILES = {"draftgrids": ".gpkg", "assess": ".xlsx"}  # actions that write a file, and its ending
TRACES = ("malformed", "corrupt", "not a database", "disk i/o", "disk image")

pytestmark = pytest.mark.kill


def kill_times(action: str, seconds: float, first_write: float) -> list[float]:
    """Spread half of the kills over the whole action and half over its writing, with some room behind its end."""
    rng = random.Random(f"{SEED} {action}")
    kills = KILLS // 4 if action in bench.ACTIONS else KILLS
    half = kills // 2
    whole = [seconds * (at + rng.random()) / max(half, 1) for at in range(half)]
    begin, finish = max(first_write - 0.1 * seconds, 0), seconds * 1.05 + 0.02
    rest = kills - half
    writing = [begin + (finish - begin) * (at + rng.random()) / rest for at in range(rest)]
    times = whole + writing
    rng.shuffle(times)
    return times


class Victim:
    """An engine that is started ahead, and killed in the middle of one request."""

    def __init__(self, folder, package):
        self._folder, self._package = folder, package
        self._next = None

    def prepare(self):
        self._next = start(self._folder, self._package)
        threading.Thread(target=self._next.start, daemon=True).start()

    def kill_in(self, store, request, seconds, *, opens):
        """Return the result if it came before the kill, else None."""
        client = self._next
        ready(client, store if opens else None)
        got, failed = [], []
        thread = client.call_async(request, got.append, failed.append)
        time.sleep(seconds)
        os.kill(client.pid, signal.SIGKILL)
        thread.join(30)
        assert not thread.is_alive()
        client.close()
        assert got or (isinstance(failed[0], EngineError) and failed[0].code == "engine.died"), failed
        return got[0] if got else None


@pytest.mark.parametrize("action", [name for name in ACTIONS if there(name) and name not in FILES])
def test_a_kill_leaves_all_or_nothing_and_running_again_completes(
    action, stages, qgis_reader, tmp_path, record_property
):
    usual = stages.undisturbed(action)
    package = stages.package() if action == "upgradestore" else None
    victim, helper = Victim(tmp_path, package), start(tmp_path, package)
    helper.start()
    outcomes = {"nothing": 0, "all": 0, "confirmed": 0}
    loops = 0
    for number, seconds in enumerate(kill_times(action, usual.seconds, usual.first_write)):
        victim.prepare()
        folder = tmp_path / f"{number}"
        folder.mkdir()
        store = folder / "city.gpkg"
        if usual.before is not None:
            shutil.copy(usual.before, store)
        qgis_reader.read(store)
        request = ACTIONS[action](stages.town, str(store), str(folder / "out"))
        opens = action not in ("createstore", "upgradestore")
        result = victim.kill_in(store, request, seconds, opens=opens)

        where = f"{action}, kill {number} after {seconds:.3f} of {usual.seconds:.3f} s"
        outcome = _outcome(store, usual)
        assert outcome in ("nothing", "all"), where
        assert result is None or outcome == "all", f"{where}: a confirmed action is lost"
        outcomes["confirmed" if result else outcome] += 1

        _run_again(helper, store, request, opens=opens, done=outcome == "all")
        seen = qgis_reader.pause()
        loops += seen["loops"]
        assert traces_of_damage(seen) == [], where
        assert content.check(str(store)) == [], where
        assert content.normalised(str(store)) == usual.normal_after, where
        assert [file.name for file in folder.iterdir() if file.name.endswith(".new")] == [], where
        _copies_are_whole(folder, usual)
        shutil.rmtree(folder)
    helper.close()
    figures = f"{usual.seconds:.2f} s, first write after {usual.first_write:.2f} s; {outcomes}; QGIS read {loops} times"
    record_property("kills", figures)
    sys.stdout.write(f"{action}: {figures}\n")


def traces_of_damage(seen) -> list[str]:
    """Return what QGIS said of a damaged file while it read."""
    said = seen["errors"] + seen["messages"]
    return [text for text in said if any(trace in text.lower() for trace in TRACES)]


def _outcome(store: Path, usual) -> str:
    """Return nothing, all or neither, from what the files hold after the kill (QGIS still reads)."""
    if not store.exists():
        return "nothing" if usual.before is None else "neither"
    assert content.check(str(store)) == []
    if content.exact(str(store)) == usual.exact_before:
        return "nothing"
    return "all" if content.normalised(str(store)) == usual.normal_after else "neither"


def _run_again(client, store, request, *, opens, done):
    """Run the action again where nothing of it is there; a second time it must change nothing."""
    if opens:
        client.call(OpenStore(str(store)))
    try:
        result = client.call(request)
    except (StoreError, InputRefused) as error:
        assert done and error.code in ("store.exists", "undo.already")
        if opens:
            client.call(CloseStore())
        return
    assert done == (result.get("operation") is None) or not opens
    if opens or not isinstance(request, UpgradeStore):
        client.call(CloseStore())


def _copies_are_whole(folder, usual):
    """A copy kept before an upgrade is the store as it was, whole."""
    for copy in folder.glob("*.backup*.gpkg"):
        assert content.exact(str(copy)) == usual.exact_before


@pytest.mark.parametrize("action", [name for name in FILES if there(name)])
def test_a_kill_leaves_a_whole_output_file_or_none(action, stages, tmp_path, record_property):
    usual = stages.undisturbed(action)
    victim = Victim(tmp_path, None)
    ending = FILES[action]
    whole = _rows(usual.after.parent / f"out{ending}")
    assert whole
    outcomes = {"nothing": 0, "all": 0}
    for number, seconds in enumerate(kill_times(action, usual.seconds, usual.seconds * 0.9)):
        victim.prepare()
        folder = tmp_path / f"{number}"
        folder.mkdir()
        store = folder / "city.gpkg"
        if usual.before is not None:
            shutil.copy(usual.before, store)
        request = ACTIONS[action](stages.town, str(store), str(folder / "out"))
        output = folder / f"out{ending}"
        if number % 2:
            output.write_bytes(b"the file of an earlier run")
        result = victim.kill_in(store, request, seconds, opens=usual.before is not None)
        if not output.exists() or output.read_bytes() == b"the file of an earlier run":
            assert result is None
            outcomes["nothing"] += 1
        else:
            assert _rows(output) == whole
            outcomes["all"] += 1
        if usual.before is not None:
            assert content.check(str(store)) == []
            assert content.exact(str(store)) == usual.exact_before
        shutil.rmtree(folder)
    record_property("kills", f"{usual.seconds:.2f} s; {outcomes}")
    sys.stdout.write(f"{action}: {usual.seconds:.2f} s; {outcomes}\n")


def _rows(path: Path):
    if path.suffix == ".gpkg":
        import pyogrio

        return len(pyogrio.read_dataframe(path))
    import openpyxl

    return [[cell.value for cell in row] for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows()]
