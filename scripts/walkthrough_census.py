# SPDX-License-Identifier: GPL-2.0-or-later
"""A census day in the real window (``qgis --code``): base map, candidates, sheets, census, photos, doubles, checks.

``bash scripts/run_walkthrough.sh --census`` starts it with the demo city and files made of it
(``walkthrough_census_data.py``), wrong ones among them. The pictures ``doc_….png`` are those of ``docs/user/img``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QMimeData, QPointF, Qt, QUrl
from qgis.PyQt.QtGui import QDropEvent
from qgis.PyQt.QtWidgets import QDialog, QLineEdit, QPlainTextEdit, QPushButton, QTextEdit, QWidget
from qgis.utils import iface

sys.path.insert(0, os.environ["DCM_WALK_SCRIPTS"])

from walkthrough_hand import OUT, Round, begin_round, first, paint, pause, wait_for  # (``--code`` sets no path)

DAY = OUT / "census_day"
SURVEYOR = "市测绘院"


class CensusDay(Round):
    """The steps in the demo city; a subclass has others."""

    STEPS = (
        "base_map", "reuse", "orthophoto", "candidates", "sheets", "catalogue", "census", "photos", "doubles", "checks",
        "undo",
    )  # fmt: skip

    def run(self) -> Iterator[None]:
        """Do the day, in the theme that is asked for."""
        if os.environ.get("DCM_WALK_THEME"):
            QgsApplication.setUITheme(os.environ["DCM_WALK_THEME"])
        if os.environ.get("DCM_WALK_PALETTE"):
            paint(os.environ["DCM_WALK_PALETTE"])
        iface.mainWindow().setGeometry(0, 0, 1900, 1060)
        self.desks = self.plugin.census
        yield from pause(1.0)
        self.begin("demo city")
        self.hand.click(self.dock.demo_button)
        yield from wait_for(lambda: bool(self.controller.path), 240, "the demo city")
        yield from self.quiet()
        self.findings["demo"] = self.controller.path
        for step in self.STEPS:
            self.begin(step)
            yield from getattr(self, step)()

    # -- base map -----------------------------------------------------------------------------------------------

    def base_map(self) -> Iterator[None]:
        """Open the window, drop what is no drawing, then the folder; map two layers and let them in."""
        desk = self.desks.base_map
        yield from self.menu_action("dcm_base_map")
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the base map window")
        for name in ("坏图.dxf", "空表.csv", "图纸"):
            yield from self.drop(desk.dialog, DAY / name)
            self.hand.picture(f"base_map_{Path(name).suffix[1:] or 'folder'}", desk.dialog)
            told = desk.dialog.import_button.isEnabled() == (name == "图纸")
            self.check(f"base map: {name} is told", told and bool(desk.dialog.label.text()))
        dialog = desk.dialog
        self.hand.write(dialog.name_box.lineEdit(), SURVEYOR)
        for layer, word in (("DG_LAMP", "路灯"), ("PS_STORM", "雨水井盖"), ("PS_SEWER", "污水井盖")):
            box = dialog.component_boxes[layer]
            dialog.table.scrollToItem(dialog.table.item(list(dialog.theme_boxes).index(layer), 0))
            texts = [box.itemText(n) for n in range(box.count())]
            self.hand.choose(dialog.theme_boxes[layer], "facility")
            self.hand.choose(box, first([text for text in texts if text.endswith(f" {word}")], word))
        dialog.table.scrollToTop()
        yield from pause(0.3)
        self.document("base-map-dialog", dialog)
        self.hand.click(dialog.import_button)
        yield from self.confirm("base_map", lambda: desk.preview)
        self.hand.picture("base_map")

    def reuse(self) -> Iterator[None]:
        """Look at a drawing of the same house again: what its layers mean is known."""
        desk = self.desks.base_map
        yield from self.menu_action("dcm_base_map")
        yield from wait_for(lambda: desk.dialog is not None and desk.dialog.isVisible(), 20, "the base map window")
        yield from self.drop(desk.dialog, DAY / "图纸" / "道路改造.dxf")
        dialog = desk.dialog
        self.hand.picture("base_map_again", dialog)
        self.check("mapping: proposed by itself", dialog.name_box.currentText() == SURVEYOR)
        self.check("mapping: heard", dialog.theme_boxes["DG_LAMP"].currentData() == "facility")
        self.hand.write(dialog.encoding_box.lineEdit(), "nonsense")
        self.hand.click(dialog.look_button)
        yield from self.settled()
        self.check("a wrong code page is told", not dialog.import_button.isEnabled())
        dialog.reject()
        yield from pause(0.3)

    def orthophoto(self) -> Iterator[None]:
        """Lay an image under the map (its window of files is the system's)."""
        self.desks.backdrop.take(str(DAY / "空表.csv"))  # told in the message bar
        self.check("orthophoto: what is none is told", bool(iface.messageBar().items()))
        self.desks.backdrop.take(str(DAY / "影像.tif"))
        yield from self.settled()
        order = QgsProject.instance().layerTreeRoot().layerOrder()
        self.check("orthophoto: below all", order[-1].name() == "影像")
        canvas = iface.mapCanvas()
        canvas.setExtent(order[-1].extent())
        canvas.zoomScale(2_000)
        yield from self.settled()
        self.document("orthophoto", canvas)

    # -- candidates and sheets ----------------------------------------------------------------------------------

    def candidates(self) -> Iterator[None]:
        """Find candidates; confirm one, then the class; reject one; ask for a merger of one only."""
        desk = self.desks.candidates
        yield from self.menu_action("dcm_candidates")
        yield from self.settled()
        dock = desk.dock
        self.hand.click(dock.make_button)
        yield from self.confirm("make_candidates", lambda: desk.preview)
        self.hand.click(dock.decide_buttons["confirm"])
        yield from pause(0.3)
        self.check("candidates: none selected is told", desk.preview is None and bool(dock.label.text()))
        yield from self.choose_row(dock.class_view, 0)
        yield from self.choose_row(dock.view, 0)
        self.document("candidate-panel", dock)
        self.hand.click(dock.decide_buttons["merge"])
        yield from pause(0.3)
        self.check("candidates: one cannot be merged", desk.preview is None)
        for number, button in enumerate(("confirm", "reject", "confirm_class")):
            yield from self.choose_row(dock.class_view, number // 2)
            if button != "confirm_class":
                yield from self.choose_row(dock.view, 0)
            self.hand.click(dock.decide_buttons[button])
            yield from self.confirm(button, lambda: desk.preview)
        self.hand.picture("candidates", dock)

    def sheets(self) -> Iterator[None]:
        """Give two sheets to a crew; a day that is none is refused."""
        desk = self.desks.sheets
        yield from self.menu_action("dcm_sheets")
        yield from self.settled()
        dock = desk.dock
        yield from self.choose_row(dock.sheet_view, 0)
        self.hand.write(dock.crew_edit, "一组")
        self.hand.write(dock.planned_edit, "2026-13-45")
        self.hand.click(dock.apply_button)
        yield from self.settled()
        self.hand.picture("sheets_wrong_day")
        self.check("sheets: a day that is none is told", desk.preview is None)
        self.hand.write(dock.planned_edit, "2026-12-01")
        self.hand.click(dock.apply_button)
        yield from self.confirm("sheets", lambda: desk.preview)
        self.hand.picture("sheets")

    # -- catalogue, census, photos ------------------------------------------------------------------------------

    def catalogue(self) -> Iterator[None]:
        """Ask for photos of lamps; a number that is none is refused."""
        actions = self.plugin.catalogue
        yield from self.menu_action("dcm_class_catalogue")
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 20, "the catalogue")
        dialog = actions.dialog
        self.hand.write(dialog.field, "路灯")
        yield from pause(0.5)
        self.hand.write(dialog.photos_field, "nan")
        self.hand.click(dialog.write_button)
        yield from wait_for(lambda: actions.compared is not None and actions.compared.isVisible(), 20, "the refusal")
        self.hand.picture("catalogue_refused", actions.compared)
        self.check("catalogue: a number that is none is told", not actions.compared.findChildren(
            QPushButton, "write_profile"))  # fmt: skip
        actions.compared.reject()
        self.hand.write(dialog.photos_field, "1")
        self.hand.write(dialog.duplicate_field, "1.5")
        yield from pause(0.3)
        self.document("class-catalogue", dialog)
        self.hand.click(dialog.write_button)
        yield from wait_for(lambda: actions.compared is not None and actions.compared.isVisible(), 20, "differences")
        self.hand.picture("catalogue_differences", actions.compared)
        self.hand.click(first(actions.compared.findChildren(QPushButton, "write_profile"), "Write of the catalogue"))
        yield from self.settled()
        actions.dialog.reject()
        yield from pause(0.3)

    def census(self) -> Iterator[None]:
        """Map the ledger: its words become classes, one stays open and is rejected."""
        mapping = self.plugin.mapping
        for name in ("空表.csv", "说明.csv"):
            mapping.look(str(DAY / name))
            yield from self.settled()
            self.hand.picture(f"census_{Path(name).stem}", mapping.dialog)
            if mapping.dialog is not None:
                mapping.dialog.reject()
            yield from pause(0.3)
        mapping.look(str(DAY / "旧台账.xlsx"))
        yield from self.settled()
        dialog = mapping.dialog
        for at in range(dialog.words.rowCount()):
            box = dialog.words.cellWidget(at, 2)
            wanted = {"路灯杆": "路灯", "雨水井": "雨水井盖", "污水井": "污水井盖"}.get(dialog.words.item(at, 0).text())
            if wanted:
                texts = [box.itemText(n) for n in range(box.count())]
                self.hand.choose(box, first([text for text in texts if text.endswith(f" {wanted}")], wanted))
        yield from pause(0.3)
        self.document("census-mapping", dialog)
        self.hand.click(first(dialog.findChildren(QPushButton, "import_mapped"), "Go on to the import"))
        yield from self.algorithm("census")

    def photos(self) -> Iterator[None]:
        """Import the photos, first from a folder that is not there."""
        for folder in (DAY / "没有", DAY / "照片"):
            yield from self.menu_action("dcm_photos")
            yield from wait_for(lambda: self.plugin.dialogs.dialogs(), 20, "the dialog of photos")
            dialog = self.plugin.dialogs.dialogs()[-1]
            self.hand.write(self.widget(dialog, "FOLDER"), str(folder))
            self.hand.write(self.widget(dialog, "OUTPUT"), str(OUT / "孤儿.xlsx"))
            yield from self.algorithm("photos" if folder.name == "照片" else "photos_nowhere")

    # -- doubles, checks, undo ----------------------------------------------------------------------------------

    def doubles(self) -> Iterator[None]:
        """Find doubles, look at a pair with photos, merge one, let one stand, merge in bulk."""
        actions = self.plugin.duplicates
        yield from self.menu_action("dcm_duplicates")
        yield from self.settled()
        dock = actions.dock
        self.hand.click(dock.find_button)
        yield from self.settled(120)
        self.check("doubles: the planted pairs are found", len(dock.pairs) >= 75)
        before = len(dock.pairs)
        for row in range(min(30, before)):
            dock.pair_view.selectRow(row)
            yield from self.settled()
            if all(end.get("photos") for end in actions.shown.get("ends") or [{}]):
                break
        yield from pause(0.8)
        labels = [dock.photo_row.itemAt(at).widget() for at in range(dock.photo_row.count())]
        self.check("doubles: photos are shown", any(label.height() > 50 for label in labels))
        self.document("duplicates")
        self.hand.click(dock.left_button)
        yield from self.settled()
        self.check("doubles: one merged", len(dock.pairs) == before - 1)
        self.check("doubles: no waiver without a reason", not dock.waive_button.isEnabled())
        self.hand.write(dock.reason_edit, "两侧各一盏")
        self.hand.click(dock.waive_button)
        yield from self.settled()
        self.check("doubles: one waived", len(dock.pairs) == before - 2)

    def checks(self) -> Iterator[None]:
        """Run all checks; go through issues; mend one with a wrong value, then a right one; waive; export."""
        desk = self.desks.issues
        yield from self.menu_action("dcm_issues")
        yield from self.settled()
        dock = desk.dock
        dock.check_all.trigger()
        yield from self.settled(240)
        self.hand.picture("issues")
        self.check("checks: issues are listed", dock.issues.rowCount() > 0)
        yield from self.choose_row(dock.rule_view, 0)
        for _ in range(3):
            self.hand.click(dock.next_button)
            yield from self.settled()
        self.document("issue-dock", dock)
        self.hand.click(dock.fix_button)
        yield from wait_for(lambda: self.window_of(dock) is not None, 20, "the form")
        self.document("fix-component", self.window_of(dock))
        self.window_of(dock).reject()
        yield from pause(0.3)
        self.hand.click(dock.waive_button)
        yield from wait_for(lambda: self.window_of(dock) is not None, 20, "the reason")
        dialog = self.window_of(dock)
        dialog.findChild(QPlainTextEdit).setPlainText("甲方确认保留")
        yield from pause(0.2)
        self.hand.picture("waive", dialog)
        dialog.accept()
        yield from self.settled()
        if desk.preview is not None:
            yield from self.confirm("waive", lambda: desk.preview)
        self.hand.picture("issues_after")

    def undo(self) -> Iterator[None]:
        """Take back the census of the ledger: its doubles and photos hang on it, and that is said."""
        actions = self.plugin.operations
        yield from self.menu_action("dcm_operations")
        yield from wait_for(lambda: actions.dialog is not None and actions.dialog.isVisible(), 20, "the log")
        dialog = actions.dialog
        kinds = [item["kind"] for item in dialog.operations]
        self.findings["kinds"] = kinds
        dialog.table.selectRow(kinds.index("import_components"))
        yield from pause(0.3)
        self.hand.picture("operations", dialog)
        self.hand.click(dialog.undo_button)
        yield from wait_for(lambda: actions.preview is not None, 60, "what taking back would change")
        yield from pause(0.5)
        self.hand.picture("undo", actions.preview)
        actions.preview.reject()
        yield from self.settled()

    def document(self, name: str, widget: QWidget | None = None) -> None:
        """Draw a picture for the user's pages."""
        iface.messageBar().clearWidgets()
        self.hand.picture(f"doc_{name}", widget)

    # -- what the steps share -----------------------------------------------------------------------------------

    def settled(self, seconds: float = 60) -> Iterator[None]:
        """Wait for what was just asked of the engine."""
        yield from pause(0.3)
        yield from self.quiet(seconds)

    def drop(self, dialog: Any, path: Path) -> Iterator[None]:
        """Drop a file or folder onto a window."""
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path))])
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        dialog.dropEvent(QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, mime, left, none))
        yield from self.settled()

    def choose_row(self, view: Any, row: int) -> Iterator[None]:
        """Click a row of a table."""
        index = view.model().index(row, 0)
        view.scrollTo(index)
        self.hand.click(view.viewport(), view.visualRect(index).center())
        yield from self.settled()

    def confirm(self, title: str, asked: Callable[[], Any], seconds: float = 120) -> Iterator[None]:
        """Wait for the counts and press Write."""
        yield from wait_for(lambda: asked() is not None and asked().isVisible(), seconds, f"the counts of {title}")
        yield from pause(0.4)
        dialog = asked()
        self.hand.picture(f"{title}_counts", dialog)
        self.hand.click(first(dialog.findChildren(QPushButton, "write_previewed"), f"Write of {title}"))
        yield from self.settled(seconds)

    def algorithm(self, title: str, seconds: float = 120) -> Iterator[None]:
        """Run what Processing's dialog shows, confirm its counts, close it."""
        yield from wait_for(lambda: self.plugin.dialogs.dialogs(), 20, f"the dialog of {title}")
        dialog = self.plugin.dialogs.dialogs()[-1]
        yield from pause(0.5)
        if title == "photos":
            self.document("photos-import", dialog)
        else:
            self.hand.picture(f"{title}_asked", dialog)
        self.hand.click(dialog.runButton())
        asked = self.plugin.dialogs.confirmations.dialogs
        said = lambda: "".join(edit.toPlainText() for edit in dialog.findChildren(QTextEdit))  # noqa: E731
        yield from wait_for(lambda: asked() or dialog.wasExecuted() or "Error" in said(), seconds, f"{title} to run")
        if asked():
            yield from self.confirm(title, lambda: asked()[0] if asked() else None)
            yield from wait_for(dialog.wasExecuted, seconds, f"{title} to end")
        yield from pause(0.5)
        self.hand.picture(f"{title}_log", dialog)
        self.findings.setdefault("logs", {})[title] = said()
        dialog.close()
        yield from self.settled()

    def widget(self, dialog: Any, parameter: str) -> QLineEdit:
        """Find the line of a parameter in Processing's dialog."""
        wrapper = dialog.mainWidget().wrappers[parameter]
        widget = wrapper.wrappedWidget() if hasattr(wrapper, "wrappedWidget") else wrapper.widget
        return widget if isinstance(widget, QLineEdit) else widget.findChild(QLineEdit)

    def window_of(self, dock: QWidget) -> QDialog | None:
        """Return the window that a dock has opened."""
        return next((one for one in dock.findChildren(QDialog) if one.isVisible()), None)


if __name__ == "__main__":
    begin_round(CensusDay)
