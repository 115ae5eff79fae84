# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit trail as a file: every entry of the logs, of the period and kind asked for; whether the log is whole."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import sqlite3
from dataclasses import replace

import openpyxl
import pyogrio
import pytest

from digital_citymgmt_plugin.bridge.messages import SENTENCES
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.requests import ExportAudit, UndoOperation
from digital_citymgmt_plugin.services import audit
from digital_citymgmt_plugin.services.audit import COLUMNS, export_audit
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from tests.storage.rich_city import make_rich_city
from tests.support import NOW, Watcher, make_context

LOGS = {"operation": "operation", "change": "component_change", "lineage": "grid_lineage", "event": "case_event",
        "code": "code_register"}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_rich_city(tmp_path_factory.mktemp("audit"))


@pytest.fixture
def store(made, tmp_path):
    shutil.copy(made, tmp_path / "city.gpkg")
    with contextlib.closing(GpkgStore(str(tmp_path / "city.gpkg"), program="test", clock=lambda: NOW)) as opened:
        yield opened


def export(store, path, watcher=None, **options):
    return export_audit(make_context(store, watcher, SENTENCES), ExportAudit(str(path), **options))


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def sql(store, query):
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        return connection.execute(query).fetchall()


def test_every_entry_of_every_log_is_in_the_file(store, tmp_path):
    result = export(store, tmp_path / "audit.csv")
    rows = rows_of(tmp_path / "audit.csv")
    for what, table in LOGS.items():
        (count,) = sql(store, f"SELECT count(*) FROM {table}")[0]
        assert sum(row["what"] == what for row in rows) == count > 0
    assert sum(result["counts"].values()) == len(rows)
    assert result["chain"] == "whole"
    digests = [row["digest"] for row in rows if row["what"] == "operation"]
    assert digests == [row[0] for row in sql(store, "SELECT digest FROM operation ORDER BY fid")]
    changes = {(row["object"], row["field"], row["old"], row["new"]) for row in rows if row["what"] == "change"}
    stored = sql(store, "SELECT component_uuid, field, old, new FROM component_change WHERE field != 'geom'")
    assert changes >= {tuple(value or "" for value in row) for row in stored}


def test_steps_taken_back_stay_in_the_trail_and_say_so(store, tmp_path):
    (target,) = sql(store, "SELECT operation_uuid FROM grid_lineage ORDER BY fid DESC LIMIT 1")[0]
    (steps,) = sql(store, f"SELECT count(*) FROM grid_lineage WHERE operation_uuid = '{target}'")[0]
    undo = undo_operation(make_context(store), UndoOperation(target, "undo"))["operation"]
    export(store, tmp_path / "a.csv", kind="lineage")
    rows = rows_of(tmp_path / "a.csv")
    mine = [row for row in rows if row["operation"] == target]
    assert len(mine) == steps and {json.loads(row["reason"])["taken_back_by"] for row in mine} == {undo}
    back = [row for row in rows if row["operation"] == undo]
    assert len(back) >= steps and {(row["kind"], row["new"], row["reason"]) for row in back} == {
        ("undo_operation", "", "")
    }


def test_a_workbook_has_a_sheet_for_each_kind_and_says_that_the_chain_is_whole(store, tmp_path):
    export(store, tmp_path / "audit.xlsx")
    book = openpyxl.load_workbook(tmp_path / "audit.xlsx")
    assert len(book.sheetnames) == len(LOGS)
    for sheet, table in zip(book.worksheets, LOGS.values()):
        text = [cell.value for row in sheet.iter_rows(max_row=6) for cell in row if cell.value is not None]
        assert any("whole" in str(value) for value in text)
        (count,) = sql(store, f"SELECT count(*) FROM {table}")[0]
        assert sheet.max_row >= count + 2


def test_a_table_for_a_database(store, tmp_path):
    counts = export(store, tmp_path / "audit.gpkg")["counts"]
    frame = pyogrio.read_dataframe(tmp_path / "audit.gpkg", read_geometry=False)
    assert len(frame) == sum(counts.values())
    assert set(COLUMNS) <= set(frame.columns)


def test_a_kind_of_action_or_of_entry_can_be_asked_for(store, tmp_path):
    export(store, tmp_path / "a.csv", kind="adopt_grids")
    rows = rows_of(tmp_path / "a.csv")
    assert {row["kind"] for row in rows} == {"adopt_grids"}
    assert {row["what"] for row in rows} >= {"operation", "lineage", "code", "change"}
    export(store, tmp_path / "b.csv", kind="event")
    assert {row["what"] for row in rows_of(tmp_path / "b.csv")} == {"event"}
    counts = export(store, tmp_path / "c.csv", kind="nothing_of_the_kind")["counts"]
    assert set(counts.values()) == {0}


