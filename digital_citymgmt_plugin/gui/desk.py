# SPDX-License-Identifier: GPL-2.0-or-later
"""What the controllers of the census docks share: asking, writing after the counts were seen, files, the map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsGeometry, QgsPointXY
from qgis.PyQt.QtCore import QCoreApplication, QObject
from qgis.PyQt.QtWidgets import QFileDialog

from digital_citymgmt_plugin.bridge.messages import template, templates
from digital_citymgmt_plugin.core.requests import REQUESTS, Request
from digital_citymgmt_plugin.gui.dialogs.operations import counts_words
from digital_citymgmt_plugin.gui.dialogs.preview import PreviewDialog
from digital_citymgmt_plugin.gui.docks.city_controller import CityController
from digital_citymgmt_plugin.gui.engine_link import OnProgress
from digital_citymgmt_plugin.gui.map_view import show_extent

OnAnswer = Callable[[dict[str, Any]], None]


def tr(text: str) -> str:
    """Translate a text that the docks share."""
    return QCoreApplication.translate("Desk", text)


def request_of(method: str, **values: Any) -> Request | None:
    """Return a request by its name; None when this version has no such request."""
    kind = REQUESTS.get(method)
    return kind(**values) if kind is not None else None


class Desk(QObject):
    """A controller beside that of the City dock: the store and the link to the engine are its.

    Parameters
    ----------
    controller : CityController
    dock : QWidget
        What windows stand above. With ``watch``, a dock that has ``show_no_store``.
    """

    WATCHED: frozenset[str] = frozenset()  # tables whose changes make the list of the dock stale

    def __init__(self, controller: CityController, dock: Any) -> None:
        super().__init__(controller)
        self.controller, self.dock = controller, dock
        self.preview: PreviewDialog | None = None
        self._stale = True

    @property
    def path(self) -> str:
        """The open store, "" when none is."""
        return self.controller.path

    def ask(
        self,
        words: str,
        request: Request,
        done: OnAnswer,
        preview: str | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Send a request; the answer comes in the main thread, and only while the same store is open.

        ``failed`` is told of an error in place of the message bar.
        """
        path = self.path
        if not path:
            self.controller.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Info)
            return
        options: dict[str, Any] = {"sentences": templates()} if {"output", "rejects"} & set(vars(request)) else {}
        if preview is not None:
            options["preview"] = preview

        def work(on_progress: OnProgress, is_cancelled: Any) -> dict[str, Any]:
            lease = self.controller.session.pool.hold(path)
            return dict(lease.call(request, on_progress=on_progress, is_cancelled=is_cancelled, **options))

        def answered(answer: dict[str, Any]) -> None:
            if path == self.path:
                done(answer)

        self.controller.link.ask(words, work, answered, failed or self.controller.messages.show_error)

    def write(self, request: Request, done: OnAnswer | None = None) -> None:
        """Show the counts of what a request would write; write it when the user says so."""
        words = template(f"operation.{request.method}") or request.method
        self.ask(words, request, lambda answer: self._seen(words, request, answer, done), preview="hold")

    def _seen(
        self, words: str, request: Request, answer: dict[str, Any], done: OnAnswer | None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:  # fmt: skip
        dialog = PreviewDialog(words, answer, self.dock)
        dialog.accepted.connect(lambda: self.write_now(request, done, failed))
        # Any other request ends the holding, so that others can write at once.
        dialog.rejected.connect(self.controller.refresh)
        dialog.finished.connect(lambda _answer: self._closed(dialog))
        self.preview = dialog
        dialog.open()

    def _closed(self, dialog: PreviewDialog) -> None:
        self.preview = None
        dialog.deleteLater()

    def write_now(
        self, request: Request, done: OnAnswer | None = None, failed: Callable[[Exception], None] | None = None
    ) -> None:
        """Write without asking: for a single object that the user has before their eyes."""
        words = template(f"operation.{request.method}") or request.method

        def written(answer: dict[str, Any]) -> None:
            text = f"{words}: {counts_words(answer.get('counts') or {}) or tr('nothing to do')}"
            self.controller.messages.show(text, Qgis.MessageLevel.Success)
            if answer.get("tables"):
                self.controller.store_changed(self.path, list(answer["tables"]))
            if done is not None:
                done(answer)

        self.ask(words, request, written, failed=failed)

    def ask_file(self, title: str, name: str, filters: str) -> str:
        """Ask where to write; "" when the user does not want to."""
        start = str(Path(self.path).with_name(f"{self.controller.city()} {name}"))
        path, _ = QFileDialog.getSaveFileName(self.dock, title, start, filters)
        return str(path)

    def export(self, request: Request) -> None:
        """Have the engine write a file, and say where."""
        output = str(getattr(request, "output", ""))
        words = tr("The list was written to {file}.").format(file=output)
        done = Qgis.MessageLevel.Success
        self.ask(tr("Writing the list"), request, lambda _answer: self.controller.messages.show(words, done))

    def crs(self) -> QgsCoordinateReferenceSystem:
        """Return the store's CRS."""
        return QgsCoordinateReferenceSystem(str(self.controller.meta.get("crs") or ""))

    @staticmethod
    def place_of(row: Mapping[str, Any]) -> QgsGeometry:
        """Return the place of a row in the store's CRS: its exact ``shape`` where it has one, else ``x`` and ``y``."""
        if row.get("shape"):
            exact = QgsGeometry()
            exact.fromWkb(bytes.fromhex(str(row["shape"])))
            if not exact.isEmpty():
                return exact
        return QgsGeometry.fromPointXY(QgsPointXY(float(row["x"]), float(row["y"])))

    def show_point(self, row: Mapping[str, Any]) -> bool:
        """Go to the place of a row (``shape``, else ``x``, ``y``) and let it flash; False when it has none."""
        if row.get("x") is None or row.get("y") is None:
            return False
        place = self.place_of(row)
        canvas = self.controller.iface.mapCanvas()
        show_extent(canvas, place.boundingBox(), self.crs())
        canvas.flashGeometries([place], self.crs())
        return True

    def show_boxes(self, boxes: Sequence[Sequence[float]]) -> None:
        """Go to where some extents are."""
        known = [box for box in boxes if box]
        if known:
            sides = list(zip(*known))
            extent = [min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])]
            show_extent(self.controller.iface.mapCanvas(), extent, self.crs())

    # -- a dock that shows a list: it asks only when somebody looks, so that a store of 100,000 opens no slower ------

    def watch(self) -> None:
        """Keep the dock's list up to date: asked for when it is seen and the store or one of ``WATCHED`` is new."""
        self.dock.visibilityChanged.connect(lambda _=False: self._wake())
        self.controller.store_opened.connect(self._opened)
        self.controller.tables_changed.connect(self._changed)

    def reload(self) -> None:
        """Ask for the list."""
        raise NotImplementedError

    def _opened(self, path: str) -> None:
        self._stale = True
        if not path:
            self.dock.show_no_store()
        self._wake()

    def _changed(self, tables: list[str]) -> None:
        if not tables or self.WATCHED & {*tables}:
            self._stale = True
            self._wake()

    def _wake(self) -> None:
        if self._stale and self.path and self.dock.isVisible():
            self._stale = False
            self.reload()

    def shut(self) -> None:
        """End: close the question that stands open."""
        if self.preview is not None:
            self.preview.reject()
