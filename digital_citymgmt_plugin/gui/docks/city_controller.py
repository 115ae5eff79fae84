# SPDX-License-Identifier: GPL-2.0-or-later
"""What the *City* dock does: opens and closes stores, asks the engine, selects on the map, starts the algorithms."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsProject
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QObject, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QAction, QDialog, QFileDialog, QMessageBox

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.bridge.export import write_table
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import CreateStore
from digital_citymgmt_plugin.gui.dialogs.new_store import NewStoreDialog
from digital_citymgmt_plugin.gui.dialogs.question import question, said_yes
from digital_citymgmt_plugin.gui.docks.city_dock import CityDock
from digital_citymgmt_plugin.gui.engine_link import EngineLink
from digital_citymgmt_plugin.gui.map_view import show_extent
from digital_citymgmt_plugin.gui.messages import Messages
from digital_citymgmt_plugin.gui.models.steps import next_step
from digital_citymgmt_plugin.gui.session import StoreSession
from digital_citymgmt_plugin.gui.unwritten import Unwritten
from digital_citymgmt_plugin.gui.wizard.state import step_words

log = logging.getLogger(__name__)

RunAlgorithm = Callable[[str, dict[str, Any]], Any]


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("CityDock", text)


# What shows where a city is: table and part of it, the best first.
_PLACES = (
    ("unit_grid", "current"), ("admin_area", "community"), ("component_point", ""), ("sheet", ""), ("base_line", ""),
)  # fmt: skip


class CityController(QObject):
    """Wires the dock to the engine and the map.

    Parameters
    ----------
    iface : QgisInterface
    dock : CityDock
    session : StoreSession
        Pieces of work for the engine.
    messages : Messages
        Message bar and sentences.
    recent : object with ``stores()`` and ``add(path)``
        The stores used before.
    run_algorithm : callable
        Opens an algorithm's dialog: (id, parameters).

    Signals: ``store_opened`` (path, "" when none is open any more), ``tables_changed`` (names, empty: all).
    """

    store_opened = pyqtSignal(str)
    tables_changed = pyqtSignal(list)

    def __init__(
        self,
        iface: Any,
        dock: CityDock,
        session: StoreSession,
        messages: Messages,
        recent: Any,
        run_algorithm: RunAlgorithm,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.iface = iface
        self.dock = dock
        self.session = session
        self.messages = messages
        self.recent = recent
        self.run_algorithm = run_algorithm
        self.windows: dict[str, Callable[[], None]] = {}  # what takes the place of an algorithm's dialog
        self.unwritten = Unwritten(iface.mainWindow())
        self.link = EngineLink(self)
        self.path = ""
        self.meta: dict[str, Any] = {}
        self._dialog: NewStoreDialog | None = None
        self._loading: Iterator[str] | None = None
        self._fresh = False
        self._nowhere = False
        self._wanted = ""
        self._box: QMessageBox | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(300)
        self._timer.timeout.connect(self._count_again)
        self._connect()
        self._say_idle()

    def _connect(self) -> None:
        dock = self.dock
        dock.new_button.clicked.connect(self.ask_new)
        dock.open_button.clicked.connect(self.ask_open)
        dock.close_button.clicked.connect(self.close_store)
        dock.refresh_button.clicked.connect(self.refresh)
        dock.export_button.clicked.connect(self.ask_export)
        dock.cancel_button.clicked.connect(self.link.cancel)
        dock.health_view.asked.connect(self.find)
        dock.recent_menu.aboutToShow.connect(self._fill_recent)
        for name, button in dock.step_buttons.items():
            button.clicked.connect(lambda _=False, name=name: self.start_step(name))
        self.link.progressed.connect(self._on_progress)
        self.link.busy_changed.connect(self._on_busy)

    # -- open, create, close ------------------------------------------------------------------------------------

    def ask_new(self) -> None:
        """Ask what a new store needs; non-modal, so the map stays usable."""
        if self._dialog is not None:
            self._dialog.raise_()
            self._dialog.activateWindow()
            return
        dialog = NewStoreDialog(self.iface.mainWindow())
        dialog.finished.connect(self._new_answered)
        self._dialog = dialog
        dialog.show()

    def _new_answered(self, answer: int) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is None:
            return
        if answer == int(QDialog.DialogCode.Accepted):
            self.create_store(dialog.request())
        dialog.deleteLater()

    def create_store(self, request: CreateStore) -> None:
        """Make a store and open it."""
        self._let_go()
        self.link.ask(tr("Creating the city store"), self.session.create(request), self._opened, self._not_opened)

    def ask_open(self) -> None:
        """Ask for a store's file."""
        path, _ = QFileDialog.getOpenFileName(
            self.iface.mainWindow(),
            tr("Open a city store"),
            str(Path(self.path).parent) if self.path else "",
            tr("City store (GeoPackage)") + " (*.gpkg)",
        )
        if path:
            self.open_store(path)

    def open_store(self, path: str) -> None:
        """Open a store; the one open before is let go first, after a question when changes would be lost."""
        self.unwritten.if_sure(lambda: self._open(path))

    def _open(self, path: str) -> None:
        self._let_go()
        self._wanted = path
        self.link.ask(tr("Opening the city store"), self.session.open(path), self._opened, self._not_opened)

    def _opened(self, answer: dict[str, Any]) -> None:
        self.path = str(answer["path"])
        self._say_idle()
        self.recent.add(self.path)
        # Layers that came with the project were opened before the engine had the store.
        layers.refresh_store(self.path)
        self._show(answer)
        self.selection_text("")
        self._start_loading()
        self.store_opened.emit(self.path)

    def _not_opened(self, error: Exception) -> None:
        if isinstance(error, CityError) and error.code == "store.older_schema":
            self._offer_upgrade(str(error.values.get("path") or self._wanted), error)
            return
        self.messages.show_error(error)

    def _offer_upgrade(self, path: str, error: CityError) -> None:
        told = tr("Bring it up to date? The file as it is now is copied first.")
        title, words = tr("Upgrade the city store"), self.messages.sentence(error)
        box = question(self.iface.mainWindow(), title, words, told)
        box.finished.connect(
            lambda answer: self.link.ask(
                tr("Upgrading the city store"), self.session.upgrade(path), self._opened, self.messages.show_error
            )
            if said_yes(answer)
            else None
        )
        self._box = box
        box.open()

    def close_store(self) -> None:
        """Let go of the store and take its layers out of the project; asks when changes would be lost."""
        self.unwritten.if_sure(self._close)

    def _close(self) -> None:
        self._let_go()
        self.dock.show_no_store()

    def _let_go(self) -> None:
        self._loading = None
        if not self.path:
            return
        path, self.path = self.path, ""
        layers.remove_store(path)
        self.session.release(path)
        self.store_opened.emit("")

    # -- show ---------------------------------------------------------------------------------------------------

    def _show(self, answer: Mapping[str, Any]) -> None:
        self.meta = dict(answer.get("meta") or {})
        city = self.city()
        edition, crs = str(self.meta.get("edition") or ""), str(self.meta.get("crs") or "")
        detail = tr("{code} · edition {edition} · {crs}").format(
            code=self.meta.get("county_code") or "", edition=edition, crs=crs
        )
        self.dock.show_store(city, detail, self.path)
        self.dock.fill_health(list(answer.get("items") or []))
        self.dock.show_next(next_step(self.dock.model.counts))

    def city(self) -> str:
        """Return the city's name as the group and the header show it."""
        return str(self.meta.get("county_name") or Path(self.path).stem)

    def _start_loading(self) -> None:
        # The group stands above all other layers; one layer per turn of the event loop keeps the window alive.
        self._loading = layers.load_steps(self.path, self.city())
        self._fresh = layers.store_group(self.path) is None
        QTimer.singleShot(0, self._load_next)

    def _load_next(self) -> None:
        steps = self._loading
        if steps is None:
            return
        try:
            next(steps)
        except StopIteration:
            self._loading = None
            self._zoom_to_store()
            return
        QTimer.singleShot(0, self._load_next)

    def _zoom_to_store(self) -> None:
        """Go to what a city shows; a city that shows nothing yet is gone to after the first import."""
        self._nowhere = False
        for table, part in _PLACES:
            layer = layers.find_layer(self.path, table, part)
            if layer is not None and layer.featureCount() > 0 and not layer.extent().isEmpty():
                if self._fresh:
                    show_extent(self.iface.mapCanvas(), layer.extent(), layer.crs())
                return
        self._nowhere = self._fresh

    # -- health and objects -------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Count again and redraw everything."""
        if self.path:
            layers.refresh_store(self.path)
            self._count_again()

    def store_changed(self, path: str, tables: list[str] | None = None) -> None:
        """Take note of a write: redraw the tables written, count again (once for several writes in a row)."""
        layers.refresh_store(path, list(tables) if tables else None)
        if self.path and layers.same_file(path, self.path):
            self._timer.start()
            self.tables_changed.emit(list(tables or []))

    def _count_again(self) -> None:
        if self.path:
            path = self.path
            self.link.ask(tr("Counting"), self.session.health(path), self._counted, self.messages.show_error)

    def _counted(self, answer: dict[str, Any]) -> None:
        if self.path and layers.same_file(str(answer.get("path") or self.path), self.path):
            self._show(answer)
            if self._nowhere and self._loading is None:
                self._zoom_to_store()

    def find(self, item: str) -> None:
        """Select the objects behind a number and go there."""
        if not self.path:
            return
        path = self.path
        self.link.ask(
            tr("Looking for objects"),
            self.session.find(path, item),
            lambda answer: self._found(path, item, answer),
            self.messages.show_error,
        )

    def _found(self, path: str, item: str, answer: Mapping[str, Any]) -> None:
        if path != self.path:
            return
        for layer in layers.store_layers(path):
            layer.removeSelection()
        total, chosen = int(answer.get("total") or 0), 0
        target = None
        # An item over several tables (components) may come in parts.
        for part in answer.get("parts") or [answer]:
            layer = layers.find_layer(path, str(part.get("table") or ""), layers.PART_OF_ITEM.get(item, ""))
            fids = [int(fid) for fid in part.get("fids") or []]
            if layer is None or not fids:
                continue
            layers.select(layer, fids)
            chosen += len(fids)
            target = target or layer
        if target is not None:
            self.iface.setActiveLayer(target)
            extent = answer.get("extent")
            if extent:
                show_extent(self.iface.mapCanvas(), extent, target.crs())
        self.selection_text(_selection_words(total, chosen, bool(answer.get("extent"))))

    def selection_text(self, text: str) -> None:
        """Say under the table what is selected."""
        self.dock.selection_label.setText(text)

    # -- steps, export ------------------------------------------------------------------------------------------

    def start_step(self, algorithm: str) -> None:
        """Open an algorithm's own dialog with the store filled in, or the window that was made for it."""
        if self.path and algorithm in self.windows:
            self.windows[algorithm]()
            return
        parameters = {"STORE": self.path} if self.path and algorithm != "draftgrids" else {}
        try:
            self.run_algorithm(f"dcm:{algorithm}", parameters)
        except Exception as error:  # the boundary of a button: tell, do not let it out to Qt
            self.messages.show_error(error)

    def ask_export(self) -> None:
        """Write the table to a workbook."""
        start = f"{self.city()}.xlsx" if not self.path else str(Path(self.path).with_name(f"{self.city()}.xlsx"))
        path, _ = QFileDialog.getSaveFileName(
            self.iface.mainWindow(), tr("Export table"), start, tr("Workbook") + " (*.xlsx);;CSV (*.csv)"
        )
        if path:
            self.export(path)

    def export(self, path: str) -> None:
        """Write the table to ``path``."""
        header = [self.dock.model.headerData(column, Qt.Orientation.Horizontal) for column in range(3)]
        try:
            write_table(path, header, self.dock.model.table())
        except CityError as error:
            self.messages.show_error(error)
        else:
            self.messages.show(tr("The table was written to {file}.").format(file=path), Qgis.MessageLevel.Success)

    def _fill_recent(self) -> None:
        menu = self.dock.recent_menu
        menu.clear()
        for path in self.recent.stores():
            action = QAction(path.replace("&", "&&"), menu)
            action.triggered.connect(lambda _=False, path=path: self.open_store(path))
            menu.addAction(action)
        if menu.isEmpty():
            menu.addAction(tr("No store was opened before")).setEnabled(False)

    # -- engine line --------------------------------------------------------------------------------------------

    def _on_busy(self, busy: bool, words: str) -> None:
        if busy:
            self.dock.show_engine(words + "…", None, busy=True)
        else:
            self._say_idle()

    def _on_progress(self, fraction: float, message: str, values: dict[str, Any]) -> None:
        if message.startswith("step:"):
            words = step_words(message[5:], str(values.get("file") or ""))
        else:
            words = self.messages.text(message, values) if message else ""
        self.dock.show_engine(words or self.dock.engine_label.text(), fraction, busy=True)

    def _say_idle(self) -> None:
        self.dock.show_engine(tr("Engine: ready") if self.path else tr("Engine: not started yet"))

    def engine_restarted(self, path: str) -> None:
        """Say that the engine had ended and runs again; nothing confirmed was lost."""
        if path and self.path and not layers.same_file(path, self.path):
            return
        self.dock.show_engine(tr("Engine: restarted after it had ended; the store is as last confirmed"))
        self.messages.show(
            tr("The engine had ended unexpectedly and was started again. Nothing that was confirmed is lost."),
            Qgis.MessageLevel.Warning,
        )
        self._timer.start()

    def project_cleared(self) -> None:
        """Load the layers again into a project that was just emptied or opened without them."""
        if self.path and not layers.store_layers(self.path, QgsProject.instance()):
            self._start_loading()

    def project_read(self) -> None:
        """Open the store that a project just opened shows, when none is open."""
        found = layers.stores_in()
        if found and not self.path and not self.link.busy:
            self.open_store(found[0])
        else:
            self.project_cleared()

    def shut(self) -> None:
        """End: stop waiting, take the timers down, let go of the store. Layers stay in the project."""
        self._timer.stop()
        self._loading = None
        self.unwritten.shut()
        self.link.shut()
        if self._dialog is not None:
            self._dialog.finished.disconnect(self._new_answered)
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None
        if self.path:
            path, self.path = self.path, ""
            self.session.release(path)


def _selection_words(total: int, chosen: int, placed: bool) -> str:
    """Say how many objects there are and how many of them are selected."""
    number = QLocale().toString
    if total == 0:
        return tr("There are no such objects.")
    if chosen < total and chosen:
        words = tr("{total} objects; the first {chosen} are selected.")
    elif total == 1:
        words = tr("1 object is selected.") if chosen else tr("1 object, which is in none of the loaded layers.")
    elif chosen:
        words = tr("{total} objects are selected.")
    else:
        words = tr("{total} objects, none of them in the loaded layers.")
    text = words.format(total=number(total), chosen=number(chosen))
    if placed or not chosen:
        return text
    return text + " " + (tr("It has no place on the map.") if total == 1 else tr("They have no place on the map."))
