# SPDX-License-Identifier: GPL-2.0-or-later
"""Processing's own dialog for our algorithms, beside the map and not before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QWidget

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.gui.confirming import Confirmations


class AlgorithmDialogs:
    """Opens dialogs and forgets them when they are closed."""

    def __init__(self, window: QWidget) -> None:
        self.window = window
        self.confirmations = Confirmations(window)
        self._open: list[Any] = []

    def show(self, algorithm: str, parameters: Mapping[str, Any]) -> Any:
        """Open the dialog of an algorithm with some parameters filled in; returns it at once.

        A bulk action shows its counts and asks before it writes.

        Raises
        ------
        InputRefused
            ``algorithm.missing`` when Processing does not know it (its plugin is switched off).
        """
        try:
            import processing
        except ImportError:
            raise InputRefused("algorithm.missing", algorithm=algorithm) from None
        made = QgsApplication.processingRegistry().createAlgorithmById(algorithm)
        if made is None:
            raise InputRefused("algorithm.missing", algorithm=algorithm)
        if hasattr(made, "confirm"):
            made.confirm = self.confirmations.ask
        dialog = processing.createAlgorithmDialog(made, dict(parameters))
        if dialog is None:
            raise InputRefused("algorithm.missing", algorithm=algorithm)
        self._open = self.dialogs()
        self._open.append(dialog)
        dialog.show()
        return dialog

    def close_all(self) -> None:
        """Close what is open, for good; a running algorithm is asked to stop first, as closing by hand does."""
        self.confirmations.shut()
        for dialog in self.dialogs():
            dialog.close()
        self._open.clear()

    def dialogs(self) -> list[Any]:
        """List the dialogs that are open; Processing deletes its dialogs when they are closed."""
        return [one for one in self._open if not sip.isdeleted(one) and one.isVisible()]
