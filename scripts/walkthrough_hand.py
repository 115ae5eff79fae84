# SPDX-License-Identifier: GPL-2.0-or-later
"""A hand on mouse and keyboard in the real QGIS, and the frame in which the rounds of a walkthrough run.

Imported by the scripts that ``qgis --code`` runs. Every step is made of events to real widgets; the longest time that
the main thread did not answer, and where it was, is measured all along. Findings go to ``findings.json``.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QPoint, Qt, QTimer
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QLabel,
    QLineEdit,
    QMenu,
    QTextEdit,
    QWidget,
)
from qgis.utils import iface, plugins
from walkthrough_watch import Watch

OUT = Path(os.environ["DCM_WALK_OUT"])
DATA = Path(os.environ["DCM_WALK_DATA"])
NAME = "digital_citymgmt_plugin"
LEFT = Qt.MouseButton.LeftButton
# How much longer everything may take on a machine with other work.
PATIENCE = float(os.environ.get("DCM_WALK_PATIENCE", "5"))
Wait = Callable[[], bool]
# Window, text, base, button, highlight, highlighted text of a palette of our own.
PALETTES = {
    "dark": ("#2b2b2b", "#e6e6e6", "#1f1f1f", "#3a3a3a", "#2f65a0", "#ffffff"),
    "contrast": ("#000000", "#ffffff", "#000000", "#000000", "#ffff00", "#000000"),
}


class Hand:
    """Clicks and types."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.pictures = 0

    def picture(self, name: str, widget: QWidget | None = None) -> None:
        """Draw a window to a picture."""
        self.pictures += 1
        (widget or iface.mainWindow()).grab().save(str(OUT / f"{self.pictures:02d}_{name}.png"))
        self.watch.pause()

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        """Click with the left button, in the middle unless a place is given."""
        QTest.mouseClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, place or widget.rect().center())

    def write(self, edit: QLineEdit, text: str) -> None:
        """Replace the text of a line."""
        edit.setFocus()
        edit.selectAll()
        QTest.keyClick(edit, Qt.Key.Key_Delete)
        if text.isascii():
            QTest.keyClicks(edit, text)
        else:
            # There is no input method here that could type Chinese: pasted, as a user may.
            QApplication.clipboard().setText(text)
            QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(edit, Qt.Key.Key_Tab)

    def choose(self, box: QComboBox, words: str) -> None:
        """Go to an entry by Home and Down."""
        texts = [box.itemText(n) for n in range(box.count())]
        places = [
            n for n, text in enumerate(texts) if words in (text, box.itemData(n)) or text.startswith(words + " [")
        ]
        if not places:
            raise AssertionError(f"{words} is not among {texts}")
        index = places[0]
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _ in range(1000):
            if box.currentIndex() >= index:
                break
            QTest.keyClick(box, Qt.Key.Key_Down)
        if box.currentIndex() != index:
            raise AssertionError(f"{words}: not reached")


def paint(name: str) -> None:
    """Draw everything in a palette of our own."""
    window, text, base, button, highlight, highlighted = (QColor(one) for one in PALETTES[name])
    role, made = QPalette.ColorRole, QPalette()
    for where, colour in (
        (role.Window, window), (role.WindowText, text), (role.Base, base), (role.AlternateBase, window),
        (role.Text, text), (role.Button, button), (role.ButtonText, text), (role.Highlight, highlight),
        (role.HighlightedText, highlighted), (role.ToolTipBase, base), (role.ToolTipText, text),
    ):  # fmt: skip
        made.setColor(where, colour)
    faint = QColor(text)
    faint.setAlphaF(0.55)
    for where in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, where, faint)
    QApplication.setStyle("Fusion")
    QApplication.setPalette(made)
    iface.mainWindow().setPalette(made)  # what was made before keeps its own
    for part in (*iface.mainWindow().findChildren(QMenu), *iface.mainWindow().findChildren(QDockWidget)):
        part.setPalette(made)


def wait_for(what: Wait, seconds: float = 60.0, words: str = "") -> Iterator[None]:
    """Let QGIS live until something is so; a machine with other work is given ``PATIENCE`` times as long."""
    end = time.monotonic() + seconds * PATIENCE
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds * PATIENCE:.0f} s in vain: {words}")
        yield


