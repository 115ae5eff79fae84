# SPDX-License-Identifier: GPL-2.0-or-later
"""How often the scan finds planted clusters and calls chance one: 200 cities by lot each (make soak ONLY=scan)."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.stats import binom

from digital_citymgmt_plugin.core.hotspots import scan as s
from tests.core.test_scan import planted, run

CITIES = 200
pytestmark = pytest.mark.soak


@pytest.mark.parametrize("model", s.MODELS)
@pytest.mark.parametrize("relative", [1.0, 2.0, 3.0, 4.0])
def test_power_and_false_alarms(model, relative, capsys):
    draw, certain, cells, days = np.random.default_rng(int(relative * 100)), 0, [], []
    for number in range(CITIES):
        xy, counts, block = planted(draw, relative)
        first = run(xy, counts, model, 99, number).clusters[0]
        certain += first.p <= 0.05
        if first.p <= 0.05 and relative > 1:
            found = set(first.cells.tolist())
            cells.append((len(found & block) / len(block), len(found & block) / len(found)))
            days.append(len({5, 6, 7} & set(range(first.first, first.last + 1))) / 3)
    share = certain / CITIES
    with capsys.disabled():
        more = ""
        if cells:
            recall, precision = np.mean(cells, axis=0)
            more = f"; cells recall {recall:.2f}, precision {precision:.2f}; weeks {np.mean(days):.2f}"
        sys.stdout.write(f"\n[scan] {model}, {relative:g} times: p <= 0.05 in {share:.3f} of {CITIES} cities{more}\n")
    if relative == 1:
        assert certain <= binom.ppf(0.999, CITIES, 0.05)
    elif relative >= 4:
        assert share >= 0.95