def test_a_period_is_by_days_of_the_city(store, tmp_path):
    everything = sum(export(store, tmp_path / "a.csv")["counts"].values())
    inside = export(store, tmp_path / "b.csv", from_date="2026-01-15", to_date="2026-01-15")["counts"]
    assert sum(inside.values()) == everything - _without_operation(tmp_path / "a.csv")
    after = export(store, tmp_path / "c.csv", from_date="2026-01-16")["counts"]
    before = export(store, tmp_path / "d.csv", to_date="2026-01-14")["counts"]
    assert sum(after.values()) + sum(before.values()) == _without_operation(tmp_path / "a.csv")
    with pytest.raises(InputRefused) as error:
        export(store, tmp_path / "e.csv", from_date="soon")
    assert error.value.code == "assess.date"


def _without_operation(path):
    return sum(not row["at"].startswith("2026-01-15") for row in rows_of(path))


def test_a_log_that_was_changed_is_said_to_be(store, tmp_path):
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        (name,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'dcm_operation_update'").fetchone()
        connection.execute("DROP TRIGGER dcm_operation_update")
        connection.execute("UPDATE operation SET counts = '{}' WHERE fid = 4")
        connection.execute(name)
        connection.commit()
    result = export(store, tmp_path / "audit.csv")
    assert result["chain"] == "broken"
    assert result["notes"][0]["code"] == "audit.broken"
    assert result["notes"][0]["values"]["fid"] == 4


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_value_that_looks_like_a_formula_stays_text(store, tmp_path, ending):
    evil = '=HYPERLINK("http://x","y")'
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        connection.execute(
            "INSERT INTO component_change (uuid, component_uuid, field, old, new) VALUES ('u', 'c', 'name', 'a', ?)",
            (evil,),
        )
        connection.commit()
    path = tmp_path / f"audit.{ending}"
    export(store, path, kind="change")
    if ending == "csv":
        assert [row["new"] for row in rows_of(path) if "HYPERLINK" in row["new"]] == ["'" + evil]
    else:
        cells = [cell for row in openpyxl.load_workbook(path).worksheets[1].iter_rows() for cell in row]
        assert [cell.data_type for cell in cells if "HYPERLINK" in str(cell.value)] == ["s"]


def test_cancelled_no_file_is_left(store, tmp_path):
    with pytest.raises(Cancelled):
        export(store, tmp_path / "audit.csv", Watcher(cancel_at=2))
    assert not (tmp_path / "audit.csv").exists()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_worksheet_that_is_too_long_is_refused_and_text_is_not(store, tmp_path, monkeypatch, ending):
    monkeypatch.setattr(audit, "BOOK_ROWS", 3)
    path = tmp_path / f"audit.{ending}"
    if ending == "csv":
        assert max(export(store, path)["counts"].values()) > 3
        return
    with pytest.raises(InputRefused) as error:
        export(store, path)
    assert (error.value.code, error.value.values["most"]) == ("audit.too_long", 3)
    assert list(tmp_path.glob("*audit*")) == []


class AsTheyCome:
    """Takes rows, and looks whether more were read than it took."""

    def __init__(self, read):
        self.read, self.taken = read, 0

    def write_rows(self, path, header, rows):
        for _row in rows:
            self.taken += 1
            assert len(self.read) == self.taken

    def write_workbook(self, path, sheets):
        for sheet in sheets:
            self.write_rows(path, sheet.header, sheet.rows)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_entries_are_written_one_by_one_as_they_are_read(store, monkeypatch, ending):
    read, made = [], audit._Trail._entry

    def entry(self, *given, **values):
        read.append(given[0])
        return made(self, *given, **values)

    monkeypatch.setattr(audit._Trail, "_entry", entry)
    files = AsTheyCome(read)
    context = replace(make_context(store, None, SENTENCES), files=files)
    counts = export_audit(context, ExportAudit(f"audit.{ending}"))["counts"]
    assert sum(counts.values()) == files.taken > 0


def test_a_period_that_ends_before_it_begins_is_refused(store, tmp_path):
    with pytest.raises(InputRefused) as error:
        export(store, tmp_path / "audit.csv", from_date="2026-02-01", to_date="2026-01-31")
    assert error.value.code == "audit.dates_reversed"
    export(store, tmp_path / "audit.csv", from_date="2026-02-01", to_date="2026-02-01")
