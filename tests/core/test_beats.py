# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats: connected, even, few hands; against all divisions of tiny ground; locked, apart, stopped."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.beat_ground import Ground, ground_of
from digital_citymgmt_plugin.core.grids.beat_state import State, Terms
from digital_citymgmt_plugin.core.grids.beats import BeatDraft, BeatOptions, draft_beats


def board(columns: int, rows: int, holes: tuple[tuple[int, int], ...] = ()) -> Ground:
    """Return a board of squares of 100 m."""
    squares = [
        shapely.box(x * 100, y * 100, x * 100 + 100, y * 100 + 100)
        for y in range(rows) for x in range(columns) if (x, y) not in holes
    ]  # fmt: skip
    return ground_of(np.array(squares, dtype=object))


def connected(ground: Ground, label: list[int], count: int) -> bool:
    """Tell, by a walk of its own, whether each beat is one piece and none is empty."""
    for beat in range(count):
        members = {grid for grid, of in enumerate(label) if of == beat}
        if not members:
            return False
        seen: set[int] = set()
        todo = [min(members)]
        while todo:
            grid = todo.pop()
            if grid not in seen:
                seen.add(grid)
                todo += [other for other, _ in ground.near[grid] if other in members]
        if seen != members:
            return False
    return True


def uneven(loads: np.ndarray, label: np.ndarray, count: int) -> float:
    sums = np.bincount(label, weights=loads, minlength=count)
    return float(np.abs(sums / (loads.sum() / count) - 1).max())


def holds(ground: Ground, loads: np.ndarray, count: int, draft: BeatDraft) -> None:
    """Assert that a draft is what it says."""
    assert connected(ground, draft.beat.tolist(), count)
    assert draft.uneven == pytest.approx(uneven(loads, draft.beat, count))
    assert np.bincount(draft.beat, weights=loads, minlength=count) == pytest.approx(draft.load)


def test_corners_are_no_neighbours_and_slack_is_bridged_over() -> None:
    ground = board(2, 2)
    assert [len(row) for row in ground.near] == [2, 2, 2, 2]
    assert ground.near[0][0] == (1, pytest.approx(100, abs=1))
    apart = ground_of(np.array([shapely.box(0, 0, 9, 9), shapely.box(9.1, 0, 20, 9)], dtype=object))
    assert apart.bridges == []  # a gap of 0.1 m is a fault of drawing, not a river


def test_ground_apart_hangs_on_the_shortest_bridge() -> None:
    shapes = [shapely.box(west, 0, west + 10, 10) for west in (0, 10, 60, 90)]
    ground = ground_of(np.array(shapes, dtype=object))
    assert ground.bridges == [(1, 2, 40.0), (2, 3, 20.0)]
    assert ground.part.tolist() == [0, 0, 1, 2]
    draft = draft_beats(ground, np.ones(4), 2)
    assert sorted(np.bincount(draft.beat)) == [2, 2]
    assert [code for code, _ in draft.notes] == ["beats.apart", "beats.over_gap"]
    assert draft.notes[0][1] == {"count": 3, "gap": 40.0}


@pytest.mark.parametrize("seed", range(12))
def test_tiny_ground_is_divided_as_well_as_it_can_be(seed: int) -> None:
    rng = random.Random(seed)
    ground = board(3, 3, ((rng.randrange(3), rng.randrange(3)),) if seed % 2 else ())
    size, count = len(ground.near), rng.choice((2, 3))
    loads = np.array([float(rng.randint(1, 9)) for _ in range(size)])
    draft = draft_beats(ground, loads, count, BeatOptions(tolerance=0.0, seed=seed))
    holds(ground, loads, count, draft)
    best = min(
        uneven(loads, np.array(label), count)
        for label in itertools.product(range(count), repeat=size) if connected(ground, list(label), count)
    )  # fmt: skip
    assert draft.uneven == pytest.approx(best)


@pytest.mark.parametrize("seed", range(8))
def test_fewest_hands_on_tiny_ground(seed: int) -> None:
    rng = random.Random(100 + seed)
    ground = board(4, 2)
    size, count = len(ground.near), 2
    loads = np.array([float(rng.randint(2, 9)) for _ in range(size)])
    every = [np.array(label) for label in itertools.product(range(count), repeat=size)]
    whole = [label for label in every if connected(ground, label.tolist(), count)]
    start = whole[rng.randrange(len(whole))]
    least = min(uneven(loads, label, count) for label in whole)
    even = [label for label in whole if uneven(loads, label, count) <= max(0.1, least) + 1e-9]
    fewest = min(int((label != start).sum()) for label in even)
    draft = draft_beats(ground, loads, count, BeatOptions(tolerance=max(0.1, least), start=start, seed=seed))
    holds(ground, loads, count, draft)
    assert draft.moved == int((draft.beat != start).sum()) == fewest
    bound = max(0, fewest - 1)
    near = [label for label in whole if (label != start).sum() <= bound]
    options = BeatOptions(tolerance=max(0.1, least), start=start, moves=bound, seed=seed)
    draft = draft_beats(ground, loads, count, options)
    assert draft.moved <= bound
    assert max(draft.uneven, 0.1, least) == pytest.approx(
        max(0.1, least, min(uneven(loads, label, count) for label in near))
    )


