# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of a case: its fields and component, timeline, photos, what lies near, who is responsible."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QSize, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QPixmap
from qgis.PyQt.QtWidgets import QListWidget, QListWidgetItem, QTableView, QTabWidget, QVBoxLayout, QWidget

from digital_citymgmt_plugin.bridge.captions import column_caption, value_captions
from digital_citymgmt_plugin.bridge.messages import template
from digital_citymgmt_plugin.bridge.pictures import small_photo
from digital_citymgmt_plugin.core.same_file import kept_inside
from digital_citymgmt_plugin.gui.docks.parts import Buttons, button, plain_label, rows_view
from digital_citymgmt_plugin.gui.models.cases import FAMILY, lamp_words, minute, stage_words
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
        _fill(self.fields, [tr("Field"), tr("Value")], [*_case_rows(case), *_component_rows(page["component"])])
        times = [_event_row(event) for event in page["events"]]
        _fill(
            self.timeline, [tr("When"), tr("Move"), tr("To"), tr("Department"), tr("Who"), tr("Reason"), tr("Origin")],
            times,
        )  # fmt: skip
        self.timeline.scrollToBottom()
        _fill(
            self.earlier, [tr("Number"), tr("Class"), tr("Stage"), tr("Reported"), tr("Distance"), tr("Department")],
            [_earlier_row(one) for one in page["earlier"]],
        )  # fmt: skip
        self._near = [*page["collectors"], *page["cameras"]]
        rows = [_collector_row(one) for one in page["collectors"]] + [_camera_row(one) for one in page["cameras"]]
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
    widths = [view.columnWidth(at) for at in range(view.model().columnCount())] if view.model() is not None else []
    old, made = view.model(), RowsModel(header, rows, view)
    view.setModel(made)
    if old is not None:
        old.deleteLater()
    if len(widths) == len(header):
        for at, width in enumerate(widths[:-1]):
            view.setColumnWidth(at, width)
    elif rows:
        view.resizeColumnsToContents()


def _metres(value: Any) -> str:
    return "" if value is None else tr("{distance} m").format(distance=round(float(value)))


def _case_rows(case: Mapping[str, Any]) -> list[list[str]]:
    def area(code: str, name: str) -> str:
        return " ".join(str(case[key]) for key in (code, name) if case.get(key))

    limit = ""
    if case.get("limit_value") is not None:
        unit = template(f"{FAMILY}.unit_{case['limit_unit']}") or str(case["limit_unit"] or "")
        limit = f"{case['limit_value']:g} {unit}"
    rows = [
        (tr("Address"), case["address"]), (tr("Description"), case["description"]),
        (tr("Condition"), case["condition"]), (tr("Source"), case["source"]),
        (tr("Department"), case["dept_name"] or case["dept_code"]), (tr("Due"), minute(case["due_at"])),
        (tr("Limit"), limit), (tr("Unit grid"), case["grid_code"]), (tr("Beat"), case["beat_name"]),
        (tr("Community"), area("community_code", "community_name")), (tr("Street"), area("street_code", "street_name")),
        (tr("Placed by"), _by("place_method", case["place_method"], case.get("place_score"))),
        (tr("Linked by"), _by("link_method", case["link_method"], case["link_score"])),
        (tr("Reported"), minute(case["reported_at"])), (tr("Filed"), minute(case["filed_at"])),
        (tr("Dispatched"), minute(case["dispatched_at"])), (tr("Disposed"), minute(case["disposed_at"])),
        (tr("Checked"), minute(case["checked_at"])), (tr("Closed"), minute(case["closed_at"])),
        (tr("Parked until"), case["parked_until"]), (tr("Returns"), case["returns"] or ""),
        (tr("Reworks"), case["reworks"] or ""), (tr("Extensions"), case["extensions"] or ""),
    ]  # fmt: skip
    rows += [(str(key), value) for key, value in case["attributes"].items()]
    return [[words, str(value)] for words, value in rows if value not in (None, "")]


def _by(column: str, method: Any, score: Any) -> str:
    if not method:
        return ""
    words = value_captions("case_record", column).get(str(method), str(method))
    return words if score is None else f"{words} ({float(score):.0%})"


def _component_rows(card: Mapping[str, Any] | None) -> list[list[str]]:
    if card is None:
        return []
    rows = [
        (tr("Component"), card["code"]), (tr("Class of the component"), card["class_name"] or card["class_code"]),
        (tr("Name"), card["name"]), (tr("Managing department"), card["manager_dept_name"]),
        (tr("Owner"), card["owner_dept_name"]), (tr("Maintainer"), card["maintainer_dept_name"]),
        (tr("State"), card["state"]), (tr("Remark"), card["remark"]),
    ]  # fmt: skip
    return [[words, str(value)] for words, value in rows if value not in (None, "")]


def _amended(reason: Any) -> str:
    """Return what a correction changed, old and new, in the words of the columns."""
    try:
        changes = dict(json.loads(str(reason or "{}")))
        told = [(str(name), old, new) for name, (old, new) in changes.items() if name != "geom"]
    except (ValueError, TypeError):
        return str(reason)
    words = {name: column_caption("case_record", name) for name, _old, _new in told}
    return "; ".join(f"{words[name]}: {'–' if old is None else old} → {new}" for name, old, new in told)


def _event_row(event: Mapping[str, Any]) -> list[str]:
    action = str(event["action"])
    told = _amended(event["reason"]) if action == "amend" else event["reason"]
    told = told or ", ".join(f"{key}: {value}" for key, value in event["payload"].items())
    source = str(event["source"] or "")
    return [
        minute(event["at"]), template(f"{FAMILY}.action_{action}") or action, stage_words(event["to_stage"]),
        str(event["dept_name"] or ""), str(event["done_by"] or ""), str(told or ""),
        template(f"{FAMILY}.origin_{source}") or source,
    ]  # fmt: skip


def _earlier_row(one: Mapping[str, Any]) -> list[str]:
    named = f"{one['class_code'] or ''} {one['class_name'] or ''}".strip()
    where = tr("same component") if one["why"] == "component" else _metres(one["distance"])
    return [
        str(one["case_no"]), named, stage_words(one["stage"]), minute(one["reported_at"]), where,
        str(one["dept_name"] or ""),
    ]  # fmt: skip


def _collector_row(one: Mapping[str, Any]) -> list[str]:
    kind = tr("Collector of the beat") if one["own"] else tr("Collector")
    return [kind, str(one["name"]), _metres(one["distance"]), minute(one["at"]), str(one["beat"] or "")]


def _camera_row(one: Mapping[str, Any]) -> list[str]:
    kind = tr("Camera that sees it") if one["sees"] else tr("Camera near it")
    return [kind, " ".join(str(one[key]) for key in ("code", "name") if one[key]), _metres(one["distance"]), "", ""]
