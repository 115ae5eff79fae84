# SPDX-License-Identifier: GPL-2.0-or-later
"""The request loop: what a request leaves behind when it fails, and what others may change while it reads."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import get_type_hints

import pytest

from digital_citymgmt_plugin.core.ports import Sheet
from digital_citymgmt_plugin.core.requests import REQUESTS, Layer
from digital_citymgmt_plugin.engine import loop
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from tests.support import NOW

ROOT = Path(__file__).resolve().parents[2]

ELSEWHERE = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"


class Said:
    """A pipe that keeps what is sent."""

    def __init__(self) -> None:
        self.lines = []
        self.send = self.lines.append

    def is_cancelled(self, request_id) -> bool:
        return False


@pytest.fixture
def engine():
    made = loop.Engine(Said())
    yield made
    made.close()


def ask(engine, method, **params):
    engine._serve({"id": 1, "method": method, "params": params})
    return engine._pipe.lines[-1]


def fail(context, request=None):
    raise RuntimeError("broken")


def test_a_store_whose_health_cannot_be_told_is_not_left_open(engine, city, monkeypatch):
    monkeypatch.setattr(loop, "health", fail)
    assert ask(engine, "open_store", path=str(city))["error"]["code"] == "engine.unexpected"
    assert ask(engine, "health")["error"]["code"] == "engine.no_store"
    GpkgStore(str(city), program="another", clock=lambda: NOW).close()
    monkeypatch.undo()
    assert "result" in ask(engine, "open_store", path=str(city))


@pytest.mark.parametrize("method", sorted(loop.READING))
def test_a_request_that_reads_sees_one_moment_whatever_others_write(engine, city, monkeypatch, method):
    seen = []

    def use_case(context, request):
        for number in range(2):
            seen.append(context.need_store().count("meta"))
            insert = f"INSERT INTO meta (key, value) VALUES ('{number}', '')"
            subprocess.run([sys.executable, "-c", ELSEWHERE, str(city), insert], check=True)
        seen.append(context.need_store().count("meta"))
        return {}

    ask(engine, "open_store", path=str(city))
    before = engine._store.count("meta")
    monkeypatch.setitem(loop.SERVICES, method, use_case)
    kind = REQUESTS[method]
    hints, plain = get_type_hints(kind), {str: "x", int: 1, float: 1.0, Layer: {"path": "x"}}
    params = {
        one.name: [] if getattr(hints[one.name], "__origin__", None) is list else plain[hints[one.name]]
        for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING
    }  # fmt: skip
    assert "result" in ask(engine, method, **params)
    assert seen == [before] * 3
    assert engine._store.count("meta") == before + 2


def test_what_is_unexpected_after_a_commit_is_not_called_undone(engine, city, monkeypatch):
    def use_case(context, request):
        with context.need_store().action("test"):
            pass
        fail(context)

    ask(engine, "open_store", path=str(city))
    before = engine._store.count("operation")
    monkeypatch.setitem(loop.SERVICES, "assign_codes", use_case)
    assert ask(engine, "assign_codes")["error"]["code"] == "engine.unexpected"
    assert engine._store.count("operation") == before + 1
    assert "result" in ask(engine, "health")
    words = (ROOT / "digital_citymgmt_plugin/resources/i18n/sentences.tsv").read_text(encoding="utf-8")
    told = dict(line.split("\t")[:2] for line in words.splitlines() if line.startswith("engine."))
    assert "what had ended is kept" in told["engine.unexpected"]
    assert not [code for code, sentence in told.items() if "the store was left as it was" in sentence]


NEEDS = {
    "pyogrio": ("import_areas", {"input": {"path": "a.gpkg"}, "level": "street", "code_field": "a", "name_field": "b"}),
    "openpyxl": ("import_cases", {"input": {"path": "cases.xlsx"}}),
    "scipy": ("draft_grids", {"areas": {"path": "a.gpkg"}, "barriers": [], "output": "out.gpkg"}),
}


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_an_action_that_lacks_its_package_names_it_and_the_rest_works(bare_without, city, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.gpkg").write_bytes(city.read_bytes())
    CityFiles().write_workbook("cases.xlsx", [Sheet("s", ("案卷号",), [["1"]])])
    engine = bare_without(name)
    engine.ask(1, "open_store", {"path": str(city)})
    assert "result" in engine.answer(1)
    engine.ask(2, *NEEDS[name])
    error = engine.answer(2)["error"]
    assert error["code"] in ("engine.packages", "engine.packages_managed")
    assert error["values"]["packages"] == name
    assert name in error["values"]["command"]
    engine.ask(3, "verify_store")
    assert engine.answer(3)["result"]["counts"]["findings"] == 0
