# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the tests of use cases."""

from __future__ import annotations

import pytest

from tests.services.cities import City
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
