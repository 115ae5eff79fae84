# SPDX-License-Identifier: GPL-2.0-or-later
"""The reading order of unit grids."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.numbering import number_cells

boxes = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2)),
    min_size=1,
    max_size=25,
    unique=True,
)


def build(rows):
    cells = np.array([shapely.box(x * 10, y * 10, (x + w) * 10, (y + h) * 10) for x, y, w, h, _ in rows], dtype=object)
    return cells, np.array([row[-1] for row in rows])


def test_a_regular_lattice_is_read_like_a_page():
    # Numbers as a reader would write them on paper, north up.
    page = [[1, 2, 3], [4, 5, 6]]
    cells = np.array([shapely.box(c, 1 - r, c + 1, 2 - r) for r in range(2) for c in range(3)], dtype=object)
    assert number_cells(cells, np.zeros(6)).tolist() == [*page[0], *page[1]]


def test_cells_shifted_by_less_than_half_a_height_stay_in_one_row():
    cells = np.array([shapely.box(0, 0, 100, 100), shapely.box(100, 40, 200, 140)], dtype=object)
    assert number_cells(cells, np.zeros(2)).tolist() == [1, 2]


def test_cells_shifted_by_more_than_half_a_height_stand_in_two_rows():
    cells = np.array([shapely.box(0, 0, 100, 100), shapely.box(100, 60, 200, 160)], dtype=object)
    assert number_cells(cells, np.zeros(2)).tolist() == [2, 1]


def test_numbers_restart_in_every_community():
    cells = np.array([shapely.box(c, 0, c + 1, 1) for c in range(4)], dtype=object)
    assert number_cells(cells, np.array(["b", "a", "b", "a"])).tolist() == [1, 1, 2, 2]


@given(boxes)
@settings(derandomize=True, max_examples=60, deadline=None)
def test_every_number_comes_once_in_each_community(rows):
    cells, group = build(rows)
    numbers = number_cells(cells, group)
    for value in np.unique(group):
        assert sorted(numbers[group == value]) == list(range(1, (group == value).sum() + 1))


@given(boxes, st.randoms(use_true_random=False))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_the_order_of_the_rows_does_not_matter(rows, random):
    cells, group = build(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    numbers = number_cells(cells, group)
    shuffled = number_cells(cells[order], group[order])
    # Cells that are equal in place may swap numbers: compare by geometry, community and number.
    assert sorted(zip(shapely.to_wkt(cells), group, numbers)) == sorted(
        zip(shapely.to_wkt(cells[order]), group[order], shuffled)
    )


@given(boxes, st.integers(-5_000_000, 5_000_000), st.integers(-5_000_000, 5_000_000))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_moving_the_whole_map_does_not_matter(rows, dx, dy):
    cells, group = build(rows)
    moved = shapely.transform(cells, lambda xy: xy + np.array([38_500_000 + dx, dy]))
    assert number_cells(moved, group).tolist() == number_cells(cells, group).tolist()


def test_a_start_vertex_elsewhere_does_not_matter():
    first = shapely.from_wkt("POLYGON ((0 0, 0 10, 10 10, 10 0, 0 0))")
    second = shapely.from_wkt("POLYGON ((20 0, 20 10, 30 10, 30 0, 20 0))")
    turned = shapely.from_wkt("POLYGON ((30 10, 20 10, 20 0, 30 0, 30 10))")
    group = np.zeros(2)
    assert (number_cells(np.array([first, second]), group) == number_cells(np.array([first, turned]), group)).all()


def test_no_cells_give_no_numbers():
    assert len(number_cells(np.array([], dtype=object), np.array([]))) == 0


def test_an_empty_cell_is_refused_with_its_row():
    with pytest.raises(InputRefused) as caught:
        number_cells(np.array([shapely.box(0, 0, 1, 1), None], dtype=object), np.zeros(2))
    assert caught.value.code == "grids.cell_empty" and caught.value.values == {"row": 2}
