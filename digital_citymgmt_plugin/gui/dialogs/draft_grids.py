# SPDX-License-Identifier: GPL-2.0-or-later
"""The window for drafting unit grids: layers, ranks, target, weights; beside them what one community looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QLocale, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QProgressBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core.draft_guesses import Offers
from digital_citymgmt_plugin.gui.dialogs.draft_inputs import LayerPage, WeightPage
from digital_citymgmt_plugin.gui.dialogs.draft_target import TargetPage
from digital_citymgmt_plugin.gui.dialogs.question import fit
from digital_citymgmt_plugin.gui.docks.parts import button, plain_label
from digital_citymgmt_plugin.gui.histogram import Histogram
from digital_citymgmt_plugin.gui.models.draft import summary_words, tr
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

WAIT_MS = 500  # after the last change, before the preview is asked for again
NOTES = 4


class DraftGridsDialog(QDialog):
    """Asks what a draft is made of.

    Signals: ``preview_asked``; ``draft_asked`` (the whole city); ``cancel_asked``; ``output_asked`` (where to write).
    """

    preview_asked = pyqtSignal()
    draft_asked = pyqtSignal()
    cancel_asked = pyqtSignal()
    output_asked = pyqtSignal()

    def __init__(self, offers: Offers, classes: Sequence[Mapping[str, Any]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Draft unit grids"))
        self.layer_page = LayerPage(offers)
        self.target_page = TargetPage()
        self.weight_page = WeightPage(classes)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.layer_page, tr("Layers and ranks"))
        self.tabs.addTab(self.target_page, tr("Size"))
        self.tabs.addTab(self.weight_page, tr("Load by class"))
        self.community_box = QComboBox()
        self.community_box.setAccessibleName(tr("Community of the preview"))
        self.at_once_box = QCheckBox(tr("After every change"))
        self.at_once_box.setChecked(True)
        self.preview_button = button(tr("&Preview"), tr("Draft this community and draw it on the map"), "draft_preview")
        self.area_chart = Histogram(tr("Areas (m²)"))
        self.load_chart = Histogram(tr("Loads"))
        self.found_label = plain_label()
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setAccessibleName(tr("Progress"))
        self.busy_label = plain_label()
        self.cancel_button = button(tr("&Stop"), tr("Stop what runs"), "draft_stop")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self.preview_asked)
        self._build_buttons()
        self._lay_out()
        for page in (self.layer_page, self.target_page, self.weight_page):
            page.changed.connect(self._changed)
        self.community_box.activated.connect(lambda _=0: self.preview_asked.emit())
        self.preview_button.clicked.connect(lambda _=False: self.preview_asked.emit())
        self.cancel_button.clicked.connect(lambda _=False: self.cancel_asked.emit())
        self.target_page.output_button.clicked.connect(lambda _=False: self.output_asked.emit())
        self.show_idle()
        fit(self, 940, 620)

    def _build_buttons(self) -> None:
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(self.buttons)
        self.draft_button = self.buttons.addButton(tr("&Draft all communities"), QDialogButtonBox.ButtonRole.ActionRole)
        self.draft_button.setObjectName("draft_all")
        self.draft_button.clicked.connect(lambda _=False: self.draft_asked.emit())
        for made in self.buttons.buttons():
            made.setAutoDefault(False)
        self.preview_button.setAutoDefault(False)
        self.cancel_button.setAutoDefault(False)
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        choice = QHBoxLayout()
        choice.addWidget(self.community_box, 1)
        choice.addWidget(self.preview_button)
        right = QVBoxLayout()
        right.addWidget(plain_label(tr("Preview on the map: one community, as it would be drafted")))
        right.addLayout(choice)
        right.addWidget(self.at_once_box)
        right.addWidget(self.area_chart, 1)
        right.addWidget(self.load_chart, 1)
        right.addWidget(self.found_label)
        body = QHBoxLayout()
        body.addWidget(self.tabs, 3)
        body.addLayout(right, 2)
        below = QHBoxLayout()
        below.addWidget(self.busy_label, 2)
        below.addWidget(self.bar, 1)
        below.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.addLayout(body, 1)
        layout.addLayout(below)
        layout.addWidget(self.buttons)

    # -- what is chosen -----------------------------------------------------------------------------------------

    def show_communities(self, listed: Sequence[tuple[str, str, Sequence[float]]], chosen: int = 0) -> None:
        """Offer communities for the preview: code, words, extent."""
        self.community_box.clear()
        for code, words, box in listed:
            self.community_box.addItem(words, (code, list(box)))
        if listed:
            self.community_box.setCurrentIndex(max(0, min(chosen, len(listed) - 1)))

    def community(self) -> tuple[str, list[float]]:
        """Return code and extent of the community of the preview; "" when there is none."""
        found = self.community_box.currentData()
        return (str(found[0]), list(found[1])) if found else ("", [])

    def _changed(self) -> None:
        if self.at_once_box.isChecked() and self.isVisible():
            self._timer.start()

    # -- what is found ------------------------------------------------------------------------------------------

    def show_cells(self, cells: Sequence[Mapping[str, Any]], made: Mapping[str, Any], words: str) -> None:
        """Show the histograms of a draft; ``words`` say of what."""
        target, band = float(made["target_area"]), made["band"]
        load = float(made.get("target_load") or 0)
        wanted = (band[0] * (load or target), band[1] * (load or target))
        limits = (0.0, 0.0) if load else wanted  # by load each cell says whether it is out of the band
        self.area_chart.show_values([float(cell["area_m2"]) for cell in cells], *([] if load else [wanted]))
        loads = [float(cell.get("load") or 0) for cell in cells]
        self.load_chart.show_values(loads if any(loads) else [], *([wanted] if load else []))
        lines = [words, summary_words(cells, limits)]
        if made.get("by_load"):
            lines.append(tr("The load wanted comes to {area} m².").format(area=QLocale().toString(round(target))))
        notes = [sentence(str(note["code"]), note.get("values") or {}) for note in made.get("notes") or []]
        notes = list(dict.fromkeys(notes))
        lines += notes[:NOTES]
        if len(notes) > NOTES:
            lines.append(tr("… and {count} more.").format(count=len(notes) - NOTES))
        self.found_label.setText("\n".join(line for line in lines if line))

    def show_problem(self, words: str) -> None:
        """Say why there is no draft."""
        self.area_chart.show_values([])
        self.load_chart.show_values([])
        self.found_label.setText(words)

    def show_busy(self, words: str, fraction: float) -> None:
        """Show how far the work is."""
        self.busy_label.setText(words or self.busy_label.text())
        self.bar.setValue(int(100 * max(0.0, min(1.0, fraction))))
        self.bar.setVisible(True)
        self.cancel_button.setEnabled(True)

    def show_idle(self) -> None:
        """Show that nothing runs."""
        self.busy_label.setText("")
        self.bar.setVisible(False)
        self.cancel_button.setEnabled(False)
