# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of a case: its fields and component, timeline, photos, what lies near, who is responsible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QSize, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QPixmap
from qgis.PyQt.QtWidgets import QListWidget, QListWidgetItem, QTableView, QTabWidget, QVBoxLayout, QWidget

from digital_citymgmt_plugin.bridge.pictures import small_photo
from digital_citymgmt_plugin.core.same_file import kept_inside
from digital_citymgmt_plugin.gui.docks.case_rows import (
    camera_row,
    case_rows,
    collector_row,
    component_rows,
    earlier_row,
    event_row,
)
from digital_citymgmt_plugin.gui.docks.parts import Buttons, button, fit_columns, plain_label, rows_view
from digital_citymgmt_plugin.gui.models.cases import lamp_words, minute, stage_words
from digital_citymgmt_plugin.gui.models.rows import RowsModel
from digital_citymgmt_plugin.gui.plain_text import as_tip

_THUMB = 128  # pixels


def tr(text: str) -> str:
    """Translate a text of the page."""
    return QCoreApplication.translate("DispatchDock", text)


class CasePanel(QWidget):
    """Signals: ``case_wanted`` (fid): an earlier case was chosen; ``place_wanted`` (x, y): something near it."""

    case_wanted = pyqtSignal(int)
    place_wanted = pyqtSignal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.page: Mapping[str, Any] | None = None
        self.head = plain_label()
        self.head.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("Page of the case"))
        self.tabs.setUsesScrollButtons(True)
        self.fields = _table(tr("Fields of the case and its component"))
        self.timeline = _table(tr("Timeline of the case"))
        self.photos = QListWidget()
        self.photos.setAccessibleName(tr("Photos of the case and its component"))
        self.photos.setViewMode(QListWidget.ViewMode.IconMode)
        self.photos.setIconSize(QSize(_THUMB, _THUMB))
        self.photos.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.photos.setMovement(QListWidget.Movement.Static)
        self.earlier = _table(tr("Earlier cases at this place: press Enter to open one"))
        self.nearby = _table(tr("Collectors and cameras near the case: press Enter to show one on the map"))
        self.duty = _table(tr("Who is responsible, and why"))
        self.duty_label = plain_label()
        self.duty_area = QWidget()
        column = QVBoxLayout(self.duty_area)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.duty_label)
        column.addWidget(self.duty, 1)
        self.ruling_button = button(
            tr("Record a ruling…"), tr("Whose the matter is was ruled: keep it with its evidence"), "record_ruling"
        )
        self.remediate_button = button(
            tr("Ask for remediation…"), tr("Have it mended on behalf of its owner, paid by a fund"), "ask_remediation"
        )
        column.addWidget(Buttons(self.ruling_button, self.remediate_button))
        self._titled = (
            (self.fields, tr("Case")), (self.timeline, tr("Timeline")), (self.photos, tr("Photos")),
            (self.earlier, tr("Earlier here")), (self.nearby, tr("Nearby")), (self.duty_area, tr("Responsibility")),
        )  # fmt: skip
        for widget, words in self._titled:
            self.tabs.addTab(widget, words)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.head)
        layout.addWidget(self.tabs, 1)
        self.earlier.activated.connect(lambda index: self._open_earlier(index.row()))
        self.nearby.activated.connect(lambda index: self._show_near(index.row()))
        self._near: list[Mapping[str, Any]] = []
        self._unread: list[tuple[QListWidgetItem, str]] = []
        self._folder = ""
        self._reader = QTimer(self)  # one picture at a time: none holds the window up
        self._reader.setInterval(0)
        self._reader.timeout.connect(self._read_photo)
        self.tabs.currentChanged.connect(lambda _at=0: self._look())

    def tab_chain(self) -> list[QWidget]:
        """Return the widgets in the order in which Tab goes through them."""
        return [
            self.tabs, self.fields, self.timeline, self.photos, self.earlier, self.nearby, self.duty,
            self.ruling_button, self.remediate_button,
        ]  # fmt: skip

    def show_none(self, words: str = "") -> None:
        """Show that no case is selected, or how many are."""
        self.page = None
        self.head.setText(words)
        for view in (self.fields, self.timeline, self.earlier, self.nearby, self.duty):
            _fill(view, [], [])
        for at, (_widget, title) in enumerate(self._titled):
            self.tabs.setTabText(at, title)
        self.duty_label.clear()
        self._near = []
        self.photos.clear()
        self._unread.clear()
        self._reader.stop()

    def show_case(self, page: Mapping[str, Any], folder: str) -> None:
        """Show the page of a case; ``folder`` is where the photos of the city are."""
        self.page = page
        case = page["case"]
        named = f"{case['class_code'] or ''} {case['class_name'] or ''}".strip()
        parts = [str(case["case_no"]), named, stage_words(case["stage"]), lamp_words(case["lamp"])]
        self.head.setText(" · ".join(part for part in parts if part))
        _fill(self.fields, [tr("Field"), tr("Value")], [*case_rows(case), *component_rows(page["component"])])
        self.fields.resizeColumnToContents(0)  # of each case other names, and a name that is cut says nothing
        times = [event_row(event) for event in page["events"]]
        _fill(
            self.timeline, [tr("When"), tr("Move"), tr("To"), tr("Department"), tr("Who"), tr("Reason"), tr("Origin")],
            times,
        )  # fmt: skip
        self.timeline.scrollToBottom()
        _fill(
            self.earlier, [tr("Number"), tr("Class"), tr("Stage"), tr("Reported"), tr("Distance"), tr("Department")],
            [earlier_row(one) for one in page["earlier"]],
        )  # fmt: skip
        self._near = [*page["collectors"], *page["cameras"]]
        rows = [collector_row(one) for one in page["collectors"]] + [camera_row(one) for one in page["cameras"]]
        _fill(self.nearby, [tr("What"), tr("Name"), tr("Distance"), tr("Last seen"), tr("Beat")], rows)
        for at, count in enumerate((0, len(times), len(page["photos"]), len(page["earlier"]), len(rows))):
            words = self._titled[at][1]
            self.tabs.setTabText(at, f"{words} ({count})" if count else words)
        self._show_photos(page["photos"], folder)

    def show_duty(self, words: str, rows: Sequence[Sequence[str]], warnings: int = 0) -> None:
        """Show who is responsible and why: lines of what and its text; how many warnings are among them."""
        self.duty_label.setText(words)
        title = tr("Responsibility")
        self.tabs.setTabText(self.tabs.indexOf(self.duty_area), f"{title} ({warnings})" if warnings else title)
        _fill(self.duty, [tr("What"), tr("Told")], rows)

    def _show_photos(self, photos: Sequence[Mapping[str, Any]], folder: str) -> None:
        self.photos.clear()
        self._unread, self._folder = [], folder
        for photo in photos:
            name = str(photo["path"])
            item = QListWidgetItem(minute(photo["taken_at"]) or Path(name).name)
            item.setToolTip(as_tip(str(Path(folder) / name)))
            self.photos.addItem(item)
            if kept_inside(folder, name) is not None:  # never out of it
                self._unread.append((item, name))
        self._look()

    def _look(self) -> None:
        """Read photos while they are looked at, and only then."""
        if self._unread and self.tabs.currentWidget() is self.photos:
            self._reader.start()
        else:
            self._reader.stop()

    def _read_photo(self) -> None:
        if self._unread:
            item, name = self._unread.pop(0)
            image = small_photo(self._folder, name, _THUMB)
            if image is None:
                item.setText(tr("{name}: cannot be read").format(name=Path(name).name))
            else:
                item.setIcon(QIcon(QPixmap.fromImage(image)))
        self._look()

    def _open_earlier(self, row: int) -> None:
        if self.page is not None and row < len(self.page["earlier"]):
            self.case_wanted.emit(int(self.page["earlier"][row]["fid"]))

    def _show_near(self, row: int) -> None:
        if row < len(self._near) and self._near[row].get("x") is not None:
            self.place_wanted.emit(float(self._near[row]["x"]), float(self._near[row]["y"]))


def _table(name: str) -> QTableView:
    view = rows_view(name, many=False)
    view.setModel(RowsModel([], [], view))
    view.setMinimumHeight(60)
    return view


def _fill(view: QTableView, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    old, made = view.model(), RowsModel(header, rows, view)
    # Those of an empty table are nobody's choice.
    kept = [view.columnWidth(at) for at in range(old.columnCount())] if old is not None and old.rowCount() else []
    view.setModel(made)
    if old is not None:
        old.deleteLater()
    if len(kept) == len(header):
        for at, width in enumerate(kept[:-1]):
            view.setColumnWidth(at, width)
    elif rows:
        fit_columns(view)
