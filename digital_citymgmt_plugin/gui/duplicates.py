# SPDX-License-Identifier: GPL-2.0-or-later
"""What the *Doubles* dock does: lists pairs, shows them on the map, merges and waives them, exports the list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsGeometry, QgsPointXY, QgsRectangle
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QFileDialog

from digital_citymgmt_plugin.bridge.export import write_table
from digital_citymgmt_plugin.bridge.messages import template
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import Request, WaiveIssues
from digital_citymgmt_plugin.core.requests_duplicates import (
    ComparePair,
    FindDuplicates,
    ListDuplicates,
    MergeDuplicates,
)
from digital_citymgmt_plugin.gui.dialogs.preview import PreviewDialog
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.docks.duplicates_dock import DuplicatesDock
from digital_citymgmt_plugin.gui.docks.parts import add_dock, bring_forward
from digital_citymgmt_plugin.gui.docks.progress import add_progress
from digital_citymgmt_plugin.gui.engine_link import OnProgress, OnResult
from digital_citymgmt_plugin.gui.map_view import show_extent
from digital_citymgmt_plugin.gui.models.pair import pair_header, pair_row, tr


class DuplicatesActions(QObject):
    """What the menu entry and the dock's buttons do; the store is the one of the City dock."""

    def __init__(self, controller: CityController) -> None:
        super().__init__(controller)
        self.controller = controller
        self.dock: DuplicatesDock | None = None
        self.preview: PreviewDialog | None = None
        self.store = ""
        self.shown: dict[str, Any] = {}
        controller.store_opened.connect(self._opened)

    def _opened(self, path: str) -> None:
        """Show nothing of the store before: what is decided goes to the store whose pairs are shown."""
        if self.preview is not None and path != self.store:
            self.preview.reject()
        if self.dock is None or path == self.store:
            return
        self.store, self.shown = path, {}
        self.dock.show_pairs([], 0, 0)
        if path and self.dock.isVisible():
            self.refresh()

    def show(self) -> None:
        """Show the dock with the pairs of the open store."""
        if not self.controller.path:
            self.controller.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Info)
            return
        if self.dock is None:
            self.dock = DuplicatesDock(self.controller.iface.mainWindow())
            self._connect(self.dock)
            add_progress(self.dock, self.controller.link)
            add_dock(self.controller.iface, self.dock, self.controller.dock)
        bring_forward(self.controller.iface.mainWindow(), self.dock, self.controller.dock)
        self.refresh()

    def _connect(self, dock: DuplicatesDock) -> None:
        dock.chosen.connect(self.look)
        dock.find_button.clicked.connect(self.find)
        dock.bulk_button.clicked.connect(self.ask_bulk)
        dock.export_button.clicked.connect(self.ask_export)
        dock.zoom_button.clicked.connect(self.show_on_map)
        dock.left_button.clicked.connect(lambda: self.merge("one", "two"))
        dock.right_button.clicked.connect(lambda: self.merge("two", "one"))
        dock.waive_button.clicked.connect(self.waive)

    def _ask(self, words: str, request: Request, then: OnResult) -> None:
        work = self.controller.session.ask(self.store, request)
        self.controller.link.ask(words, work, then, self.controller.messages.show_error)

    def refresh(self, row: int = 0) -> None:
        """Fetch the list anew; ``row`` is looked at next."""
        self.store = self.controller.path
        store = self.store
        self._ask(tr("Reading the doubles"), ListDuplicates(), lambda answer: self._listed(store, answer, row))

    def _listed(self, store: str, answer: dict[str, Any], row: int) -> None:
        if self.dock is not None and store == self.store:  # another may have been opened meanwhile
            self.dock.show_pairs(answer["pairs"], int(answer["total"]), int(answer["same_code"]), row)

    def find(self) -> None:
        """Look for doubles in the whole census."""
        self.store = self.controller.path
        if self.store:
            self._ask(tr("Looking for doubles"), FindDuplicates(), lambda answer: self._changed(answer, 0))

    def _changed(self, answer: dict[str, Any], row: int) -> None:
        if answer.get("tables"):
            self.controller.store_changed(self.store, list(answer["tables"]))
        counts = answer.get("counts") or {}
        listed = [f"{template(f'count.{name}') or name} {value}" for name, value in counts.items() if value]
        if listed:
            self.controller.messages.show("; ".join(listed), Qgis.MessageLevel.Success)
        self.refresh(row)

    # -- one pair -----------------------------------------------------------------------------------------------

    def _pair(self) -> dict[str, Any] | None:
        if self.dock is None or not 0 <= self.dock.row() < len(self.dock.pairs):
            return None
        return self.dock.pairs[self.dock.row()]

    def look(self, _row: int) -> None:
        """Fetch both components of the pair that was chosen."""
        pair = self._pair()
        if pair is not None:
            request = ComparePair(str(pair["one"]), str(pair["two"]))
            self._ask(tr("Comparing the two"), request, lambda answer: self._compared(pair, answer))

    def _compared(self, pair: dict[str, Any], answer: dict[str, Any]) -> None:
        if self.dock is None or self._pair() is not pair:  # another was chosen meanwhile
            return
        self.shown = answer
        store = Path(self.store)
        self.dock.show_pair(answer, store.with_name(f"{store.stem}_photos"))
        self.show_on_map()

    def show_on_map(self) -> None:
        """Go to the pair and let both ends flash."""
        extents = [end["extent"] for end in self.shown.get("ends") or [] if end["extent"]]
        if self._pair() is None or not extents:
            return
        crs = QgsCoordinateReferenceSystem(str(self.controller.meta.get("crs") or ""))
        boxes = [QgsRectangle(*[float(value) for value in extent]) for extent in extents]
        whole = QgsRectangle(boxes[0])
        for box in boxes[1:]:
            whole.combineExtentWith(box)
        canvas = self.controller.iface.mapCanvas()
        show_extent(canvas, whole, crs)
        points = [QgsGeometry.fromPointXY(QgsPointXY(box.center())) for box in boxes]
        canvas.flashGeometries(points, crs)

    def merge(self, keep: str, gone: str) -> None:
        """Merge the pair that is looked at."""
        pair = self._pair()
        if pair is not None and self.dock is not None:
            row = self.dock.row()
            request = MergeDuplicates([f"{pair[keep]}>{pair[gone]}"])
            self._ask(tr("Merging"), request, lambda answer: self._changed(answer, row))

    def waive(self) -> None:
        """Let both stand, with the reason given."""
        pair = self._pair()
        if pair is not None and self.dock is not None:
            row, reason = self.dock.row(), self.dock.reason_edit.text().strip()
            request = WaiveIssues(uuids=[str(pair["issue"])], reason=reason)
            self._ask(tr("Waiving"), request, lambda answer: self._changed({"tables": answer.get("tables")}, row))

    # -- many ---------------------------------------------------------------------------------------------------

    def ask_bulk(self) -> None:
        """Show what merging all pairs with the same code would do; the engine holds it until the answer."""
        store = self.store = self.controller.path
        request = MergeDuplicates(reason="code")

        def work(on_progress: OnProgress, is_cancelled: Any) -> dict[str, Any]:
            lease = self.controller.session.pool.hold(store)
            return dict(lease.call(request, on_progress=on_progress, is_cancelled=is_cancelled, preview="hold"))

        self.controller.link.ask(
            tr("Looking at what would change"), work, lambda answer: self._seen(request, answer),
            self.controller.messages.show_error,
        )  # fmt: skip

    def _seen(self, request: MergeDuplicates, answer: dict[str, Any]) -> None:
        title = template("operation.merge_duplicates") or ""
        dialog = PreviewDialog(title, answer, self.dock)
        dialog.accepted.connect(lambda: self._ask(tr("Merging"), request, lambda done: self._changed(done, 0)))
        dialog.rejected.connect(self.refresh)  # any other request ends the holding
        dialog.finished.connect(lambda _answer: self._closed(dialog))
        self.preview = dialog
        dialog.open()

    def _closed(self, dialog: PreviewDialog) -> None:
        self.preview = None
        dialog.deleteLater()

    def ask_export(self) -> None:
        """Ask for a file and write the list into it."""
        start = str(Path(self.store).with_name(f"{self.controller.city()} {tr('Doubles')}.xlsx"))
        kinds = tr("Workbook") + " (*.xlsx);;CSV (*.csv)"
        path, _ = QFileDialog.getSaveFileName(self.dock, tr("Export the doubles"), start, kinds)
        if path:
            self.export(path)

    def export(self, path: str) -> None:
        """Write the list with the uuids, by which each pair is found again."""
        if self.dock is None:
            return
        header = [*pair_header(), tr("Left uuid"), tr("Right uuid")]
        rows = [(*pair_row(pair), str(pair["one"]), str(pair["two"])) for pair in self.dock.pairs]
        try:
            write_table(path, header, rows)
        except CityError as error:
            self.controller.messages.show_error(error)
        else:
            words = tr("The list was written to {file}.").format(file=path)
            self.controller.messages.show(words, Qgis.MessageLevel.Success)

    def shut(self) -> None:
        """Take the dock away."""
        if self.dock is not None:
            self.controller.iface.removeDockWidget(self.dock)
            self.dock.deleteLater()
            self.dock = None
