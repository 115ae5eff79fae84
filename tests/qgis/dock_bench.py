# SPDX-License-Identifier: GPL-2.0-or-later
"""A City dock with an engine that answers from a table, for the tests of the docks beside it."""

from __future__ import annotations

import time

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.city_dock import CityDock
from digital_citymgmt_plugin.gui.messages import Messages
from digital_citymgmt_plugin.gui.session import StoreSession
from tests.qgis.make_city import CRS, make_city
from tests.qgis.window import FakePool, Iface, Recent


class SeenPool(FakePool):
    """Remembers how it was asked."""

    def __init__(self, answers):
        super().__init__(answers)
        self.previews = []

    def call(self, request, *, preview=None, **options):
        self.previews.append((request.method, preview))
        return super().call(request, **options)

    def last(self, method):
        return [request for request in self.asked if request.method == method][-1]


class DockBench:
    """The City dock over ``city`` and an engine with ``answers`` by request; ``desks`` are ended with it."""

    PATIENCE = 50  # ms until what was asked for is under way

    def __init__(self, city, answers):
        health = {"path": city, "meta": {"county_name": "启东市", "crs": CRS}, "items": [], "tables": {}}
        self.pool = SeenPool({"health": health, **answers})
        self.iface = Iface()
        self.iface.window.show()
        self.controller = CityController(
            self.iface, CityDock(self.iface.window), StoreSession(self.pool), Messages(self.iface), Recent(), print
        )

        self.city, self.desks = city, []

    def add(self, dock, desk):
        self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self.desks.append(desk(self.controller, dock))
        return self.desks[-1]

    def open(self):
        QgsProject.instance().clear()
        self.controller.open_store(self.city)
        self.wait(lambda: self.controller.path and self.controller._loading is None)
        self.settle()

    def close(self):
        for desk in (*self.desks, self.controller):
            desk.shut()
        QTest.qWait(20)
        self.iface.window.close()
        QgsProject.instance().clear()

    def settle(self):
        QTest.qWait(self.PATIENCE)
        self.wait(lambda: not self.controller.link.busy)

    def wait(self, what, seconds=5.0):
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "waited in vain"
            QTest.qWait(10)


@pytest.fixture(scope="module")
def city(tmp_path_factory, qgis_app):
    """A small city's store, one for all tests of a file."""
    path = tmp_path_factory.mktemp("city") / "city.gpkg"
    make_city(str(path))
    return str(path)


def bench_of(kind):
    """Return the fixture that opens a bench of a kind over ``city`` and closes it."""

    @pytest.fixture
    def bench(city, qgis_app):
        opened = kind(city)
        opened.open()
        yield opened
        opened.close()

    return bench
