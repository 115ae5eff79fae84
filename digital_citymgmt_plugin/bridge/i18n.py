# SPDX-License-Identifier: GPL-2.0-or-later
"""Translation: find the ``.qm`` file that suits the user's locale, put it in and take it out again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

PACKAGE = Path(__file__).resolve().parents[1]
NAME = PACKAGE.name
# The packed plugin has them in its resources; a working copy where scripts/build_ts.py puts them.
FOLDERS = (PACKAGE / "resources" / "i18n", PACKAGE.parent / "build" / "i18n")


def translate(context: str, text: str) -> str:
    """Return the text in the user's language, itself when there is no translation."""
    return QCoreApplication.translate(context, text)


def find_translation(locale: str, folders: Iterable[Path] = FOLDERS) -> Path | None:
    """Return the ``.qm`` file for a locale: the full name first, then any of the same language.

    ``zh_CN``, ``zh-Hans``, ``zh_Hans_CN`` and ``zh`` all find ``zh_CN``; so does ``zh_TW`` while there is no other
    Chinese. English, the language of the sources, finds none.
    """
    wanted = locale.replace("-", "_")
    language = wanted.split("_")[0].lower()
    for folder in folders:
        exact = folder / f"{NAME}_{wanted}.qm"
        if exact.is_file():
            return exact
        if language and folder.is_dir():
            for path in sorted(folder.glob(f"{NAME}_*.qm")):
                if path.stem[len(NAME) + 1 :].replace("-", "_").split("_")[0].lower() == language:
                    return path
    return None


def install_translator(locale: str | None = None, folders: Iterable[Path] = FOLDERS) -> QTranslator | None:
    """Put the translation for a locale (default: that of QGIS) in; return it for ``remove_translator``."""
    path = find_translation(QgsApplication.locale() if locale is None else locale, folders)
    if path is None:
        return None
    translator = QTranslator()
    if not translator.load(str(path)) or not QCoreApplication.installTranslator(translator):
        return None
    return translator


def remove_translator(translator: QTranslator | None) -> None:
    """Take a translation out; None is none."""
    if translator is not None:
        QCoreApplication.removeTranslator(translator)
