# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the kill tests: the town, the stores between the actions, and QGIS reading beside."""

from __future__ import annotations

import pytest

from tests.kill.bench import add_inputs
from tests.kill.reader import Reader
from tests.kill.stages import Stages
from tests.kill.town import make_town


@pytest.fixture(scope="session")
def town(tmp_path_factory):
    made = make_town(tmp_path_factory.mktemp("town"))
    add_inputs(made, symbols=2_000, photos=150)
    return made


@pytest.fixture(scope="session")
def stages(town, tmp_path_factory):
    """Give the store as it is before each action, made by an undisturbed run of all actions before it."""
    return Stages(town, tmp_path_factory.mktemp("stages"))


@pytest.fixture(scope="module")
def qgis_reader(tmp_path_factory):
    reader = Reader(tmp_path_factory.mktemp("reader"))
    yield reader
    reader.close()
