# SPDX-License-Identifier: GPL-2.0-or-later
"""A window like QGIS's with what the plugin asks of ``iface``, and an engine pool that answers at once."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from qgis.core import Qgis
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QMainWindow


class Iface(QObject):
    newProjectCreated = pyqtSignal()  # noqa: N815
    projectRead = pyqtSignal()  # noqa: N815

    def __init__(self):
        super().__init__()
        self.window = QMainWindow()
        self.window.resize(900, 700)
        self.canvas = QgsMapCanvas(self.window)
        self.window.setCentralWidget(self.canvas)
        self.bar = QgsMessageBar(self.window)
        self.window.menuBar().addMenu("&Help")
        self.active = None
        self.blockers = []

    def mainWindow(self):
        return self.window

    def mapCanvas(self):
        return self.canvas

    def messageBar(self):
        return self.bar

    def setActiveLayer(self, layer):
        self.active = layer

    def addToolBar(self, name):
        return self.window.addToolBar(name)

    def addDockWidget(self, area, dock):
        self.window.addDockWidget(area, dock)
        dock.show()

    def removeDockWidget(self, dock):
        self.window.removeDockWidget(dock)

    def registerApplicationExitBlocker(self, blocker):
        self.blockers.append(blocker)

    def unregisterApplicationExitBlocker(self, blocker):
        self.blockers.remove(blocker)

    def said(self):
        """The texts of the message bar."""
        return [item.text() for item in self.bar.items()]

    def warnings(self):
        return [item.text() for item in self.bar.items() if item.level() != Qgis.MessageLevel.Success]


class FakePool:
    """Answers by method name; ``gate`` holds the worker back until it is set."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
        self.threads = set()
        self.released = []
        self.on_restart = None
        self.gate = threading.Event()
        self.gate.set()
        self.was_cancelled = False

    def call(self, request, *, on_progress=None, is_cancelled=None, sentences=None):
        self.asked.append(request)
        self.threads.add(threading.current_thread().name)
        if on_progress is not None:
            on_progress(0.5, "", {})
        while not self.gate.wait(0.02):
            if is_cancelled is not None and is_cancelled():
                self.was_cancelled = True
                break
        answer = self.answers[request.method]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @contextmanager
    def lease(self, store_path=None, *, open_store=True):
        yield self

    path = ""
    opened: dict = {}  # noqa: RUF012  (nothing was counted while opening)

    def hold(self, store_path):
        return self

    def held(self):
        return []

    def release(self, store_path, *, wait=False):
        self.released.append(store_path)


class Recent:
    def __init__(self):
        self.paths = []

    def stores(self):
        return self.paths

    def add(self, path):
        self.paths.insert(0, path)
