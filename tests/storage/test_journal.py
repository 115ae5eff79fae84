# SPDX-License-Identifier: GPL-2.0-or-later
"""What the undo journal keeps can be read again, however large or odd the values are."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from digital_citymgmt_plugin.storage import journal
from digital_citymgmt_plugin.storage.journal import Journal, entries

ROWS = 500


@pytest.fixture
def connection():
    made = sqlite3.connect(":memory:")
    made.execute("CREATE TABLE place (fid INTEGER PRIMARY KEY, name TEXT, geom BLOB, size REAL)")
    made.execute(
        "CREATE TABLE undo_journal (fid INTEGER PRIMARY KEY, operation_uuid TEXT, table_name TEXT, kind TEXT, "
        "first_fid INTEGER, last_fid INTEGER, size INTEGER, old BLOB)"
    )
    rows = [(fid, f"井盖{fid}", bytes([fid % 256]) * (fid % 90), fid / 7) for fid in range(1, ROWS + 1)]
    made.executemany("INSERT INTO place VALUES (?, ?, ?, ?)", rows)
    yield made
    made.close()


def kept(connection):
    """Return the rows that the journal holds, put together again, and the number of parts."""
    rows, parts = [], 0
    for entry in entries(connection, "u"):
        rows += zip(entry.fids(), *entry.columns.values())
        assert entry.size == len(entry.fids())
        parts += 1
    return rows, parts


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("most", [1, 1000, 1 << 26])
def test_rows_too_large_for_one_part_are_cut_and_come_back_all(connection, monkeypatch, every, most):
    monkeypatch.setattr(journal, "_PART_BYTES", most)
    Journal(connection, "u").before_delete("place", np.arange(1, ROWS + 1, every))
    rows, parts = kept(connection)
    assert rows == connection.execute("SELECT * FROM place WHERE (fid - 1) % ? = 0", (every,)).fetchall()
    assert parts == len(rows) if most == 1 else (parts > 2) == (most == 1000)


def test_no_part_is_larger_than_what_is_read_again(connection, monkeypatch):
    monkeypatch.setattr(journal, "_PART_BYTES", 2000)
    monkeypatch.setattr(journal, "_MOST", 6000)  # numbers and the names of columns come on top
    Journal(connection, "u").before_delete("place", np.arange(1, ROWS + 1))
    assert len(kept(connection)[0]) == ROWS


def test_half_a_character_is_kept_as_it_is():
    value = {"old": {"name": ["\ud800 井", "\udfff"], "geom": [b"\0\xff", None]}}
    assert journal._unpack(journal._pack(value)) == value
