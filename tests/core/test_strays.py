# SPDX-License-Identifier: GPL-2.0-or-later
"""What lies far from the rest of a drawing is set apart, in bounded time whatever the drawing is."""

from __future__ import annotations

import time

import numpy as np
import pytest

from digital_citymgmt_plugin.core.basemap.strays import find_strays

RANDOM = np.random.default_rng(4)
MAP = RANDOM.random((500, 2)) * 3_000 + 400_000


def test_what_lies_far_is_set_apart_and_what_leads_there_is_not():
    near = MAP[:20] + np.array([0, 9_000])  # 9 km: a village of the same city
    beyond = MAP[:20] + np.array([0, 18_000])  # near the village only
    origin, far = RANDOM.random((30, 2)) * 100, MAP[:5] + np.array([500_000, 0])
    lost = np.array([[np.nan, 1.0], [np.inf, 1.0]])
    xy = np.concatenate([MAP, near, beyond, origin, far, lost])
    assert find_strays(xy).tolist() == [False] * 540 + [True] * 37


def test_more_than_half_is_never_set_apart():
    assert not find_strays(np.concatenate([MAP[:10], RANDOM.random((30, 2)) * 5e8])).any()


@pytest.mark.parametrize("step", [5_000.0, 50_000.0])
def test_thousands_of_heaps_end_soon(step):
    """Each group was compared with each: a drawing of points all over the earth never ended."""
    side = np.arange(150) * step
    xy = np.column_stack([axis.ravel() for axis in np.meshgrid(side, side)])
    began = time.perf_counter()
    assert not find_strays(xy).any()
    assert time.perf_counter() - began < 10
