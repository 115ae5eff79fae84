# SPDX-License-Identifier: GPL-2.0-or-later
"""Second page: what the files tell of the city, and where it is to be kept."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsCoordinateReferenceSystem
from qgis.gui import QgsFileWidget, QgsProjectionSelectionWidget
from qgis.PyQt.QtCore import QRegularExpression, QStandardPaths, Qt
from qgis.PyQt.QtGui import QRegularExpressionValidator
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget, QWizardPage

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.bridge.settings import LAST_FOLDER
from digital_citymgmt_plugin.core.requests import CreateStore
from digital_citymgmt_plugin.gui.dialogs.new_store import EDITIONS, is_metric
from digital_citymgmt_plugin.gui.wizard.state import PROVISIONAL, WizardState, tr


def documents() -> Path:
    """Return the folder for a new city: the one used last, else the user's documents."""
    last = LAST_FOLDER.get()
    if last and Path(last).is_dir():
        return Path(last)
    found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(found) if found else Path.home()


class CityPage(QWizardPage):
    """County, edition, reference system and file; filled in as far as the files tell."""

    def __init__(self, state: WizardState) -> None:
        super().__init__()
        self.state = state
        self.setTitle(tr("Which city is it?"))
        self.setSubTitle(
            tr("Filled in as far as the files tell. Code, edition and reference system cannot be changed later.")
        )
        self.county_code = QLineEdit()
        self.county_code.setMaxLength(6)
        self.county_code.setValidator(QRegularExpressionValidator(QRegularExpression("[0-9]{0,6}"), self))
        self.county_name = QLineEdit()
        self.edition = QComboBox()
        for value, words in EDITIONS:
            self.edition.addItem(words, value)
        self.crs = QgsProjectionSelectionWidget()
        self.profile = QgsFileWidget()
        self.profile.setFilter(tr("City profile (workbook)") + " (*.xlsx)")
        self.path = QgsFileWidget()
        self.path.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.path.setFilter(tr("City store (GeoPackage)") + " (*.gpkg)")
        self.path.setConfirmOverwrite(False)  # a store is never overwritten
        self.code_why, self.edition_why, self.crs_why = QLabel(), QLabel(), QLabel()
        self.said = QLabel()
        self.said.setAccessibleName(tr("What is missing"))
        for label in (self.code_why, self.edition_why, self.crs_why, self.said):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._lay_out()
        for signal in (
            self.county_code.textChanged, self.county_name.textChanged, self.crs.crsChanged, self.path.fileChanged,
            self.profile.fileChanged,
        ):  # fmt: skip
            signal.connect(self._check)

    def _lay_out(self) -> None:
        form = QFormLayout()
        rows: tuple[tuple[str, QWidget, QLabel | None], ...] = (
            (tr("County code (6 &digits)"), self.county_code, self.code_why),
            (tr("County na&me"), self.county_name, None),
            (tr("&Edition of the standard"), self.edition, self.edition_why),
            (tr("Reference &system (in metres)"), self.crs, self.crs_why),
            (tr("City &profile (optional)"), self.profile, None),
            (tr("Fi&le of the city"), self.path, None),
        )
        for words, widget, why in rows:
            label = QLabel(words)
            label.setBuddy(widget.lineEdit() if isinstance(widget, QgsFileWidget) else widget)
            widget.setAccessibleName(words.replace("&", ""))
            form.addRow(label, widget)
            if why is not None:
                form.addRow("", why)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(self.said)

    def initializePage(self) -> None:
        """Fill in what the files tell; what the user wrote before stays."""
        city = self.state.city
        if not self.county_code.text():
            self.county_code.setText(city.get("county_code") or PROVISIONAL)
        self.code_why.setText(
            tr("By the codes in the files.")
            if city.get("county_code")
            else tr("No file tells it: 000000 is provisional. Codes that are issued with it stay.")
        )
        if not self.county_name.text():
            self.county_name.setText(self.state.name())
        if city.get("edition"):
            self.edition.setCurrentIndex(self.edition.findData(city["edition"]))
        self.edition_why.setText(
            tr("By the length of codes and classes in the files.")
            if city.get("edition")
            else tr("The newest; no file tells it.")
        )
        if not self.crs.crs().isValid() and city.get("crs"):
            self.crs.setCrs(QgsCoordinateReferenceSystem(city["crs"]))
        self.crs_why.setText(sentence(city.get("crs_why") or "guess.crs_unknown"))
        if not self.profile.filePath() and city.get("profile"):
            self.profile.setFilePath(city["profile"])
        if not self.path.filePath():
            self.path.setFilePath(str(_free(documents() / f"{_plain(self.county_name.text())}.gpkg")))
        self._check()

    def problem(self) -> str:
        """Say what is missing, "" when nothing is."""
        path = self.path.filePath().strip()
        profile = self.profile.filePath().strip()
        checks = (
            (len(self.county_code.text()) != 6, tr("The county code has six digits (GB/T 2260).")),
            (not self.county_name.text().strip(), tr("Name the county.")),
            (
                not is_metric(self.crs.crs()),
                tr("Choose a projected reference system in metres, e.g. CGCS2000 3-degree."),
            ),
            (bool(profile) and not Path(profile).is_file(), tr("The city profile is not there.")),
            (not path, tr("Name the file of the new store.")),
            (bool(path) and Path(self.store_path()).exists(), tr("This file is there already; name a new one.")),
        )
        return next((words for wrong, words in checks if wrong), "")

    def _check(self, *_: object) -> None:
        self.said.setText(self.problem())
        self.completeChanged.emit()

    def isComplete(self) -> bool:
        """Tell whether the next page can come."""
        return not self.problem()

    def store_path(self) -> str:
        """Return the file's path with its ending."""
        path = self.path.filePath().strip()
        return path if path.lower().endswith(".gpkg") else f"{path}.gpkg"

    def request(self) -> CreateStore:
        """Return the store that was asked for."""
        crs = self.crs.crs()
        return CreateStore(
            path=self.store_path(), edition=str(self.edition.currentData()), county_code=self.county_code.text(),
            county_name=self.county_name.text().strip(), crs=crs.authid() or crs.toWkt(),
            profile=self.profile.filePath().strip() or None,
        )  # fmt: skip


def _plain(name: str) -> str:
    """Return a name that every file system takes."""
    return "".join(letter for letter in name if letter.isalnum() or letter in "-_") or "city"


def _free(path: Path) -> Path:
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}_{number}{path.suffix}")
    return found
