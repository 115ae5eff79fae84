# SPDX-License-Identifier: GPL-2.0-or-later
"""Choices of an algorithm's dialog in the user's language; what is handed over and kept in the history stays a word.

QGIS shows the words of a choice as scripts write them. ``choice.<parameter>.<word>`` of the sentences says what is
shown instead. Processing makes the class (metadata ``widget_wrapper``), hence nothing else imports this module.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from qgis.gui import QgsGui
from qgis.PyQt.QtWidgets import QComboBox

from digital_citymgmt_plugin.bridge.messages import template


def words_of(parameter: str, word: str) -> str:
    """Return what is shown for a word of a choice: with the word itself, which the help explains."""
    told = template(f"choice.{parameter.lower()}.{word}")
    return word if told is None or told == word else f"{told} ({word})"


@lru_cache(maxsize=1)
def choices_class() -> Any:
    """Return the wrapper of a box of choices; Processing is a plugin, there when its dialogs are."""
    from processing.gui.wrappers import WidgetWrapper

    class Choices(WidgetWrapper):  # type: ignore[misc]
        """A box of choices in a dialog, or in a line of the batch dialog."""

        def createWidget(self, **_given: Any) -> QComboBox:
            """Return the box."""
            box, definition = QComboBox(), self.parameterDefinition()
            for word in definition.options():
                box.addItem(words_of(definition.name(), word), word)
            box.setAccessibleName(definition.description())
            box.setToolTip(definition.toolTip())
            box.currentIndexChanged.connect(lambda _at: self.widgetValueHasChanged.emit(self))
            return box

        def setValue(self, value: Any) -> None:
            """Choose a word; one that is none is passed over."""
            at = self.widget.findData(str(value))
            if at >= 0:
                self.widget.setCurrentIndex(at)

        def value(self) -> str:
            """Return the chosen word."""
            return str(self.widget.currentData())

    return Choices


class ChoiceWidget:
    """What Processing calls; in a model's dialog a choice can come from elsewhere, too: QGIS's own widget is kept."""

    def __new__(cls, definition: Any, dialog: Any, row: int = 0, col: int = 0) -> Any:
        """Return the widget's wrapper."""
        if type(dialog).__name__ != "ModelerParametersDialog":
            return choices_class()(definition, dialog, row, col)
        made = QgsGui.processingGuiRegistry().createModelerParameterWidget(
            dialog.model, dialog.childId, definition, dialog.context
        )
        made.setDialog(dialog)
        return made
