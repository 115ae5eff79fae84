# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors planted at known places: each is named by its rule at its object, and hardly anything else is said."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from scripts.demo_city.__main__ import main as make_city
from scripts.plant_errors import plant
from scripts.planting.scoring import issues, score
from scripts.planting.stores import finished


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The smallest of the large demo cities, checked: its store, its components, its issues."""
    folder = tmp_path_factory.mktemp("demo")
    make_city(["--size", "tiny", "--out", str(folder / "data")])
    store = folder / "clean.gpkg"
    count = finished(folder / "data", store)
    return store, count, issues(store, sys.executable)


@pytest.mark.parametrize("seed", [2014, 7])
def test_every_planted_error_is_named_and_hardly_anything_else(demo, tmp_path, seed):
    store, count, clean = demo
    truth = plant(store, tmp_path / "planted.gpkg", 300, seed)
    assert len(truth) == 300 and len({one.kind for one in truth}) >= 50
    found = score(truth, clean, issues(tmp_path / "planted.gpkg", sys.executable))
    assert not found.missed, Counter((one.kind, one.rule) for one in found.missed)
    assert len(found.false) < 0.001 * count, Counter(rule for rule, _, _ in found.false)


def test_the_sound_census_gives_hardly_any_false_alarm(demo):
    _, count, clean = demo
    errors = [issue for issue in clean if issue[0] not in ON_PURPOSE]
    assert len(errors) < 0.001 * count, Counter(rule for rule, _, _ in errors)


# What the demo city truly has: its rows stand as they fall, and two may stand together.
ON_PURPOSE = {"component.near_double", "component.same_spot"}
