# SPDX-License-Identifier: GPL-2.0-or-later
"""First page: which files there are, what each was taken for, and how it is read; all of it can be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsVectorLayer
from qgis.gui import QgsProjectionSelectionWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QDragEnterEvent, QDropEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
    QWizardPage,
)

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core import roles
from digital_citymgmt_plugin.core.requests import Layer
from digital_citymgmt_plugin.gui.plain_text import as_tip
from digital_citymgmt_plugin.gui.wizard.state import ROLE_WORDS, Entry, WizardState, fault_words, number, tr

ENCODINGS = ("", "UTF-8", "GBK", "GB18030", "Big5", "Windows-1252")
FILTER = "*.shp *.gpkg *.geojson *.json *.kml *.gml *.tab *.mif *.fgb *.csv *.tsv *.txt *.gz *.xlsx *.xlsm *.dbf"


class FilesPage(QWizardPage):
    """The list of files with the details of the one that is chosen.

    Parameters
    ----------
    state : WizardState
    look : callable
        Starts a survey of layers: (list of Layer).
    """

    def __init__(self, state: WizardState, look: Callable[[list[Layer]], None], stop: Callable[[], None]) -> None:
        super().__init__()
        self.state, self._look, self._filling = state, look, False
        self.busy = False
        self.setTitle(tr("What do you have?"))
        self.setSubTitle(
            tr("One layer of polygons or one table of cases is enough. The rest can come along, or later.")
        )
        self.setAcceptDrops(True)
        self.add_button = QPushButton(tr("&Add files…"))
        self.layers_button = QPushButton(tr("Add la&yers of the project"))
        self.remove_button = QPushButton(tr("&Remove"))
        self.table = QTableWidget(0, 4)
        self.table.setHorizontalHeaderLabels([tr("File"), tr("What it is"), tr("Rows"), tr("Found")])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.setAccessibleName(tr("Files for the new city"))
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("Progress of looking at the files"))
        self.stop_button = QPushButton(tr("S&top"))
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setAccessibleName(tr("What is missing"))
        self._build_details()
        self._lay_out()
        self.add_button.clicked.connect(self.ask_files)
        self.layers_button.clicked.connect(self.add_project_layers)
        self.remove_button.clicked.connect(self.remove)
        self.stop_button.clicked.connect(stop)
        self.table.currentCellChanged.connect(lambda *_: self._show_details())
        self.show_busy(False)
        self.refill()

    def _build_details(self) -> None:
        self.details = QGroupBox(tr("How the chosen file is read"))
        self.role = QComboBox()
        for role in roles.ROLES:
            self.role.addItem(tr(ROLE_WORDS[role]), role)
        self.crs = QgsProjectionSelectionWidget()
        self.encoding = QComboBox()
        for name in ENCODINGS:
            self.encoding.addItem(name or tr("as found"), name)
        self.code_field, self.name_field = QComboBox(), QComboBox()
        self.code_label, self.name_label = QLabel(), QLabel()
        self.why = QLabel()
        self.why.setWordWrap(True)
        self.why.setTextFormat(Qt.TextFormat.PlainText)
        form = QFormLayout(self.details)
        for label, widget in (
            (QLabel(tr("&What it is")), self.role), (QLabel(tr("Reference &system")), self.crs),
            (QLabel(tr("Code &page")), self.encoding), (self.code_label, self.code_field),
            (self.name_label, self.name_field),
        ):  # fmt: skip
            label.setBuddy(widget)
            widget.setAccessibleName(label.text().replace("&", ""))
            form.addRow(label, widget)
        form.addRow(self.why)
        self.role.currentIndexChanged.connect(lambda _: self._changed("role", self.role.currentData()))
        self.crs.crsChanged.connect(lambda crs: self._changed("crs", crs.authid() or crs.toWkt()))
        self.encoding.currentIndexChanged.connect(lambda _: self._changed("encoding", self.encoding.currentData()))
        self.code_field.currentIndexChanged.connect(
            lambda _: self._changed("code_field", self.code_field.currentData() or "")
        )
        self.name_field.currentIndexChanged.connect(
            lambda _: self._changed("name_field", self.name_field.currentData() or "")
        )

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.add_button, self.layers_button, self.remove_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        line = QHBoxLayout()
        line.addWidget(self.progress, 1)
        line.addWidget(self.stop_button)
        layout = QVBoxLayout(self)
        layout.addLayout(buttons)
        layout.addWidget(self.table, 1)
        layout.addLayout(line)
        layout.addWidget(self.details)
        layout.addWidget(self.said)
        order = (
            self.add_button, self.layers_button, self.remove_button, self.table, self.stop_button, self.role, self.crs,
            self.encoding, self.code_field, self.name_field,
        )  # fmt: skip
        for first, second in zip(order, order[1:]):
            QWidget.setTabOrder(first, second)

    # -- adding -------------------------------------------------------------------------------------------------

    def ask_files(self) -> None:
        """Ask for files."""
        paths, _ = QFileDialog.getOpenFileNames(
            self, tr("Files for the new city"), "", f"{tr('Layers and tables')} ({FILTER})"
        )
        self.add_files(paths)

    def add_files(self, paths: list[str]) -> None:
        """Look at files; the parts of a shapefile are one."""
        fresh = self.state.fresh(paths)
        if fresh and not self.busy:
            self._look([Layer(path) for path in fresh])

    def add_project_layers(self) -> None:
        """Look at the files behind the layers of the project, but not at those of a city store."""
        found = []
        for layer in QgsProject.instance().mapLayers().values():
            if not isinstance(layer, QgsVectorLayer) or layer.customProperty("dcm/table"):
                continue
            path, *options = layer.source().split("|")
            name = next((one.partition("=")[2] for one in options if one.startswith("layername=")), None)
            if layer.dataProvider() is not None and layer.dataProvider().name() == "ogr":
                # What the layer has in QGIS goes before what the file says.
                crs = layer.crs().authid() if layer.isSpatial() and layer.crs().isValid() else None
                found.append(Layer(path, name, None, crs or None))
        if found and not self.busy:
            self._look(found)
        elif not found:
            self.said.setText(tr("The project has no layers that are files."))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Look at the files dropped."""
        self.add_files([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])

    def remove(self) -> None:
        """Take the chosen file off the list; the file itself is left alone."""
        row = self.table.currentRow()
        if 0 <= row < len(self.state.entries):
            self.state.remove(row)
            self.refill(min(row, len(self.state.entries) - 1))

    # -- showing ------------------------------------------------------------------------------------------------

    def show_busy(self, busy: bool) -> None:
        """Show or hide the progress of a survey."""
        self.busy = busy
        self.progress.setVisible(busy)
        self.stop_button.setVisible(busy)
        for widget in (self.add_button, self.layers_button, self.remove_button):
            widget.setEnabled(not busy)
        self.completeChanged.emit()

    def show_progress(self, fraction: float, words: str) -> None:
        """Say how far the survey is."""
        self.progress.setRange(0, 100)
        self.progress.setValue(round(fraction * 100))
        self.progress.setFormat(words.replace("%", "%%") or "%p%")

    def refill(self, row: int | None = None) -> None:
        """Show the list."""
        self._filling = True
        self.table.setRowCount(len(self.state.entries))
        for index, entry in enumerate(self.state.entries):
            texts = (
                entry.title, tr(ROLE_WORDS[entry.role]), "" if entry.broken else number(entry.found["rows"]),
                entry.summary(),
            )  # fmt: skip
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(as_tip(entry.found["path"] if column == 0 else text))
                if column == 2:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(index, column, item)
        header = self.table.horizontalHeader()
        for column in range(3):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        if self.state.entries:
            self.table.setCurrentCell(max(0, len(self.state.entries) - 1 if row is None else row), 0)
        self._filling = False
        self._show_details()

    def current(self) -> Entry | None:
        """Return the chosen entry."""
        row = self.table.currentRow()
        return self.state.entries[row] if 0 <= row < len(self.state.entries) else None

    def _show_details(self) -> None:
        if self._filling:
            return
        entry = self.current()
        self.said.setText(self.state.problem())
        self.details.setEnabled(entry is not None and not entry.broken)
        self.completeChanged.emit()
        if entry is None:
            self.why.clear()
            self._label_fields(roles.OTHER)
            return
        self._filling = True
        self.role.setCurrentIndex(self.role.findData(entry.role))
        self.crs.setCrs(QgsCoordinateReferenceSystem(entry.crs) if entry.crs else QgsCoordinateReferenceSystem())
        self.crs.setEnabled(entry.has_place)
        self.encoding.setCurrentIndex(max(0, self.encoding.findData(entry.encoding)))
        fields = list(entry.found["fields"])
        for box, chosen in ((self.code_field, entry.code_field), (self.name_field, entry.name_field)):
            box.clear()
            box.addItem("–", "")
            for name in fields:
                box.addItem(name, name)
            box.setCurrentIndex(max(0, box.findData(chosen)))
        self._label_fields(entry.role)
        self.why.setText(_details(entry))
        self._filling = False

    def _label_fields(self, role: str) -> None:
        areas = role in (roles.COUNTIES, roles.STREETS, roles.COMMUNITIES)
        coded = areas or role in (roles.GRIDS, roles.COMPONENTS)
        self.code_label.setText(tr("Field with the c&lass") if role == roles.COMPONENTS else tr("Field with the &code"))
        self.name_label.setText(tr("Field with the na&me"))
        for label, box in ((self.code_label, self.code_field), (self.name_label, self.name_field)):
            box.setAccessibleName(label.text().replace("&", ""))
        for widget in (self.code_label, self.code_field):
            widget.setEnabled(coded)
        for widget in (self.name_label, self.name_field):
            widget.setEnabled(areas)

    def _changed(self, name: str, value: Any) -> None:
        entry = self.current()
        if self._filling or entry is None:
            return
        setattr(entry, name, value)
        self.refill(self.table.currentRow())

    def isComplete(self) -> bool:
        """Tell whether the next page can come."""
        return not self.busy and not self.state.problem()


