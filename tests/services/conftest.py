# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the tests of use cases."""

from __future__ import annotations

import pytest

from tests.services.cities import LID, City, point, squares
from tests.support import Watcher, new_store


@pytest.fixture
def city(tmp_path):
    """An empty city store."""
    store = new_store(tmp_path / "city.gpkg")
    yield City(store, tmp_path, Watcher())
    store.close()


@pytest.fixture
def town(city):
    """A city of two communities, each 1 km x 1 km, the second east of the first."""
    city.communities()
    return city


@pytest.fixture
def census(town):
    """A hundred sound lids in ten grids, ten metres apart."""
    town.adopt(squares(4, 2, 500.0))
    places = [point(55 + 190 * (n % 10), 45 + 90 * (n // 10)) for n in range(100)]
    count = len(places)
    path = town.layer(
        "lids.gpkg", places, "Point", CLASS=[LID] * count, NAME=["上水井盖"] * count, DEPTCODE1=["D05"] * count,
        STATE=["完好"] * count, ORDATE=["2014-05-01"] * count,
    )  # fmt: skip
    town.census(path, class_field="CLASS")
    town.code()
    return town
