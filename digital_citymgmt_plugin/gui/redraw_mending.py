# SPDX-License-Identifier: GPL-2.0-or-later
"""Edges of communities that moved: the unit grids they cross, shown on the map with counts, then mended in one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsRectangle
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QMessageBox

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.requests_redraw import ProbeRedraw
from digital_citymgmt_plugin.gui.dialogs.question import question, said_yes
from digital_citymgmt_plugin.gui.docks.redraw_controller import RedrawController
from digital_citymgmt_plugin.gui.models.redraw import notes_words, tr

MEND, PROGRESS = "mend", "progress.mending_edges"
_AROUND = 1.1  # how much of the map is seen around the grids that are crossed


class RedrawMending(QObject):
    """Wires the button *Mend community edges*: look first, then one change of the session, not yet written."""

    def __init__(self, desk: RedrawController) -> None:
        super().__init__(desk)
        self.desk = desk
        self.box: QMessageBox | None = None
        self._in_hand = ""  # the pen that is put down meanwhile: its questions would take the drawing off the map
        self.looking = False
        self._looks_made = 0  # an answer to a look that was given up is not heard
        self._words = desk.dock.mend_button.text()
        desk.dock.mend_button.clicked.connect(lambda _=False: self.stop() if self.looking else self.look())
        desk.controller.link.progressed.connect(self._progress)
        desk.controller.store_opened.connect(lambda _path="": self._new_store())

    def look(self) -> None:
        """Ask which grids are crossed and what would be done to them."""
        desk = self.desk
        if not desk.session or self.looking or self.box is not None:
            return
        self._in_hand = desk.pens.name()
        desk.pens.drop()
        desk.pens.put_down()
        words = tr("Looking for unit grids that are crossed by the edges of communities…")
        desk.dock.say(words)
        request = ProbeRedraw(desk.session, MEND)

        self._looks(True)
        look = self._looks_made

        def came(answer: dict[str, Any]) -> None:
            if look == self._looks_made:
                self._looks(False)
                if request.session == desk.session:
                    self._seen(answer)

        def failed(error: Exception) -> None:
            if look == self._looks_made:
                self._looks(False)
                if request.session == desk.session:
                    self._failed(error)

        desk.ask(words.rstrip("…"), request, came, failed=failed)  # by the link: of thousands of grids it takes a while

    def _looks(self, on: bool) -> None:
        """Let the button stop the search while it goes on."""
        self.looking = on
        self._looks_made += 1
        self.desk.dock.mend_button.setText(tr("S&top looking") if on else self._words)

    def stop(self) -> None:
        """Stop looking; nothing was changed yet."""
        self.desk.controller.link.cancel()
        if self.looking:  # of what still waited its turn nobody hears
            self._looks(False)
            self._failed(Cancelled())

    def _new_store(self) -> None:
        """Forget the look into another store: its answer is dropped."""
        self._in_hand = ""
        self._looks(False)

    def _progress(self, fraction: float, message: str, _values: Mapping[str, Any]) -> None:
        if self.looking and message == PROGRESS:
            words = tr("Looking how the grids that are crossed would be parted: {percent} %")
            self.desk.dock.say(words.format(percent=round(100 * fraction)))

    def _seen(self, answer: dict[str, Any]) -> None:
        """Show the grids on the map and ask."""
        desk, error = self.desk, answer.get("error")
        if error:
            desk.dock.say(sentence(str(error.get("code")), error.get("values") or {}))
            self._take_again()
            return
        desk.dock.show_cells(answer.get("cells") or [])
        desk.dock.say(notes_words(answer.get("notes")))
        desk.on_map.probe(answer, desk.crs())
        self._go_there()
        told = tr("That is one change of this redraw: it can be undone, and nothing is written yet.")
        box = question(desk.dock, tr("Mend community edges"), counts_words(answer.get("counts") or {}), told)
        box.finished.connect(self._answered)
        self.box = box
        box.open()

    def _answered(self, button: int) -> None:
        box, self.box = self.box, None
        if box is not None:
            box.deleteLater()
        if said_yes(button) and self.desk.session:
            self.desk.change(MEND)
        else:
            self.desk.on_map.lift()
            self.desk.dock.show_cells([])
            self.desk.dock.say("")
        self._take_again()

    def _failed(self, error: Exception) -> None:
        if not self.desk.mend(error):
            self.desk.dock.say(sentence(error))
        self._take_again()

    def _take_again(self) -> None:
        name, self._in_hand = self._in_hand, ""
        if name:
            self.desk.take(name)

    def _go_there(self) -> None:
        """Let the map show all that is drawn."""
        extent = QgsRectangle()
        for band in self.desk.on_map.under_pen.bands:
            extent.combineExtentWith(band.asGeometry().boundingBox())
        if not extent.isEmpty():
            extent.scale(_AROUND)
            self.desk.pens.canvas.setExtent(extent)
            self.desk.pens.canvas.refresh()

    def shut(self) -> None:
        """End: close the question."""
        if self.box is not None:
            self.box.done(0)


def counts_words(counts: Mapping[str, Any]) -> str:
    """Return what a mending would do."""
    words = tr(
        "{parted} unit grids are crossed by the edges of communities and would be split; {moved} lie in another "
        "community now and would get codes there; {small} small parts would go to a neighbour. {left} cannot be split."
    )
    told = {"parted": "parted", "moved": "moved", "small": "joined", "left": "not_mended"}
    return words.format(**{name: int(counts.get(count) or 0) for name, count in told.items()})
