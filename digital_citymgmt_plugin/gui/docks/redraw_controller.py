# SPDX-License-Identifier: GPL-2.0-or-later
"""What the *Redraw* dock does: a session in the engine, the pens on the map, live figures, undo and redo.

The engine holds the cells. Here is the list of the changes made, which makes the same session again in an engine that
had to be started anew, and what of it is drawn on the map.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qgis.core import Qgis, QgsCsException, QgsFeatureRequest, QgsGeometry, QgsPointXY
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QMessageBox

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import Request
from digital_citymgmt_plugin.core.requests_redraw import CloseRedraw, EditRedraw, ProbeRedraw, StepRedraw
from digital_citymgmt_plugin.gui.desk import Desk, OnAnswer
from digital_citymgmt_plugin.gui.dialogs.question import question, said_yes
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.redraw_dock import RedrawDock
from digital_citymgmt_plugin.gui.map_tools.overlay import SessionCells
from digital_citymgmt_plugin.gui.map_tools.pens import TOOLS
from digital_citymgmt_plugin.gui.models.redraw import judged_words, notes_words, rows_of, tr
from digital_citymgmt_plugin.gui.models.scenarios import conflicts_words
from digital_citymgmt_plugin.gui.redraw_courier import Courier, OnError
from digital_citymgmt_plugin.gui.redraw_opening import open_session
from digital_citymgmt_plugin.gui.redraw_pens import Pens

LOST = {"engine.died", "redraw.no_session"}  # the session is gone, the list of changes is not
SNAP = 2.0  # metres within which the engine joins a pen to corners and edges that are there


class RedrawController(Desk):
    """Wires the dock to pens and engine. Signal ``begun``: a session has begun."""

    dock: RedrawDock
    begun = pyqtSignal()

    def __init__(self, controller: CityController, dock: RedrawDock) -> None:
        super().__init__(controller, dock)
        canvas = controller.iface.mapCanvas()
        self.courier = Courier(controller.session.pool, self)
        self.pens = Pens(canvas, self)
        self.on_map = SessionCells(canvas)
        self.settings: dict[str, Any] = {}  # of ``OpenRedraw``, as the user wishes them
        self.box: QMessageBox | None = None
        self._mending = False
        self._kept: list[Any] = []  # the changes of a session that could not be made again
        self._again: EditRedraw | None = None  # the change in which the engine was lost
        self._forget()
        dock.begin_button.clicked.connect(lambda _=False: self.ask_end() if self.session else self.begin())
        dock.chosen.connect(self.take)
        dock.undo_button.clicked.connect(lambda _=False: self.step(back=True))
        dock.redo_button.clicked.connect(lambda _=False: self.step(back=False))
        dock.discard_button.clicked.connect(lambda _=False: self.ask_discard())
        dock.visibilityChanged.connect(lambda shown=False: self._shown() if shown else None)
        dock.closed.connect(lambda: self.take(""))  # no pen without its figures; the changes stay
        self.pens.taken.connect(dock.show_tool)
        self.pens.moved.connect(self.probe)
        self.pens.ended.connect(self.edit)
        self.pens.dropped.connect(self._dropped)
        self.pens.pressed.connect(self._pressed)
        self.pens.too_few.connect(lambda words: dock.say(tr(words) if words else ""))
        self.pens.same_cell = self._same_cell
        controller.store_opened.connect(self._store)
        controller.unwritten.tellers.append(self.would_lose)
        self._store(self.path)

    def _forget(self) -> None:
        self.session = ""
        self.entries: list[Any] = []
        self.undone: list[Any] = []
        self._under_way = 0  # changes sent and not answered yet
        self.scenario = ""

    # -- the session --------------------------------------------------------------------------------------------

    def _store(self, path: str) -> None:
        """Take note that another store is open, or none."""
        self._kept, self._again, self._mending = [], None, False
        self.pens.let_go()
        self.courier.forget()
        self._forget()
        self.on_map.clear()
        self.dock.show_no_store()
        if path:
            self._idle()

    def _shown(self) -> None:
        if self.path and not self.session:
            self._idle()

    def _idle(self) -> None:
        layer = layers.find_layer(self.path, "unit_grid", "current")
        there = layer is None or layer.featureCount() != 0  # the layers may be still on their way
        self.dock.status.setText(
            tr("Press “Begin” to redraw.") if there else tr("There are no unit grids yet: draft and adopt some first.")
        )
        self.dock.begin_button.setEnabled(there)
        self._allow()

    def _allow(self) -> None:
        self.dock.allow(session=bool(self.session), steps=len(self.entries), undone=len(self.undone))

    def begin(self, *, scenario: str = "", edits: Sequence[Any] = ()) -> None:
        """Have the engine read the grids; ``scenario`` or ``edits`` are done at once."""
        kept, self._kept = self._kept, []
        edits = edits or kept
        given = {"scenario": scenario} if scenario else {"edits": json.dumps(list(edits))} if edits else {}
        self.dock.begin_button.setEnabled(False)
        self.dock.status.setText(tr("Reading the grids…"))

        def failed(error: Exception) -> None:
            self._mending = False
            self._forget()
            self._kept = list(edits)  # nothing drawn is lost: “Begin” tries again with it
            self.on_map.clear()
            self._idle()
            self.controller.messages.show_error(error)

        open_session(self, self.settings, given, lambda answer: self._begun(answer, scenario), failed)

    def _begun(self, answer: dict[str, Any], scenario: str) -> None:
        again, self._again = self._again, None
        self._mending = False
        self._forget()
        self.session, self.scenario = str(answer["session"]), scenario
        self.go_on(answer)
        self.dock.begin_button.setEnabled(True)
        words = conflicts_words(answer.get("conflicts"))
        if words:
            told = tr("Some changes no longer fit the grids as they are now and were left out.")
            self.controller.messages.show(told, Qgis.MessageLevel.Warning, words)
        self.begun.emit()
        if again is not None:
            self._send(replace(again, session=self.session, seq=len(self.entries)))
        elif not self.pens.name():
            self.take(TOOLS[0].name)

    def go_on(self, answer: dict[str, Any]) -> None:
        """Show the session as an answer tells all of it: its cells and the changes that stand."""
        self.entries, self.undone = list(answer.get("entries") or []), []
        told, shapes = answer["cells"], answer.get("shapes") or {}
        self.on_map.verdicts = dict(zip(told["id"], told["verdict"]))
        corners = set(answer.get("corners") or ())  # nothing else about these has changed
        cells = rows_of(told, [key for key in shapes if key not in corners])
        self.on_map.start({"cells": cells, "shapes": shapes, "gone": []}, self.crs(), len(self.entries))
        self.dock.show_cells([])
        self.dock.say(notes_words(answer.get("notes")))
        self._say_status()
        self._allow()

    def written(self, answer: dict[str, Any]) -> None:
        """Take note that the changes are in the store: the session goes on from there, under the names given there."""
        self.entries, self.undone = [], []
        verdicts = self.on_map.verdicts
        for cell, now in (answer.get("renamed") or {}).items():
            if cell in verdicts and now.get("uuid"):
                verdicts[str(now["uuid"])] = verdicts.pop(cell)
        self.on_map.clear()
        self.dock.show_cells([])
        self.dock.say("")
        self._say_status()
        self._allow()

    def show_counts(
        self, words: str, request: Request, answer: dict[str, Any], done: OnAnswer, failed: OnError
    ) -> None:
        """Show the counts of a write and write when the user says so."""
        self._seen(words, request, answer, done, failed)

    def _say_status(self) -> None:
        words = tr("{grids} [grid|grids] ({judged}); {changes} [change|changes] not written")
        verdicts = self.on_map.verdicts
        judged = judged_words(list(verdicts.values()))
        self.dock.status.setText(counted(words, grids=len(verdicts), judged=judged, changes=len(self.entries)))

    def would_lose(self) -> str:
        """Return what is lost when the store is let go; "" when nothing is."""
        words = tr("Redraw: {count} [change|changes]; save them as a scenario or apply them.")
        count = len(self.entries or self._kept)
        return counted(words, count=count) if count else ""

    def ask_end(self) -> None:
        """End the session; asks when changes would be lost."""
        self.if_sure(tr("End without writing {count} [change|changes]?"), self.end)

    def ask_discard(self) -> None:
        """Give all changes up; asks first."""
        self.if_sure(tr("Give {count} [change|changes] up?"), self.discard)

    def if_sure(self, words: str, then: Any) -> None:
        """Do something by which the changes are lost; asks first when there are any."""
        if not self.entries:
            then()
            return
        told = tr("Nothing of them is in the store; a scenario that was saved stays.")
        box = question(
            self.dock, tr("Redraw unit grids"), counted(words, count=len(self.entries)), told, loses=True
        )
        box.finished.connect(lambda answer: then() if said_yes(answer) else None)
        self.box = box
        box.open()

    def end(self) -> None:
        """End the session."""
        if self.session:
            self.courier.forget()
            self.courier.send(self.path, CloseRedraw(self.session), lambda _answer: None, lambda _error: None)
        self.pens.put_down()
        self._forget()
        self.on_map.clear()
        self.dock.show_tool("")
        self.dock.show_cells([])
        self.dock.say("")
        if self.path:
            self._idle()

    def discard(self) -> None:
        """Give all changes up and begin afresh."""
        self.entries = []
        self.end()
        self.begin()

    # -- pens ---------------------------------------------------------------------------------------------------

    def take(self, name: str) -> None:
        """Take a tool; "" puts the one in hand down."""
        if name and self.session:
            self.pens.take(name, self.path)
        else:
            self.pens.put_down()
            self.dock.show_tool("")

    def _pressed(self, said: str) -> None:
        if said in ("undo", "redo"):
            self.step(back=said == "undo")
        elif said == "leave":
            self.pens.put_down()
        elif said.startswith("tool ") and int(said[5:]) <= len(TOOLS):
            self.take(TOOLS[int(said[5:]) - 1].name)

    def _dropped(self) -> None:
        self.on_map.lift()
        self.dock.show_cells([])
        self.dock.say("")

    def _same_cell(self, one: QgsPointXY, other: QgsPointXY) -> bool:
        """Tell whether two places on the map are in one cell, as the cells are now."""
        try:
            flat = self.pens.flat("merge", [one, other], self.crs())
        except QgsCsException:
            return False
        first, second = (QgsGeometry.fromPointXY(QgsPointXY(*flat[at : at + 2])) for at in (0, 2))
        drawn = [cell.shape for cell in self.on_map.drawn.values()]
        for shape in drawn:
            if shape.contains(first) or shape.contains(second):
                return bool(shape.contains(first) and shape.contains(second))
        layer = layers.find_layer(self.path, "unit_grid", "current")
        if layer is None:
            return False
        near = QgsFeatureRequest().setFilterRect(first.boundingBox().buffered(0.1)).setNoAttributes()
        return any(
            row.geometry().contains(first) and row.geometry().contains(second) for row in layer.getFeatures(near)
        )

    def probe(self, name: str, points: Sequence[QgsPointXY]) -> None:
        """Ask what the pen would do where it is."""
        pen = self.pens.by_name[name]
        if not self.session or len(points) < pen.LEAST or self.preview is not None:
            return
        try:
            flat = self.pens.flat(name, points, self.crs())
        except QgsCsException:
            return
        request = ProbeRedraw(self.session, name, flat, [], {"snap": SNAP})

        def came(answer: dict[str, Any]) -> None:
            if request.session == self.session and pen.points:
                self.dock.show_cells(answer.get("cells") or [])
                self.dock.say(_said(answer))
                self.on_map.probe(answer, self.crs())

        def failed(error: Exception) -> None:
            if not self.mend(error):
                self.dock.say(sentence(error))

        self.courier.probe(self.path, request, came, failed)

    # -- changes ------------------------------------------------------------------------------------------------

    def edit(self, name: str, points: Sequence[QgsPointXY]) -> None:
        """Do what was drawn."""
        try:
            flat = self.pens.flat(name, points, self.crs())
        except QgsCsException:
            self.dock.say(tr("The map cannot be brought to the CRS of the store here."))
            return
        done = len(self.entries) + self._under_way  # two quick changes: the second one comes after the first
        self._send(EditRedraw(self.session, name, done, flat, [], {"snap": SNAP}))

    def change(self, name: str) -> None:
        """Do a change that needs no pen."""
        self._send(EditRedraw(self.session, name, len(self.entries) + self._under_way))

    def _send(self, request: EditRedraw) -> None:
        self._under_way += 1

        def came(answer: dict[str, Any]) -> None:
            if request.session == self.session:  # not ended meanwhile
                self._edited(answer)

        def failed(error: Exception) -> None:
            if request.session == self.session:
                self._not_edited(error, request)

        self.courier.send(self.path, request, came, failed)

    def _not_edited(self, error: Exception, request: EditRedraw) -> None:
        self._under_way = max(0, self._under_way - 1)
        if self._lost(error):
            self._again = request
        self._refused(error)

    def _edited(self, answer: dict[str, Any]) -> None:
        self._under_way = max(0, self._under_way - 1)
        self.on_map.lift()
        self.entries.append(answer["entry"])
        self.undone = []
        self.on_map.did(answer, self.crs())
        self._changed(answer)

    def step(self, *, back: bool) -> None:
        """Take the last change back, or do the one taken back again."""
        if self.session and (self.entries if back else self.undone):
            request = StepRedraw(self.session, back)

            def came(answer: dict[str, Any]) -> None:
                if request.session == self.session:  # not ended meanwhile
                    self._stepped(back, answer)

            self.courier.send(self.path, request, came, self._refused)

    def _stepped(self, back: bool, answer: dict[str, Any]) -> None:
        source, target = (self.entries, self.undone) if back else (self.undone, self.entries)
        if source:
            target.append(source.pop())
        (self.on_map.undid if back else self.on_map.did)(answer, self.crs())
        self._changed(answer)

    def _changed(self, answer: dict[str, Any]) -> None:
        self.dock.show_cells(answer.get("cells") or [])
        self.dock.say(_said(answer))
        self._say_status()
        self._allow()

    # -- what goes wrong ----------------------------------------------------------------------------------------

    def _refused(self, error: Exception) -> None:
        self.on_map.lift()
        if not self.mend(error):
            self.dock.show_cells([])
            self.dock.say(sentence(error))

    def _lost(self, error: Exception) -> bool:
        return isinstance(error, CityError) and error.code in LOST and bool(self.session)

    def mend(self, error: Exception) -> bool:
        """Make the session again from the list of changes when the engine that had it is gone; False otherwise."""
        if not self._lost(error):
            return False
        if not self._mending:
            self._mending = True
            words = tr("The engine was started again; your changes are done again in it.")
            self.controller.messages.show(words, Qgis.MessageLevel.Info)
            self.begin(edits=self.entries)
        return True

    def shut(self) -> None:
        """End: leave nothing on the map."""
        self.pens.shut()
        self.on_map.clear()
        self.courier.shut()
        if self.box is not None:
            self.box.close()
        super().shut()


def _said(answer: dict[str, Any]) -> str:
    """Return the sentence on a pen: why it cannot be used, or what was mended."""
    error = answer.get("error")
    if error:
        return sentence(str(error.get("code")), error.get("values") or {})
    return notes_words(answer.get("notes"))
