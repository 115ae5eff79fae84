# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine by its pipe: greeting, queue, refusals, garbage, the end of input, crash and restart."""

from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest

from digital_citymgmt_plugin.bridge.engine_pool import EnginePool
from digital_citymgmt_plugin.core.errors import EngineError, StoreError
from digital_citymgmt_plugin.core.requests import AssignCodes, Health, ImportComponents, Layer, OpenStore, VerifyStore
from digital_citymgmt_plugin.core.version import PROTOCOL, VERSION
from digital_citymgmt_plugin.storage.schema.catalogue import SCHEMA_VERSION
from tests.kill import content

START_S = 30.0  # the bar is 0.5 s on an idle machine; what is loaded at the start is tested above


def test_the_greeting_names_versions_process_and_packages(bare):
    hello = bare.hello
    assert (hello["protocol"], hello["version"], hello["schema"]) == (PROTOCOL, VERSION, SCHEMA_VERSION)
    assert hello["pid"] == bare.process.pid
    assert {package["name"] for package in hello["packages"]} >= {"numpy", "shapely", "pyogrio", "openpyxl"}
    assert hello["missing"] == []


def test_the_engine_greets_before_it_imports_numpy(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; import digital_citymgmt_plugin.engine.__main__; "
        "print([name for name in ('numpy', 'shapely', 'pyproj', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_starts_quickly(client):
    begun = time.perf_counter()
    client().start()
    assert time.perf_counter() - begun < START_S


def test_another_version_is_refused(client, monkeypatch):
    monkeypatch.setattr("digital_citymgmt_plugin.bridge.engine_client.VERSION", "99.0")
    with pytest.raises(EngineError) as error:
        client().start()
    assert error.value.code == "engine.version"
    assert error.value.values["wanted"].startswith("99.0")


WRONG = {
    "unknown method": ("no_such", {}, "request.unknown_method"),
    "no method": (None, {}, "request.unknown_method"),
    "unknown parameter": ("health", {"x": 1}, "request.parameters"),
    "missing parameter": ("open_store", {}, "request.parameters"),
    "wrong type": ("open_store", {"path": 5}, "request.parameters"),
    "too large": ("case_page", {"fid": 2**63}, "request.parameters"),
    "too large in a list": ("explain_duty", {"cases": [1, 10**30]}, "request.parameters"),
    "list for parameters": ("open_store", [1, 2], "request.parameters"),
    "text for parameters": ("open_store", "x", "request.parameters"),
    "layer with an unknown key": ("adopt_grids", {"input": {"path": "a", "shape": 1}}, "request.parameters"),
    "layer without path": ("adopt_grids", {"input": {"layer": "a"}}, "request.parameters"),
    "layer with a number for a path": ("adopt_grids", {"input": {"path": 1}}, "request.parameters"),
    "text in a list of layers": (
        "draft_grids", {"areas": {"path": "a"}, "output": "b", "barriers": ["c"]}, "request.parameters"
    ),
    "no store open": ("health", {}, "engine.no_store"),
    "missing store": ("open_store", {"path": "/no/such.gpkg"}, "store.missing"),
    "a path with a NUL": ("open_store", {"path": "/tmp/a\0b.gpkg"}, "store.missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_answered_with_a_code_and_the_next_is_served(bare, case):
    method, params, code = WRONG[case]
    bare.ask(1, method, params)
    assert bare.answer(1)["error"]["code"] == code
    bare.ask(2, "close_store")
    assert bare.answer(2)["result"] == {"counts": {}}


GARBAGE = {
    "text": b"hello",
    "not UTF-8": b"\xff\xfe\x00\x80",
    "a number": b"5",
    "a list": b"[1, 2]",
    "half an object": b'{"id": 1, "method"',
    "nested without end": b"[" * 200_000,
    "an empty line": b"",
    "a cancel of a list": b'{"cancel": [1]}',
    "a cancel of an object": b'{"cancel": {"a": 1}}',
    "a cancel of nothing": b'{"cancel": 77}',
    "10 MB": b"x" * 10_000_000,
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_passed_over(bare, kind):
    bare.send(GARBAGE[kind])
    bare.ask(3, "close_store")
    assert bare.answer(3)["result"] == {"counts": {}}


def test_a_request_of_10_mb_is_understood(bare):
    bare.ask(1, "open_store", {"path": "/no/such.gpkg"}, sentences={"reject.x": "很" * 3_500_000})
    assert bare.answer(1)["error"]["code"] == "store.missing"


@pytest.mark.parametrize("number", [[1], {"a": 1}, None, "text", 1.5])
def test_an_id_of_any_kind_comes_back(bare, number):
    bare.ask(number, "close_store")
    assert bare.receive() == {"id": number, "result": {"counts": {}}}


def test_requests_queue_and_are_answered_in_order(bare, city):
    bare.ask(1, "open_store", {"path": str(city)})
    for number in range(2, 12):
        bare.ask(number, "health" if number % 2 else "verify_store")
    answered = []
    while len(answered) < 11:
        message = bare.receive()
        if "progress" not in message:
            assert "result" in message, message
            answered.append(message["id"])
    assert answered == list(range(1, 12))


def test_a_request_that_was_cancelled_in_the_queue_is_not_run(bare, city):
    bare.ask(1, "open_store", {"path": str(city)})
    bare.send(b'{"cancel": 2}')
    bare.ask(2, "assign_codes")
    assert bare.answer(2)["error"]["kind"] == "Cancelled"


def test_a_second_store_is_refused_while_one_is_open(bare, city):
    bare.ask(1, "open_store", {"path": str(city)})
    bare.ask(2, "open_store", {"path": str(city)})
    assert "result" in bare.answer(1)
    error = bare.answer(2)["error"]
    assert (error["code"], error["values"]["path"]) == ("engine.store_is_open", str(city))


def test_the_end_of_input_ends_the_engine_and_leaves_one_plain_file(bare, city):
    bare.ask(1, "open_store", {"path": str(city)})
    bare.ask(2, "assign_codes")
    bare.answer(2)
    assert bare.end() == 0
    assert [path.name for path in city.parent.iterdir() if path.name.startswith(city.stem)] == [city.name]
    assert city.read_bytes()[18:20] == b"\x01\x01"  # a rollback journal again, no WAL


def test_the_end_of_input_stops_running_work_and_leaves_the_store_as_it_was(bare, stages, tmp_path):
    import shutil

    usual = stages.undisturbed("importcomponents")
    store = shutil.copy(usual.before, tmp_path / "city.gpkg")
    bare.ask(1, "open_store", {"path": str(store)})
    bare.answer(1)
    bare.ask(2, "import_components", ImportComponents(Layer(stages.town.components)).to_params())
    bare.receive()
    assert bare.end() == 0
    assert content.exact(str(store)) == usual.exact_before
    assert not store.with_name("city.gpkg-wal").exists()


def test_a_client_that_went_away_ends_the_engine(bare, city):
    """The other side was killed: both pipes are gone at once."""
    bare.ask(1, "open_store", {"path": str(city)})
    bare.answer(1)
    bare.process.stdout.close()
    assert bare.end() == 0
    assert not city.with_name(city.name + "-wal").exists()


def test_progress_never_goes_back_and_ends_at_most_at_one(client, stages, tmp_path):
    import shutil

    usual = stages.undisturbed("importcomponents")
    store = shutil.copy(usual.before, tmp_path / "city.gpkg")
    engine = client()
    engine.call(OpenStore(str(store)))
    said = []
    engine.call(
        ImportComponents(Layer(stages.town.components)), on_progress=lambda share, code, values: said.append(share)
    )
    engine.call(AssignCodes(), on_progress=lambda share, code, values: said.append(share + 1))
    assert said == sorted(said)
    assert said and said[0] >= 0 and said[-1] <= 2


def test_an_engine_that_crashed_is_restarted_with_the_store_open(client, city):
    restarted = []
    pool = EnginePool(client, restarted.append)
    with pool.lease(str(city)) as lease:
        first = lease.hello["pid"]
        os.kill(first, signal.SIGKILL)
        time.sleep(0.2)
        assert lease.call(Health())["tables"]["component_point"] == 10
        assert lease.hello["pid"] != first
        assert len(restarted) == 1
        assert lease.call(VerifyStore())["counts"]["findings"] == 0
    pool.shutdown()
    assert not city.with_name(city.name + "-wal").exists()


def test_a_crash_in_the_middle_of_a_call_is_said_and_the_next_call_works(client, stages, tmp_path):
    import shutil

    usual = stages.undisturbed("importcomponents")
    store = shutil.copy(usual.before, tmp_path / "city.gpkg")
    pool = EnginePool(client)
    with pool.lease(str(store)) as lease:
        pid = lease.hello["pid"]
        threading.Timer(usual.seconds * 0.6, os.kill, (pid, signal.SIGKILL)).start()
        request = ImportComponents(Layer(stages.town.components))
        with pytest.raises(EngineError) as error:
            lease.call(request)
        assert error.value.code == "engine.died"
        again = lease.call(request)["counts"]
    pool.shutdown()
    assert again["accepted"] == usual.counts["accepted"]
    assert content.check(str(store)) == []


def test_a_full_disk_under_the_output_is_one_error(client, tmp_path, stages):
    """The store is not the only file: an output on a full disk must not be an unexpected fault."""
    import subprocess

    folder = tmp_path / "full"
    folder.mkdir()
    if os.geteuid() or subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", str(folder)], capture_output=True, check=False
    ).returncode:  # fmt: skip
        pytest.skip("only root mounts a small disk")
    try:
        from tests.kill.stages import ACTIONS

        request = ACTIONS["draftgrids"](stages.town, "", str(folder / "out"))
        with pytest.raises(Exception) as error:
            client().call(request)
        assert getattr(error.value, "code", "") in ("output.failed", "store.disk_full"), error.value
        assert list(folder.iterdir()) == []
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_without_numpy_every_request_is_answered_with_the_way_to_get_it(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['numpy'] = None; "
        "from digital_citymgmt_plugin.engine.__main__ import main; sys.exit(main())"
    )
    lines = b'{"id": 1, "method": "health"}\n{"id": 2, "method": "close_store"}\n'
    done = subprocess.run([sys.executable, "-c", code], input=lines, capture_output=True, check=False)
    hello, *answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert "hello" in hello
    assert [answer["id"] for answer in answers] == [1, 2]
    assert {answer["error"]["code"] for answer in answers} == {"engine.packages"}
    assert "numpy" in answers[0]["error"]["values"]["packages"]
    assert "pip install" in answers[0]["error"]["values"]["command"]


def test_a_held_store_is_refused_by_another_engine_and_free_after_its_end(client, city):
    first, second = client(program="QGIS 3.40 (pid 4711)"), client()
    first.call(OpenStore(str(city)))
    with pytest.raises(StoreError) as error:
        second.call(OpenStore(str(city)))
    values = error.value.values
    assert (error.value.code, values["program"], values["pid"]) == ("store.held", "QGIS 3.40 (pid 4711)", first.pid)
    first.close()
    assert second.call(OpenStore(str(city)))["tables"]["component_point"] == 10
