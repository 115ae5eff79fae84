# SPDX-License-Identifier: GPL-2.0-or-later
"""Qt 5 and Qt 6 at once, no silent loss, no code from data: what a syntax tree shows."""

from __future__ import annotations

import ast

import pytest

from tests.house.trees import NAME, Source, calls, imports, plugin_sources

QGIS_SIDE = {"bridge", "algorithms", "gui", "plugin.py"}
# Nested classes of Qt (not members of an enum) that may stand alone.
NESTED = {"ItemDataRole", "AlignmentFlag", "Orientation", "CheckState", "ItemFlag", "ProcessState", "ProcessError"}


def unscoped(tree: ast.AST) -> list[str]:
    """Find ``Qt.UserRole`` and ``QMessageBox.Yes``: Qt 6 knows only ``Qt.ItemDataRole.UserRole``.

    Methods of Qt begin with a small letter, so a capital after a Qt class is an enum or its member; a member has the
    enum's name in between. QGIS's own classes (Qgs…) are left out: there both spellings work in 3.22 and 4.
    """
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
            continue
        owner, name = node.value.id, node.attr
        is_qt = owner == "Qt" or (owner[:1] == "Q" and owner[1:2].isupper() and not owner.startswith("Qgs"))
        if is_qt and name[:1].isupper() and id(node) not in inner and name not in NESTED:
            found.append(f"{node.lineno}: {owner}.{name}")
    return found


def is_silent(handler: ast.ExceptHandler) -> bool:
    broad = handler.type is None or (isinstance(handler.type, ast.Name) and "Exception" in handler.type.id[-9:])
    named = isinstance(handler.type, ast.Name) and handler.type.id not in ("Exception", "BaseException")
    return broad and not named and all(isinstance(node, (ast.Pass, ast.Continue)) for node in handler.body)


def spelling(source: Source) -> list[str]:
    found = [f"{source.path}:{text}: enum without its scope" for text in unscoped(source.tree)]
    for item in imports(source.tree):
        if item.module.split(".")[0] in {"PyQt5", "PyQt6", "PySide2", "PySide6", "sip"}:
            found.append(f"{source.path}:{item.line}: {item.module}; take it from qgis.PyQt")
    for name, call in calls(source.tree):
        where = f"{source.path}:{call.lineno}"
        bare = isinstance(call.func, ast.Name)
        if name == "exec_":
            found.append(f"{where}: exec_() is gone in Qt 6: exec()")
        if name == "processEvents":
            found.append(f"{where}: processEvents() re-enters the event loop")
        if bare and name in {"eval", "exec", "compile", "__import__"}:
            found.append(f"{where}: {name}() makes code of data")
        if bare and name == "print":
            found.append(f"{where}: print(); use logging")
        if bare and name == "open" and source.room in QGIS_SIDE:
            found.append(f"{where}: open() on the QGIS side drops the locks of a store")
        if bare and name == "open" and source.room in {"core", "services"}:
            found.append(f"{where}: no files in {source.room}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                found.append(f"{source.path}:{node.lineno}: bare except")
            elif is_silent(node):
                found.append(f"{source.path}:{node.lineno}: every exception passed over in silence")
    return found


@pytest.mark.parametrize("source", plugin_sources(), ids=lambda source: source.path)
def test_a_file_keeps_to_the_spelling_of_the_house(source):
    assert spelling(source) == []


@pytest.mark.parametrize(
    "text",
    [
        "x = Qt.UserRole",
        "x = QMessageBox.Yes",
        "from PyQt5.QtCore import Qt",
        "dialog.exec_()",
        "QCoreApplication.processEvents()",
        "print(1)",
        "eval('1')",
        "open('x')",
        "try:\n    f()\nexcept:\n    raise",
        "try:\n    f()\nexcept Exception:\n    pass",
    ],
)
def test_the_check_finds(text):
    assert len(spelling(Source(f"{NAME}/gui/x.py", text, ast.parse(text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "x = Qt.ItemDataRole.UserRole",
        "x = QgsProcessing.TypeVectorPolygon",
        "dialog.exec()",
        "try:\n    f()\nexcept KeyError:\n    pass",
        "QFile.open(f, 1)",
    ],
)
def test_the_check_leaves_alone(text):
    assert spelling(Source(f"{NAME}/gui/x.py", text, ast.parse(text))) == []