def _details(entry: Entry) -> str:
    """Say why it was taken for that, and what is read from which column."""
    found = entry.found
    if entry.broken:
        return entry.summary()
    lines = []
    if found["why"] and entry.role == found["role"]:
        lines.append(tr("Recognised {why}.").format(why=sentence(found["why"])))
    if found["crs_why"] and entry.crs == found["crs"]:
        lines.append(tr("Reference system: {why}.").format(why=sentence(found["crs_why"])))
    if found["encoding"] and not entry.encoding:
        lines.append(
            tr("Code page {name}: {why}.").format(name=found["encoding"], why=sentence(found["encoding_evidence"]))
        )
    if entry.role in (roles.CASES, roles.EVENTS, roles.COMPONENTS) and found["mapping"]:
        pairs = [str(column) for column in found["mapping"].values()]
        pairs += [column for column in (found["x"], found["y"]) if column and not found["geometry"]]
        known = len(pairs)
        lines.append(
            tr("{known} of {all} columns are known: {columns}").format(
                known=known, all=len(found["fields"]), columns="、".join(pairs)
            )
        )
    faults = fault_words(found["faults"])
    if faults and entry.role == roles.GRIDS:
        lines.append(
            tr("{faults}. The grids are taken as they are; the faults are listed as issues.").format(faults=faults)
        )
    if entry.role == roles.GRIDS and not entry.code_field:
        lines.append(tr("Without a code field the grids are numbered anew."))
    if entry.role in (roles.COMMUNITIES, roles.STREETS) and not entry.code_field:
        lines.append(tr("Without a code field the areas are numbered provisionally from north to south."))
    return "\n".join(lines)
