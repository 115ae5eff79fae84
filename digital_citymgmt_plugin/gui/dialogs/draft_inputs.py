# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layers a draft of unit grids is made of, with the ranks of barriers; and what components of a class count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QLocale, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.captions import table_caption, value_captions
from digital_citymgmt_plugin.core.draft_guesses import ANY_CLASS, BY_FIELD, RANKS, Offer, Offers
from digital_citymgmt_plugin.gui.dialogs.draft_target import spin
from digital_citymgmt_plugin.gui.docks.parts import StillBox, in_tab_order, plain_label
from digital_citymgmt_plugin.gui.models.draft import tr
from digital_citymgmt_plugin.gui.plain_text import as_tip


def offer_words(offer: Offer) -> str:
    """Return what an offer is called: the layer, the theme of the base map, how many rows of the store."""
    theme = value_captions("base_point", "theme").get(offer.theme, offer.theme)
    if offer.table:
        own = {"admin_area": tr("communities"), "base_line": tr("base map"), "base_area": tr("base map, areas")}
        words = tr("City store: {table}").format(table=own.get(offer.table) or table_caption(offer.table))
        words = f"{words} – {theme}" if theme else words
        return f"{words} ({QLocale().toString(offer.count)})" if offer.count else words
    if offer.field == ANY_CLASS:
        return tr("{layer} – housing estates, schools, hospitals …").format(layer=offer.name)
    if offer.field:
        return f"{offer.name} – {theme or offer.field} ({', '.join(offer.values)})"
    return offer.name


def rank_words(rank: int, field: str = "") -> str:
    """Return the words of a rank."""
    words = {
        1: tr("1 river, railway"), 2: tr("2 main road"), 3: tr("3 street"), 4: tr("4 wall, fence"), 5: tr("5 path"),
        BY_FIELD: tr("by field {field}").format(field=field),
    }  # fmt: skip
    return words[rank]


class LayerPage(QWidget):
    """The layers; ``changed`` when another draft is wanted, ``areas_changed`` when other areas are chosen."""

    changed = pyqtSignal()
    areas_changed = pyqtSignal()

    def __init__(self, offers: Offers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.area_box = _box(tr("Areas, as a rule communities"))
        self.field_box = QComboBox()
        self.field_box.setAccessibleName(tr("Field with the code of the area"))
        self.building_box = _box(tr("Buildings: never cut"))
        self.compound_box = _box(tr("Compounds: kept whole where that can be"))
        self.component_box = _box(tr("Components: the load"))
        self.locked_box = _box(tr("Cells to keep"))
        self.boxes = {
            "areas": self.area_box, "buildings": self.building_box, "compounds": self.compound_box,
            "components": self.component_box, "locked": self.locked_box,
        }  # fmt: skip
        self.barriers: list[Offer] = []
        self.rank_boxes: list[QComboBox] = []
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels([tr("Barriers"), tr("Rank")])
        self.table.setAccessibleName(tr("Barriers and their ranks"))
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.table.setTabKeyNavigation(False)
        self.none_label = plain_label(tr("There are no barriers: import a base map or add layers to the project."))
        form = QFormLayout()
        form.addRow(tr("Areas"), self.area_box)
        form.addRow(tr("Code of the area"), self.field_box)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.none_label)
        form = QFormLayout()
        form.addRow(tr("Buildings"), self.building_box)
        form.addRow(tr("Compounds"), self.compound_box)
        form.addRow(tr("Components"), self.component_box)
        form.addRow(tr("Cells to keep"), self.locked_box)
        layout.addLayout(form)
        self._show(offers)
        self.table.itemChanged.connect(lambda _item: self.changed.emit())
        self.area_box.currentIndexChanged.connect(lambda _=0: self._areas_changed())
        self.field_box.activated.connect(lambda _=0: self.areas_changed.emit())
        for box in (self.building_box, self.compound_box, self.component_box, self.locked_box):
            box.currentIndexChanged.connect(lambda _=0: self.changed.emit())

    def offer(self, offers: Offers) -> None:
        """Offer what there is now: layers came or went. What was chosen stays, as far as it is there."""
        before = self._chosen()
        widgets = (self, self.table, *self.boxes.values())
        blocked = [widget.blockSignals(True) for widget in widgets]
        self._show(offers)
        for widget, was in zip(widgets, blocked):
            widget.blockSignals(was)
        after = self._chosen()
        if before[0] != after[0]:
            self.areas_changed.emit()
        if before != after:
            self.changed.emit()

    def _chosen(self) -> tuple[Any, ...]:
        found = [_key(box.currentData()) for box in self.boxes.values()]
        return (*found, tuple((_key(offer), rank) for offer, rank in self.chosen_barriers()))

    def _show(self, offers: Offers) -> None:
        for name, box in self.boxes.items():
            _fill(box, getattr(offers, name), none=name != "areas")
        kept = {
            _key(offer): (self.table.item(row, 0).checkState() == Qt.CheckState.Checked, int(box.currentData()))
            for row, (offer, box) in enumerate(zip(self.barriers, self.rank_boxes))
        }
        self.barriers, self.rank_boxes = list(offers.barriers), []
        self.table.setRowCount(0)
        self.table.setRowCount(len(self.barriers))
        for row, offer in enumerate(self.barriers):
            used, rank = kept.get(_key(offer), (offer.used, offer.rank))
            item = QTableWidgetItem(offer_words(offer))
            item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Checked if used else Qt.CheckState.Unchecked)
            item.setToolTip(as_tip(item.text()))
            self.table.setItem(row, 0, item)
            box = self._rank_box(offer, rank)
            self.table.setCellWidget(row, 1, box)
            self.rank_boxes.append(box)
        self.table.setColumnWidth(1, self.table.fontMetrics().horizontalAdvance(rank_words(2)) + 70)
        self.none_label.setVisible(not self.barriers)
        # Boxes of a table are made after the widgets below it: Tab goes by the eye, not by the age.
        in_tab_order(self.area_box, self.field_box, self.table, *self.rank_boxes, *list(self.boxes.values())[1:])

    def _rank_box(self, offer: Offer, chosen: int) -> StillBox:
        box = StillBox()
        for rank in RANKS:
            box.addItem(rank_words(rank), rank)
        if offer.rank_field:
            box.addItem(rank_words(BY_FIELD, offer.rank_field), BY_FIELD)
        box.setCurrentIndex(max(0, box.findData(chosen)))
        box.setAccessibleName(tr("Rank of {layer}").format(layer=offer_words(offer)))
        box.currentIndexChanged.connect(lambda _=0: self.changed.emit())
        return box

    def _areas_changed(self) -> None:
        self.areas_changed.emit()
        self.changed.emit()

    def show_fields(self, fields: Sequence[str], chosen: str) -> None:
        """Offer the fields of the areas' layer; that of the store is known."""
        self.field_box.clear()
        self.field_box.addItems(list(fields))
        self.field_box.setCurrentIndex(max(0, self.field_box.findText(chosen)))
        self.field_box.setEnabled(len(fields) > 1)

    def areas(self) -> Offer | None:
        """Return the areas to draft in."""
        found = self.area_box.currentData()
        return found if isinstance(found, Offer) else None

    def code_field(self) -> str | None:
        """Return the field with the code of the area."""
        return self.field_box.currentText() or None

    def chosen_barriers(self) -> list[tuple[Offer, int]]:
        """Return the barriers that count, with their ranks."""
        return [
            (offer, int(box.currentData()))
            for row, (offer, box) in enumerate(zip(self.barriers, self.rank_boxes))
            if self.table.item(row, 0).checkState() == Qt.CheckState.Checked
        ]

    def others(self) -> dict[str, Offer]:
        """Return what else was chosen, by its name in the request."""
        found = {name: box.currentData() for name, box in self.boxes.items() if name != "areas"}
        return {name: offer for name, offer in found.items() if isinstance(offer, Offer)}


