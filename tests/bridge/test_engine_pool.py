# SPDX-License-Identifier: GPL-2.0-or-later
"""One engine per store, shared, counted, restarted."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from digital_citymgmt_plugin.bridge.engine_client import NotRunning
from digital_citymgmt_plugin.bridge.engine_pool import EnginePool, normalised
from digital_citymgmt_plugin.core.errors import EngineError, InputRefused
from digital_citymgmt_plugin.core.requests import DraftGrids, Health, Layer, OpenStore


@pytest.fixture
def pool(fake_client):
    made = EnginePool(fake_client)
    yield made
    made.shutdown(timeout=1)


def _calls(journal):
    return [text for _, text in journal()]


def test_the_store_is_opened_once_and_the_engine_ends_with_the_last_lease(pool, journal, tmp_path):
    store = str(tmp_path / "city.gpkg")
    with pool.lease(store) as outer:
        with pool.lease(store) as inner:
            assert inner.call(Health())["pid"] == outer.call(Health())["pid"]
        assert "end" not in _calls(journal)
    assert _calls(journal) == ["start", "open_store city", "health ", "health ", "end"]


def test_one_store_under_two_spellings_has_one_engine(pool, tmp_path):
    (tmp_path / "sub").mkdir()
    link = tmp_path / "链接.gpkg"
    link.symlink_to(tmp_path / "city.gpkg")
    spellings = [tmp_path / "city.gpkg", tmp_path / "sub" / ".." / "city.gpkg", link]
    assert len({normalised(str(path)) for path in spellings}) == 1
    with pool.lease(str(spellings[0])) as first, pool.lease(str(spellings[2])) as second:
        assert first.call(Health())["pid"] == second.call(Health())["pid"]


def test_two_stores_have_two_engines(pool):
    with pool.lease("/tmp/a.gpkg") as first, pool.lease("/tmp/b.gpkg") as second:
        assert first.call(Health())["pid"] != second.call(Health())["pid"]


def test_work_without_a_store_opens_none(pool, journal):
    with pool.lease() as engine:
        engine.call(DraftGrids(Layer("/tmp/a.shp"), "/tmp/o.gpkg", []))
    assert not any("open_store" in text for text in _calls(journal))


def test_a_held_store_stays_open_between_leases(pool, journal):
    held = pool.hold("/tmp/city.gpkg")
    pid = held.opened["pid"]
    with pool.lease("/tmp/city.gpkg") as engine:
        assert engine.call(Health())["pid"] == pid
    assert pool.hold("/tmp/city.gpkg") is held
    assert held.call(Health())["pid"] == pid
    pool.release("/tmp/city.gpkg", wait=True)
    assert _calls(journal)[-1] == "end"
    assert pool.held() == []


def test_after_a_crash_the_next_call_restarts_reopens_and_says_so_once(pool, journal):
    told = []
    pool.on_restart = told.append
    held = pool.hold("/tmp/city.gpkg")
    first = held.call(Health())["pid"]
    with pytest.raises(EngineError) as caught:
        held.call(OpenStore("crash"))
    assert caught.value.code == "engine.died"
    assert held.call(Health())["pid"] != first
    held.call(Health())
    assert told == [normalised("/tmp/city.gpkg")]
    assert [text for text in _calls(journal) if text.startswith(("start", "open_store city"))] == [
        "start", "open_store city", "start", "open_store city"
    ]  # fmt: skip


def test_an_engine_killed_while_idle_is_restarted_at_the_next_call(pool):
    held = pool.hold("/tmp/city.gpkg")
    pid = held.call(Health())["pid"]
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.3)
    assert held.call(Health())["pid"] != pid


@pytest.mark.parametrize("noticed", [True, False])
def test_an_engine_that_dies_before_it_takes_a_request_gets_its_store_again(pool, journal, monkeypatch, noticed):
    held = pool.hold("/tmp/city.gpkg")
    real, killed = pool.ready, []

    def ready_then_dead(entry, open_store):
        client, pid = real(entry, open_store)
        if not killed:
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)
            while noticed and client.alive:
                time.sleep(0.01)
        return client, pid

    monkeypatch.setattr(pool, "ready", ready_then_dead)
    try:
        assert held.call(Health())["pid"] != killed[0]
    except EngineError as error:  # taken by a pipe whose reader was dying: not repeated
        assert not noticed and error.code == "engine.died"
        held.call(Health())
    assert [text for text in _calls(journal) if text != "health "] == ["start", "open_store city"] * 2


def test_a_request_is_not_sent_to_an_engine_started_meanwhile(pool):
    held = pool.hold("/tmp/city.gpkg")
    client, pid = pool.ready(held._entry, True)
    os.kill(pid, signal.SIGKILL)
    while client.alive:
        time.sleep(0.01)
    client.start()  # by another thread, which has not opened the store yet
    with pytest.raises(NotRunning):
        client.call(Health(), pid=pid)
    assert client.pid != pid


def test_a_lease_after_the_last_one_is_a_fresh_start_and_no_restart(pool):
    told = []
    pool.on_restart = told.append
    for _ in range(2):
        with pool.lease("/tmp/city.gpkg") as engine:
            engine.call(Health())
    assert told == []


def test_a_store_that_does_not_open_leaves_no_engine_behind(pool, journal):
    with pytest.raises(InputRefused), pool.lease("/tmp/refuse.gpkg"):
        pass
    with pytest.raises(InputRefused):
        pool.hold("/tmp/refuse.gpkg")
    assert _calls(journal).count("start") == _calls(journal).count("end") == 2
    assert pool.held() == []


@pytest.mark.parametrize("path", ["postgresql://u:secret@h/db", "  postgres://h/db"])
def test_a_database_is_refused_for_now_and_its_password_not_repeated(pool, path):
    with pytest.raises(InputRefused) as caught, pool.lease(path):
        pass
    assert caught.value.code == "store.postgres_later"
    assert "secret" not in str(caught.value)


def test_an_empty_path_is_refused(pool):
    with pytest.raises(InputRefused) as caught, pool.lease("  "):
        pass
    assert caught.value.code == "store.no_path"


def test_many_threads_share_one_engine(pool, journal):
    pids, errors = set(), []

    def work():
        try:
            with pool.lease("/tmp/city.gpkg") as engine:
                pids.add(engine.call(Health())["pid"])
                time.sleep(0.2)
        except Exception as error:
            errors.append(error)

    with pool.lease("/tmp/city.gpkg"):
        threads = [threading.Thread(target=work) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert errors == []
    assert len(pids) == 1
    assert _calls(journal).count("open_store city") == 1


def test_shutdown_ends_all_engines_and_the_calls_in_them(pool, journal):
    failed = []
    pool.hold("/tmp/a.gpkg")

    def work():
        try:
            with pool.lease("/tmp/b.gpkg") as engine:
                engine.call(OpenStore("slow"))
        except EngineError as error:
            failed.append(error.code)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(1)
    pool.shutdown(timeout=2)
    thread.join(10)
    assert failed == ["engine.died"]
    assert _calls(journal).count("start") == _calls(journal).count("end") == 2