def pause(seconds: float) -> Iterator[None]:
    """Let QGIS live for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


def first(found: list[Any], words: str) -> Any:
    """Return the first thing found; say what was looked for when there is none."""
    if not found:
        raise AssertionError(f"not found: {words}")
    return found[0]


class Round:
    """A sequence of steps as a generator (``run``): between its yields QGIS lives."""

    def __init__(self) -> None:
        self.watch = Watch(OUT / "stalls.txt")
        self.hand = Hand(self.watch)
        self.plugin = plugins[NAME]
        self.dock = self.plugin.dock
        self.controller = self.plugin.controller
        self.findings: dict[str, Any] = {"steps": [], "figures": {}, "checks": {}}

    def begin(self, step: str) -> None:
        """Note which step begins."""
        self.watch.step = step
        self.findings["steps"].append(step)

    def figure(self, words: str, value: float) -> None:
        """Note a figure."""
        self.findings["figures"][words] = round(value, 3)

    def check(self, words: str, good: bool) -> None:
        """Note whether something is as it must be."""
        self.findings["checks"][words] = bool(good)

    def run(self) -> Iterator[None]:
        """Do all steps."""
        raise NotImplementedError

    def quiet(self, seconds: float = 60) -> Iterator[None]:
        """Wait until the engine has answered and the map is drawn."""
        yield from pause(0.6)
        yield from wait_for(
            lambda: not self.controller.link.busy and self.controller._loading is None, seconds, "the engine"
        )
        yield from wait_for(lambda: not iface.mapCanvas().isDrawing(), seconds, "the map")
        yield from pause(0.3)

    def menu_action(self, name: str) -> Iterator[None]:
        """Choose an entry of the plugin's menu by mouse."""
        bar, menu = iface.mainWindow().menuBar(), iface.mainWindow().findChild(QMenu, "DcmMenu")
        self.hand.click(bar, bar.actionGeometry(menu.menuAction()).center())
        yield from wait_for(menu.isVisible, 5, "the menu")
        self.hand.picture("menu")
        action = next(one for one in menu.actions() if one.objectName() == name)
        self.hand.click(menu, menu.actionGeometry(action).center())


def begin_round(kind: Callable[[], Round]) -> None:
    """Run a round some seconds after QGIS has come up; what keeps it from beginning is told, too."""

    def start() -> None:
        try:
            _running.append(Runner(kind))
        except BaseException:
            window = QApplication.activeModalWidget()
            texts = [one.text() for one in window.findChildren(QLabel)] if window else []
            texts += [one.toPlainText() for one in window.findChildren(QTextEdit)] if window else []
            error = "\n".join([traceback.format_exc(), *texts])
            findings = {"steps": ["start"], "figures": {}, "checks": {}, "longest_wait": {}, "error": error}
            (OUT / "findings.json").write_text(json.dumps(findings, ensure_ascii=False), encoding="utf-8")
            # A dialog of QGIS may wait for an answer: no way out in good order.
            os._exit(1)

    QTimer.singleShot(3000, start)


_running: list[Any] = []


class Runner:
    """Takes a round a step further at every turn of the event loop, and ends QGIS with it."""

    def __init__(self, kind: Callable[[], Round]) -> None:
        self.walk = kind()
        self.steps = self.walk.run()
        self.timer = QTimer()
        self.timer.setInterval(30)
        self.timer.timeout.connect(self.turn)
        self.timer.start()

    def turn(self) -> None:
        """Take one step."""
        self.timer.stop()
        try:
            next(self.steps)
        except StopIteration:
            self.end("")
        except BaseException:
            self.walk.hand.picture("failed")
            for widget in QApplication.topLevelWidgets():
                if isinstance(widget, QDialog) and widget.isVisible():
                    self.walk.hand.picture("failed_dialog", widget)
            self.end(traceback.format_exc())
        else:
            self.timer.start()

    def end(self, error: str) -> None:
        """Write the findings and leave QGIS."""
        findings, watch = self.walk.findings, self.walk.watch
        findings["error"] = error
        findings["layers"] = [layer.source() for layer in QgsProject.instance().mapLayers().values()]
        findings["said"] = [item.text() for item in iface.messageBar().items()]
        findings["longest_wait"] = {step: round(gap, 3) for step, gap in watch.gaps.items()}
        findings["own_work"] = {step: round(work, 3) for step, work in watch.own.items()}
        findings["stalled_at"] = watch.where
        watch.stop()
        (OUT / "findings.json").write_text(json.dumps(findings, ensure_ascii=False, indent=1), encoding="utf-8")
        self.walk.controller.unwritten.tellers.clear()  # nobody is there to answer
        QgsProject.instance().clear()
        QgsProject.instance().setDirty(False)
        iface.actionExit().trigger()
