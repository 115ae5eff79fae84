# SPDX-License-Identifier: GPL-2.0-or-later
"""All docks and windows side by side: narrow enough, small enough, named, in one language, with colours to be read."""

from __future__ import annotations

import importlib

import pytest
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QApplication, QDialogButtonBox, QDockWidget, QMenu, QPushButton

from digital_citymgmt_plugin.bridge.i18n import install_translator, remove_translator
from digital_citymgmt_plugin.plugin import MENU_NAME, CityPlugin
from tests.qgis.desktop import ROOT
from tests.qgis.window import Iface

pytestmark = pytest.mark.qgis
WIDEST = 520  # px: of a dock with letters of twice the size
SCREEN = (1366, 768)
BEING_BUILT: set[str] = set()


@pytest.fixture(scope="module")
def looks():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        return importlib.import_module("review_looks")


@pytest.fixture(scope="module")
def chinese(tmp_path_factory, qgis_app):
    """The folder of the compiled translation."""
    folder = tmp_path_factory.mktemp("i18n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        build = importlib.import_module("build_ts")
    source, _, _ = build.write_ts(folder)
    build.compile_qm(source, folder)
    return folder


@pytest.fixture
def large():
    """Letters of twice the size that QGIS has by itself (9 points), while a test lasts."""
    before = QApplication.font()
    font = QApplication.font()
    font.setPointSizeF(18)
    QApplication.setFont(font)
    yield
    QApplication.setFont(before)


@pytest.fixture(params=["en", "zh_CN"])
def locale(request, chinese):
    translator = install_translator("zh_CN", [chinese]) if request.param == "zh_CN" else None
    yield request.param
    if translator is not None:
        remove_translator(translator)


def loaded(monkeypatch, locale):
    """Load the plugin into a window, in the language of the test."""
    monkeypatch.setattr("digital_citymgmt_plugin.plugin.install_translator", lambda: None)
    iface = Iface()
    iface.window.resize(*SCREEN)
    iface.window.show()
    plugin = CityPlugin(iface)
    plugin.initGui()
    return iface, plugin


@pytest.fixture
def plugin(locale, qgis_app, monkeypatch):
    iface, plugin = loaded(monkeypatch, locale)
    yield plugin
    plugin.unload()
    iface.window.close()


@pytest.fixture
def large_plugin(large, locale, qgis_app, monkeypatch):
    iface, plugin = loaded(monkeypatch, locale)
    yield plugin
    plugin.unload()
    iface.window.close()


def docks(plugin):
    """All docks, that of the doubles too."""
    from digital_citymgmt_plugin.gui.docks.duplicates_dock import DuplicatesDock

    doubles = DuplicatesDock(plugin.iface.window)
    shown = [dock for _words, _name, dock in plugin.census.docks if dock.objectName() not in BEING_BUILT]
    return [plugin.dock, *shown, doubles]


def windows(plugin):
    """The windows that need no answer of an engine to stand there."""
    from digital_citymgmt_plugin.gui.dialogs.base_map import BaseMapDialog
    from digital_citymgmt_plugin.gui.dialogs.check_rules import CheckRules
    from digital_citymgmt_plugin.gui.dialogs.class_catalogue import ClassCatalogue
    from digital_citymgmt_plugin.gui.dialogs.class_picker import ClassDialog
    from digital_citymgmt_plugin.gui.dialogs.fix_component import ReasonDialog
    from digital_citymgmt_plugin.gui.dialogs.new_store import NewStoreDialog
    from digital_citymgmt_plugin.gui.dialogs.operations import OperationsDialog
    from digital_citymgmt_plugin.gui.dialogs.preview import PreviewDialog
    from digital_citymgmt_plugin.gui.dialogs.question import ask_text, question
    from digital_citymgmt_plugin.gui.dialogs.redraw_settings import RedrawSettings
    from digital_citymgmt_plugin.gui.dialogs.vendor_grids import VendorDialog

    window = plugin.iface.window
    answer = {"counts": {"grids_new": 2}, "writes": True}
    return [
        BaseMapDialog(window), CheckRules([], "", window), ClassCatalogue([], [], window),
        ClassDialog([], False, window), ReasonDialog("", window), NewStoreDialog(window),
        OperationsDialog([], window), PreviewDialog("", answer, window), RedrawSettings([], {}, window),
        VendorDialog(window), question(window, "", ""), ask_text(window, "", "", "", print),
    ]  # fmt: skip


def test_no_dock_is_wider_than_a_third_of_a_small_screen(large_plugin):
    wide = {dock.objectName(): dock.widget().minimumSizeHint().width() for dock in docks(large_plugin)}
    assert {name: width for name, width in wide.items() if width > WIDEST} == {}


def test_every_dock_can_be_low(large_plugin):
    high = {dock.objectName(): dock.widget().minimumSizeHint().height() for dock in docks(large_plugin)}
    assert {name: height for name, height in high.items() if height > SCREEN[1] // 2} == {}


def test_docks_shown_one_after_the_other_do_not_make_the_window_grow(plugin):
    window = plugin.iface.window
    for _words, _name, dock in plugin.census.docks:
        plugin.census._bring(dock)
        QApplication.processEvents()
        assert window.height() <= SCREEN[1], dock.objectName()
        assert dock in window.tabifiedDockWidgets(plugin.dock)


def test_windows_fit_a_small_screen(large_plugin):
    for dialog in windows(large_plugin):
        least = dialog.minimumSizeHint().expandedTo(dialog.minimumSize())
        assert least.width() <= SCREEN[0] - 40 and least.height() <= 700, (type(dialog).__name__, least)


def test_every_button_of_a_dock_says_what_it_does(plugin, looks):
    for dock in docks(plugin):
        assert looks.unnamed(dock.widget()) == [], dock.objectName()


def test_no_letter_is_used_twice_in_a_dock_or_window(plugin, looks):
    for one in (*docks(plugin), *windows(plugin)):
        assert looks.letters_twice(one) == {}, type(one).__name__


def test_nothing_is_left_in_english(plugin, looks, locale):
    if locale == "en":
        return
    for one in (*docks(plugin), *windows(plugin)):
        found = [
            f"{kind}: {text}" for kind, text in looks.texts(one) if looks.untranslated(text) and not foreign(text)
        ]
        assert found == [], type(one).__name__
    menu = plugin.iface.window.findChild(QMenu, MENU_NAME)
    assert [action.text() for action in menu.actions() if looks.untranslated(action.text())] == []


def foreign(text: str) -> bool:
    """Tell whether a text is QGIS's own: its widgets for files and reference systems speak its language."""
    words = (
        "north", "other", "CRS", "projection", "Browse", "Full path to", "EPSG", "GEOGCRS", "PROJCRS", "Close", "Float",
    )  # fmt: skip
    return any(word in text for word in words)


def test_enter_presses_no_button_that_only_stands_first(plugin):
    for dialog in windows(plugin):
        for box in dialog.findChildren(QDialogButtonBox):
            for button in box.buttons():
                if box.buttonRole(button) == QDialogButtonBox.ButtonRole.ActionRole:
                    assert isinstance(button, QPushButton) and not button.autoDefault(), button.text()


def test_docks_have_no_colours_of_their_own_but_those_of_signs(plugin):
    for dock in docks(plugin):
        assert isinstance(dock, QDockWidget)
        for widget in dock.findChildren(QPushButton):
            assert not widget.styleSheet() and not widget.testAttribute(widget_palette())


def widget_palette():
    from qgis.PyQt.QtCore import Qt

    return Qt.WidgetAttribute.WA_SetPalette


def test_signs_can_be_told_on_light_and_dark(looks):
    """White signs on coloured badges, and the badges on both grounds: 3 to 1 is what WCAG 1.4.11 asks of signs."""
    from digital_citymgmt_plugin.gui.models import redraw, totals

    white = QColor("#ffffff")
    for colours in (redraw.COLOURS, totals._COLOURS):
        for name, colour in colours.items():
            assert looks.contrast(white, QColor(colour)) >= 3.0, (name, colour)
            assert looks.contrast(QColor("#1f1f1f"), QColor(colour)) >= 2.5, (name, colour)


def test_what_is_said_has_the_colour_of_the_palette(plugin, looks):
    """Labels take their colour from the theme: 4.5 to 1 is then the theme's to keep."""
    role = QPalette.ColorRole
    for dock in docks(plugin):
        palette = dock.palette()
        assert looks.contrast(palette.color(role.WindowText), palette.color(role.Window)) >= 4.5
