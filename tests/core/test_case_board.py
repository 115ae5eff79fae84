# SPDX-License-Identifier: GPL-2.0-or-later
"""Boards of cases against plain lists: filters, sorts, search, changes."""

from __future__ import annotations

import numpy as np
import pytest

from digital_citymgmt_plugin.core.cases import queues
from digital_citymgmt_plugin.core.cases.board import (
    AMBER,
    CODED,
    MOMENTS,
    NUMBERS,
    PLACED,
    SORTS,
    TEXTS,
    Board,
    sort_keys,
)
from digital_citymgmt_plugin.core.cases.near import bearing, sees
from digital_citymgmt_plugin.core.cases.stages import STAGES
from digital_citymgmt_plugin.core.requests_dispatch import CaseFilter

NOW = np.datetime64("2026-03-05T02:00:00.000", "ms")
ANY = (np.datetime64("NaT", "ms"), np.datetime64("NaT", "ms"))


def made(rng, count):
    """Cases by lot, as rows."""
    rows = []
    for _ in range(count):
        row = {name: rng.choice(["", "01", "0102", "02", "华山路"]) for name in CODED}
        row["stage"] = rng.choice(list(STAGES))
        for name in (*MOMENTS, AMBER):
            hour = int(rng.integers(-50, 50))
            row[name] = np.datetime64("NaT", "ms") if rng.random() < 0.2 else NOW + np.timedelta64(hour, "h")
        for name in NUMBERS:
            row[name] = int(rng.integers(0, 3))
        row[PLACED] = bool(rng.random() < 0.8)
        for name in TEXTS:
            row[name] = "".join(rng.choice(list("ab路号1ßA\n 中𠮷"), int(rng.integers(0, 6))))
        rows.append(row)
    return rows


def as_columns(rows):
    columns = {}
    for name in (*CODED, *TEXTS):
        columns[name] = np.array([row[name] for row in rows] or [""], dtype=object)[: len(rows)]
    for name in (*MOMENTS, AMBER):
        columns[name] = np.array([row[name] for row in rows], dtype="datetime64[ms]")
    for name in NUMBERS:
        columns[name] = np.array([row[name] for row in rows], dtype=np.int64)
    columns[PLACED] = np.array([row[PLACED] for row in rows], dtype=bool)
    return columns


def board_of(rows, part=7):
    board = Board()
    fids = sorted(rows)
    for start in range(0, len(fids), part):
        some = fids[start : start + part]
        board.add(np.array(some, dtype=np.int64), as_columns([rows[fid] for fid in some]))
    board.seal()
    return board


def plain_key(row, name):
    value = row[name]
    if name in MOMENTS:
        return (np.isnat(value), 0 if np.isnat(value) else int(value.astype(np.int64)))
    if name in TEXTS:
        value = "".join(min(sign, "\uffff") for sign in value)
    return (value == "" if isinstance(value, str) else False, value)


def test_boards_sort_as_lists_do():
    rows = dict(enumerate(made(np.random.default_rng(1), 80), start=3))
    board = board_of(rows)
    for name in SORTS:
        some = [fid for fid in rows if fid % 9]
        for subset in (sorted(rows), some, some[:4]):
            at = board.rows_of(np.array(subset, dtype=np.int64))
            up = board.fids[board.ordered(at, name, descending=False)].tolist()
            assert up == sorted(subset, key=lambda fid, name=name: (*plain_key(rows[fid], name), fid))
            down = board.fids[board.ordered(at, name, descending=True)].tolist()
            keys = [plain_key(rows[fid], name) for fid in down]
            known = [key[1] for key in keys if not key[0]]
            assert sorted(down) == sorted(subset)
            assert known == sorted(known, reverse=True)
            assert not any(early[0] and not late[0] for early, late in zip(keys, keys[1:]))


def test_orders_made_in_steps_are_those_made_at_once():
    rows = dict(enumerate(made(np.random.default_rng(2), 50)))
    board, other = board_of(rows), board_of(rows)
    for name in ("case_no", "address"):
        list(board.sort_steps(name))
        every = np.arange(len(board))
        left, right = (one.ordered(every, name, descending=False) for one in (board, other))
        assert left.tolist() == right.tolist()


def test_boards_that_were_changed_are_those_of_the_changed_cases():
    rng = np.random.default_rng(3)
    rows = dict(enumerate(made(rng, 60), start=1))
    board = board_of(rows)
    for step in range(20):
        fids = sorted({int(fid) for fid in rng.integers(1, 90, 5)})
        fresh = dict(zip(fids, made(rng, len(fids))))
        gone = [int(fid) for fid in rng.choice(sorted(rows), 2) if int(fid) not in fresh]
        board.apply(np.array(fids, dtype=np.int64), as_columns(list(fresh.values())), np.array(gone, dtype=np.int64))
        rows.update(fresh)
        for fid in gone:
            rows.pop(fid, None)
        again = board_of(dict(sorted(rows.items())))
        assert board.fids.tolist() == again.fids.tolist()
        for word in ("a", "路", "A 1", "𠮷"):
            assert board.find(word).tolist() == again.find(word).tolist(), (step, word)
        every = np.arange(len(board))
        for name in ("case_no", "dept_code", "due_at"):
            assert (
                board.ordered(every, name, descending=False).tolist()
                == again.ordered(every, name, descending=False).tolist()
            )
        assert queues.counts(board, NOW) == queues.counts(again, NOW)


