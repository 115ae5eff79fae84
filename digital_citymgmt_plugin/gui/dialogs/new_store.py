# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog that asks what a new city store needs: file, edition, county, reference system."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsProject, QgsUnitTypes
from qgis.gui import QgsFileWidget, QgsProjectionSelectionWidget
from qgis.PyQt.QtCore import QCoreApplication, QRegularExpression
from qgis.PyQt.QtGui import QRegularExpressionValidator
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.core.requests import CreateStore
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.hints import hint
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

# Edition → what it is called. The newest comes first: default of a new project.
EDITIONS = (
    ("2026", "2026 – GB/T 47678"),
    ("2013", "2013 – GB/T 30428"),
    ("2007", "2007 – CJ/T 213, CJ/T 214"),
)


def tr(text: str) -> str:
    """Translate a text of the dialog."""
    return QCoreApplication.translate("NewStore", text)


def is_metric(crs: QgsCoordinateReferenceSystem) -> bool:
    """Tell whether areas and distances in a CRS are metres."""
    metres = getattr(Qgis, "DistanceUnit", None)
    metre = metres.Meters if metres is not None else QgsUnitTypes.DistanceUnit.DistanceMeters
    return crs.isValid() and not crs.isGeographic() and crs.mapUnits() == metre


class NewStoreDialog(QDialog):
    """Asks for a ``CreateStore`` request; OK opens only when it is whole, and a line says what is missing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("DcmNewStore")
        self.setWindowTitle(tr("New city store"))
        self.path = QgsFileWidget()
        self.path.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.path.setFilter(tr("City store (GeoPackage)") + " (*.gpkg)")
        self.path.setDialogTitle(tr("New city store"))
        self.path.setConfirmOverwrite(False)  # the engine never overwrites a store
        self.edition = QComboBox()
        for value, words in EDITIONS:
            self.edition.addItem(words, value)
        self.county_code = QLineEdit()
        self.county_code.setMaxLength(6)
        self.county_code.setValidator(QRegularExpressionValidator(QRegularExpression("[0-9]{0,6}"), self))
        hint(self.county_code, "320681")
        self.county_name = QLineEdit()
        hint(self.county_name, "启东市")
        self.crs = QgsProjectionSelectionWidget()
        project_crs = QgsProject.instance().crs()
        if is_metric(project_crs):
            self.crs.setCrs(project_crs)
        self.profile = QgsFileWidget()
        self.profile.setFilter(tr("City profile (workbook)") + " (*.xlsx)")
        self.missing = QLabel()
        self.missing.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(self.buttons)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("&Create"))
        self._lay_out()
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.path.fileChanged.connect(self._check)
        self.county_code.textChanged.connect(self._check)
        self.county_name.textChanged.connect(self._check)
        self.crs.crsChanged.connect(self._check)
        self._check()

    def _lay_out(self) -> None:
        form = QFormLayout()
        rows: list[tuple[str, QWidget]] = [
            (tr("&File"), self.path),
            (tr("&Edition of the standard"), self.edition),
            (tr("County code (6 &digits)"), self.county_code),
            (tr("County &name"), self.county_name),
            (tr("Reference &system (in metres)"), self.crs),
            (tr("City &profile (optional)"), self.profile),
        ]
        for words, widget in rows:
            label = QLabel(words)
            label.setBuddy(widget.lineEdit() if isinstance(widget, QgsFileWidget) else widget)
            widget.setAccessibleName(words.replace("&", ""))
            form.addRow(label, widget)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.missing)
        layout.addWidget(self.buttons)
        fit(self, 560, 200)

    def problem(self) -> str:
        """Say what is missing, "" when the request is whole."""
        path = self.path.filePath().strip()
        checks = (
            (not path, tr("Name the file of the new store.")),
            (bool(path) and Path(self.store_path()).exists(), tr("This file is there already; name a new one.")),
            (len(self.county_code.text()) != 6, tr("The county code has six digits (GB/T 2260).")),
            (not self.county_name.text().strip(), tr("Name the county.")),
            (
                not is_metric(self.crs.crs()),
                tr("Choose a projected reference system in metres, e.g. CGCS2000 3-degree."),
            ),
        )
        return next((words for wrong, words in checks if wrong), "")

    def _check(self, *_: object) -> None:
        problem = self.problem()
        self.missing.setText(problem)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not problem)

    def store_path(self) -> str:
        """Return the file's path with its ending."""
        path = self.path.filePath().strip()
        return path if path.lower().endswith(".gpkg") else f"{path}.gpkg"

    def request(self) -> CreateStore:
        """Return what was asked for."""
        crs = self.crs.crs()
        return CreateStore(
            path=self.store_path(),
            edition=str(self.edition.currentData()),
            county_code=self.county_code.text(),
            county_name=self.county_name.text().strip(),
            crs=crs.authid() or crs.toWkt(),
            profile=self.profile.filePath().strip() or None,
        )