@pytest.mark.parametrize("seed", range(5))
def test_any_board_is_divided_into_whole_even_beats(seed: int) -> None:
    rng = random.Random(seed)
    columns, rows = rng.randint(6, 12), rng.randint(6, 12)
    holes = tuple({(rng.randrange(columns), rng.randrange(rows)) for _ in range(rng.randrange(12))})
    ground = board(columns, rows, holes)
    size = len(ground.near)
    loads = np.array([rng.uniform(0.5, 1.5) for _ in range(size)])
    count = rng.randint(2, 6)
    draft = draft_beats(ground, loads, count, BeatOptions(seed=seed))
    holds(ground, loads, count, draft)
    assert draft.uneven <= 0.05
    again = draft_beats(ground, loads, count, BeatOptions(seed=seed))
    assert again.beat.tolist() == draft.beat.tolist()
    changed = loads * np.array([rng.uniform(0.7, 1.3) for _ in range(size)])
    moved = draft_beats(ground, changed, count, BeatOptions(start=draft.beat, moves=4))
    holds(ground, changed, count, moved)
    assert moved.moved <= 4 and moved.uneven <= uneven(changed, draft.beat, count) + 1e-9


def test_even_beats_stay_as_they_are() -> None:
    ground, start = board(6, 6), np.repeat(np.arange(3), 12)
    draft = draft_beats(ground, np.ones(36), 3, BeatOptions(start=start))
    assert draft.moved == 0 and draft.beat.tolist() == start.tolist()


def test_more_and_fewer_beats_than_today() -> None:
    ground, start = board(6, 6), np.repeat(np.arange(3), 12)
    more = draft_beats(ground, np.ones(36), 4, BeatOptions(start=start))
    holds(ground, np.ones(36), 4, more)
    assert more.uneven <= 0.05 and 9 <= more.moved <= 12  # nine go to the new beat
    fewer = draft_beats(ground, np.ones(36), 2, BeatOptions(start=start))
    holds(ground, np.ones(36), 2, fewer)
    assert fewer.uneven <= 0.05 and 12 <= fewer.moved <= 14 and ("beats.dissolved", {"count": 1}) in fewer.notes
    short = draft_beats(ground, np.ones(36), 2, BeatOptions(start=start, moves=5))
    assert ("beats.moves_needed", {"count": 12, "moves": 5}) in short.notes


def test_grids_without_a_beat_get_one_and_do_not_count_as_moved() -> None:
    ground, start = board(6, 6), np.repeat(np.arange(3), 12)
    start[[0, 20, 35]] = -1
    draft = draft_beats(ground, np.ones(36), 3, BeatOptions(start=start, moves=0))
    assert draft.moved == 0 and draft.uneven == 0


def test_locked_beats_and_grids_stay() -> None:
    ground = board(6, 6)
    start = np.repeat(np.arange(3), 12)
    loads = np.ones(36)
    loads[:12] = 3.0
    draft = draft_beats(ground, loads, 3, BeatOptions(start=start, locked_beats=[0]))
    assert (draft.beat[:12] == 0).all() and (draft.beat[12:] != 0).all()
    assert draft.target == 12 and draft.uneven == 0  # even among those that are free
    loads = np.linspace(1, 3, 36)
    draft = draft_beats(ground, loads, 3, BeatOptions(start=start, locked_grids=[12, 13, 23]))
    assert draft.beat[[12, 13, 23]].tolist() == [1, 1, 1]
    with pytest.raises(InputRefused, match=r"beats\.locked"):
        draft_beats(ground, loads, 1, BeatOptions(start=start, locked_beats=[0, 1]))


def test_beats_in_pieces_are_mended_as_far_as_hands_reach() -> None:
    ground = board(6, 1)
    start = np.array([0, 1, 0, 1, 1, 1])
    draft = draft_beats(ground, np.ones(6), 2, BeatOptions(start=start, tolerance=0.4))
    assert connected(ground, draft.beat.tolist(), 2) and draft.moved == 1
    kept = draft_beats(ground, np.ones(6), 2, BeatOptions(start=start, moves=0))
    assert kept.moved == 0 and ("beats.pieces", {"count": 2, "beat": 0}) in kept.notes


def test_stopped_at_once_it_has_something_whole() -> None:
    ground, loads = board(12, 12), np.ones(144)
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    draft = draft_beats(ground, loads, 7, stop=stop)
    assert draft.stopped
    holds(ground, loads, 7, draft)


@pytest.mark.parametrize(("count", "loads", "code"), [(0, 1.0, "count"), (10, 1.0, "count"), (2, 0.0, "no_load")])
def test_refused(count: int, loads: float, code: str) -> None:
    with pytest.raises(InputRefused, match=rf"beats\.{code}"):
        draft_beats(board(3, 3), np.full(9, loads), count)


def test_a_grid_too_heavy_is_named() -> None:
    loads = np.ones(9)
    loads[4] = 20.0
    draft = draft_beats(board(3, 3), loads, 3)
    assert ("beats.heavy", {"count": 1, "grid": 4}) in draft.notes


def test_star_and_row_have_as_many_beats_as_grids() -> None:
    star = board(3, 3, ((0, 0), (2, 0), (0, 2), (2, 2)))
    for count in range(1, 6):
        holds(star, np.ones(5), count, draft_beats(star, np.ones(5), count))


def test_sums_kept_up_to_date_are_those_of_a_fresh_state() -> None:
    ground, rng = board(6, 6), random.Random(3)
    terms = Terms([rng.uniform(1, 2) for _ in range(36)], 3, 18.0, 0.05, [0] * 36, 36, [False] * 36, [False] * 3)
    state = State(ground, terms, [grid // 12 for grid in range(36)])
    for _ in range(300):
        grid = rng.randrange(36)
        taker = state.label[rng.choice(ground.near[grid])[0]]
        if taker != state.label[grid] and len(state.members[state.label[grid]]) > 1:
            before, change = sum(state.pieces), state.piece_change(grid, taker)
            state.give(grid, taker)
            assert sum(state.pieces) == before + change
    fresh = State(ground, terms, state.label)
    assert state.load == pytest.approx(fresh.load) and state.moved == fresh.moved
    assert state.cut == pytest.approx(fresh.cut) and state.pieces == fresh.pieces