def test_words_are_found_as_in_plain_text():
    rows = dict(enumerate(made(np.random.default_rng(4), 90)))
    board = board_of(rows)
    for word in ("a", "b", "路", "ss", "ß", "1号", "中 a", "\ta", "𠮷"):
        texts = {fid: "\t".join(row[name] for name in TEXTS).casefold().replace("\n", " ") for fid, row in rows.items()}
        wanted = [all(part in texts[fid] for part in word.casefold().split()) for fid in rows]
        assert board.find(word).tolist() == wanted, word


def test_queues_hold_what_their_names_say():
    rows = dict(enumerate(made(np.random.default_rng(5), 200)))
    board = board_of(rows)
    ended = {"closed", "void"}

    def standing(queue):
        return {int(fid) for fid in board.fids[queues.in_queue(board, queue, NOW)]}

    going = {fid for fid, row in rows.items() if row["stage"] not in ended}
    assert standing("open") == going and standing("all") == set(rows)
    clock = {fid for fid in going if not rows[fid]["parked"] and not np.isnat(rows[fid]["due_at"])}
    late = {fid for fid in clock if rows[fid]["due_at"] < NOW}
    assert standing("overdue") == late
    assert standing("near_due") == {
        fid for fid in clock - late if not np.isnat(rows[fid][AMBER]) and rows[fid][AMBER] <= NOW
    }
    assert standing("to_dispatch") == {fid for fid, row in rows.items() if row["stage"] == "dispatch"}
    assert standing("returned_twice") == {fid for fid in going if rows[fid]["returns"] >= 2}
    assert standing("unplaced") == {fid for fid in going if not rows[fid][PLACED]}
    parked = {fid for fid in going if rows[fid]["parked"]}
    assert standing("parked_review") == {
        fid for fid in parked if np.isnat(rows[fid]["parked_until"]) or rows[fid]["parked_until"] <= NOW
    }
    with pytest.raises(KeyError):
        standing("nothing of the kind")


def test_filters_take_what_meets_all_of_them():
    rows = dict(enumerate(made(np.random.default_rng(6), 300)))
    board = board_of(rows)
    day = np.timedelta64(24, "h")
    for asked, days, wanted in (
        (CaseFilter(queue="all", classes=["01"]), ANY, lambda row: row["class_code"].startswith("01")),
        (CaseFilter(queue="all", classes=[""]), ANY, lambda row: not row["class_code"]),
        (CaseFilter(queue="all", departments=["02", ""]), ANY, lambda row: row["dept_code"] in ("02", "")),
        (CaseFilter(queue="all", departments=["no such"]), ANY, lambda row: False),
        (CaseFilter(queue="all", areas=["01"]), ANY,
         lambda row: "01" in (row["street_code"], row["community_code"], row["grid_code"])),
        (CaseFilter(queue="all", fids=[3, 9, 5_000]), ANY, None),
        (CaseFilter(queue="all"), (NOW - day, NOW + day),
         lambda row: not np.isnat(row["reported_at"]) and NOW - day <= row["reported_at"] < NOW + day),
        (CaseFilter(queue="open", lamps=["red"], kinds=["01"]), ANY,
         lambda row: row["kind"] == "01" and row["stage"] not in ("closed", "void") and not row["parked"]
         and row["due_at"] < NOW),
    ):  # fmt: skip
        found = board.fids[queues.chosen(board, asked, NOW, days, [])].tolist()
        assert found == ([3, 9] if wanted is None else [fid for fid, row in rows.items() if wanted(row)])


def test_an_empty_board_answers():
    board = board_of({})
    assert len(board) == 0 and not board.find("a").size
    assert set(queues.counts(board, NOW).values()) == {0}
    assert board.ordered(np.arange(0), "case_no", descending=True).size == 0


def test_keys_of_texts_sort_as_texts():
    texts = ["", "a", "ab", "华山路1号", "华山路10号", "Z", "é"]
    keys = [tuple(key) for key in sort_keys(texts, 8).tolist()]
    assert sorted(range(len(texts)), key=lambda at: keys[at]) == sorted(range(len(texts)), key=lambda at: texts[at])


@pytest.mark.parametrize(
    ("direction", "angle", "reach", "place", "wanted"),
    [
        (None, None, None, (0, 50), None),
        (None, None, 60.0, (0, 50), True),
        (None, None, 40.0, (0, 50), False),
        (0.0, 60.0, 60.0, (0, 50), True),
        (0.0, 60.0, 60.0, (50, 0), False),
        (350.0, 40.0, None, (5, 50), True),
        (90.0, 360.0, None, (-50, 0), True),
        (90.0, None, None, (50, 10), True),
        (270.0, 0.0, None, (50, 10), False),
    ],
)
def test_cameras_see_by_reach_direction_and_angle(direction, angle, reach, place, wanted):
    distance = float(np.hypot(*place))
    assert sees(distance, bearing(0, 0, *place), direction, angle, reach) is wanted