class WeightPage(QWidget):
    """What a component of each class counts; ``changed`` when another draft is wanted."""

    changed = pyqtSignal()

    def __init__(self, classes: Sequence[Mapping[str, Any]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, QDoubleSpinBox] = {}
        rows = sorted(classes, key=lambda one: (-int(one["count"]), str(one["code"])))
        self.table = QTableWidget(len(rows), 3)
        self.table.setHorizontalHeaderLabels([tr("Class"), tr("Components"), tr("Each counts")])
        self.table.setAccessibleName(tr("What a component of each class counts"))
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        for row, one in enumerate(rows):
            code, words = str(one["code"]), f"{one['code']} {one.get('name') or ''}".strip()
            for column, text in enumerate((words, QLocale().toString(int(one["count"])))):
                item = QTableWidgetItem(text)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                self.table.setItem(row, column, item)
            box = spin(tr("Load of {name}").format(name=words), 0, 1000, float(one.get("weight", 1.0)), 2, 0.5)
            box.valueChanged.connect(lambda _=0.0: self.changed.emit())
            self.table.setCellWidget(row, 2, box)
            self.boxes[code] = box
        layout = QVBoxLayout(self)
        layout.addWidget(plain_label(tr(
            "The load of a grid is the work in it: each component counts as much as its class. Of a layer the field "
            "with the class is found by its name; without one each counts one."
        )))  # fmt: skip
        layout.addWidget(self.table, 1)

    def weights(self) -> dict[str, float] | None:
        """Return the weights that are not 1; None when all are."""
        found = {code: box.value() for code, box in self.boxes.items() if box.value() != 1.0}
        return found or None


def _key(offer: Any) -> tuple[Any, ...] | None:
    """Return what an offer is known by: the layer and the rows of it."""
    return (offer.source, offer.table, offer.field, offer.values) if isinstance(offer, Offer) else None


def _box(name: str) -> QComboBox:
    """Return a box for offers."""
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(24)
    return box


def _fill(box: QComboBox, offers: Sequence[Offer], *, none: bool) -> None:
    """Fill a box: what was chosen stays so; else the first offer that is used by itself."""
    fresh, kept = box.count() == 0, _key(box.currentData())
    box.clear()
    if none:
        box.addItem(tr("none"), None)
    for offer in offers:
        box.addItem(offer_words(offer), offer)
    keys = [_key(offer) for offer in offers]
    first = next((at for at, offer in enumerate(offers) if offer.used), None)
    if kept in keys:
        box.setCurrentIndex(keys.index(kept) + int(none))
    elif first is not None and (fresh or kept is not None or not none):
        box.setCurrentIndex(first + int(none))
