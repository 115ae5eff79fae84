# SPDX-License-Identifier: GPL-2.0-or-later
"""The client speaks with a small fake engine that can misbehave on request."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.errors import Cancelled, EngineError, InputRefused
from digital_citymgmt_plugin.core.requests import CreateStore, Health, OpenStore


def test_a_request_carries_method_parameters_user_program_and_sentences(fake_client):
    client = fake_client(program="QGIS 3.40 (pid 1)")
    request = client.call(OpenStore("/数据/echo.gpkg"), sentences={"row.no_class": "第{row}行"})["request"]
    assert request["method"] == "open_store"
    assert request["params"] == {"path": "/数据/echo.gpkg"}
    assert request["program"] == "QGIS 3.40 (pid 1)"
    assert request["sentences"] == {"row.no_class": "第{row}行"}
    assert request["done_by"]


def test_chinese_quotes_and_newlines_survive_the_pipe(fake_client):
    name = "通州区\n“引号” \"; DROP TABLE 'x' \u2028 \U00020000"
    request = CreateStore("/tmp/echo.gpkg", "2013", "320612", name, "EPSG:4549")
    assert fake_client().call(request)["request"]["params"]["county_name"] == name


def test_one_process_serves_many_calls(fake_client):
    client = fake_client()
    assert len({client.call(OpenStore("echo"))["pid"] for _ in range(5)}) == 1


def test_progress_arrives_in_order_in_the_calling_thread(fake_client):
    seen = []
    fake_client().call(OpenStore("slow"), on_progress=lambda *args: seen.append((threading.current_thread(), *args)))
    assert {thread for thread, *_ in seen} == {threading.current_thread()}
    shares = [share for _, share, *_ in seen]
    assert shares == sorted(shares) and len(shares) == 200
    assert seen[0][2:] == ("progress.reading", {"file": "部件.shp"})


def test_cancel_reaches_the_engine_and_the_call_ends_as_cancelled(fake_client):
    client = fake_client()
    client.start()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        client.call(OpenStore("slow"), is_cancelled=lambda: time.monotonic() - start > 0.2)
    assert client.call(OpenStore("echo"))["pid"] == client.pid


def test_a_callback_that_raises_stops_the_work_too(fake_client):
    client = fake_client()

    def bad(*args):
        raise RuntimeError("window is gone")

    with pytest.raises(RuntimeError, match="window is gone"):
        client.call(OpenStore("slow"), on_progress=bad)
    assert client.call(OpenStore("echo"))


def test_a_refusal_comes_back_as_the_same_exception(fake_client):
    with pytest.raises(InputRefused) as caught:
        fake_client().call(OpenStore("/tmp/refuse.gpkg"))
    assert caught.value.code == "input.no_crs"
    assert caught.value.values == {"file": "/tmp/refuse.gpkg", "layer": "社区"}


def test_a_fault_in_the_engine_is_named_and_its_traceback_is_in_the_log(fake_client):
    client = fake_client()
    with pytest.raises(EngineError) as caught:
        client.call(OpenStore("fault"))
    assert caught.value.code == "engine.unexpected"
    assert caught.value.values["reason"] == "KeyError: 'grid'"
    assert "Traceback" in Path(client.log_path).read_text(encoding="utf-8")


def test_a_process_that_dies_in_a_call_is_told_with_exit_status_and_last_words(fake_client):
    client = fake_client()
    with pytest.raises(EngineError) as caught:
        client.call(OpenStore("crash"))
    assert caught.value.code == "engine.died"
    assert caught.value.values["exit"] == 41
    assert "Segmentation fault" in caught.value.values["reason"]
    assert not client.alive


def test_all_calls_that_wait_are_told_of_a_death(fake_client):
    client = fake_client()
    client.start()
    errors = []
    threads = [client.call_async(OpenStore("slow"), print, errors.append) for _ in range(3)]
    time.sleep(0.3)
    os.kill(client.pid, signal.SIGKILL)
    for thread in threads:
        thread.join(10)
    assert [error.code for error in errors] == ["engine.died"] * 3
    assert errors[0].values["exit"] == -signal.SIGKILL


def test_after_a_death_the_next_call_starts_a_new_process(fake_client):
    client = fake_client()
    first = client.call(OpenStore("echo"))["pid"]
    with pytest.raises(EngineError):
        client.call(OpenStore("crash"))
    assert client.call(OpenStore("echo"))["pid"] != first


def test_lines_that_are_no_messages_are_passed_over(fake_client):
    assert fake_client().call(OpenStore("noise")) == {"ok": True}


def test_a_line_of_twelve_megabytes_arrives_whole(fake_client):
    assert len(fake_client().call(OpenStore("huge"))["text"]) == 4_000_000


def test_another_version_is_refused(fake_client):
    client = fake_client("version")
    with pytest.raises(EngineError) as caught:
        client.start()
    assert caught.value.code == "engine.version"
    assert "9.9.9" in caught.value.values["found"]
    assert not client.alive


def test_an_engine_that_cannot_start_is_told_with_its_last_line(fake_client):
    with pytest.raises(EngineError) as caught:
        fake_client("no_start").start()
    assert caught.value.code == "engine.not_started"
    assert "shapely" in caught.value.values["reason"]


def test_an_engine_that_never_greets_is_given_up(fake_client):
    client = fake_client("silent", start_timeout=0.5)
    with pytest.raises(EngineError) as caught:
        client.start()
    assert caught.value.code == "engine.no_greeting"
    assert not client.alive


def test_an_interpreter_that_is_not_there_is_told():
    with pytest.raises(EngineError) as caught:
        EngineClient("/no/such/python").start()
    assert caught.value.code == "engine.not_started"


def test_close_ends_the_process_in_good_order(fake_client, journal):
    client = fake_client()
    client.call(Health())
    client.close()
    assert not client.alive
    assert journal()[-1][1] == "end"


def test_close_kills_an_engine_that_does_not_end(fake_client):
    client = fake_client("deaf")
    client.start()
    client.close(timeout=0.3)
    assert not client.alive


def test_calls_of_several_threads_get_their_own_answers(fake_client):
    client = fake_client()
    found = {}

    def work(number):
        path = f"/tmp/echo{number}"
        found[number] = client.call(OpenStore(path))["request"]["params"]["path"] == path

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == dict.fromkeys(range(16), True)
