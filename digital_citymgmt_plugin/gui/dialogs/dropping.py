# SPDX-License-Identifier: GPL-2.0-or-later
"""Files dropped on a window, as if they had been chosen."""

from __future__ import annotations

from typing import Any


class TakesOneFile:
    """Mixed into a window with a signal ``chosen``: one file or folder dropped on it is told there."""

    chosen: Any

    def dragEnterEvent(self, event: Any) -> None:
        """Take one file or folder."""
        if len(_dropped(event)) == 1:
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Look at what was dropped."""
        paths = _dropped(event)
        if len(paths) == 1:
            event.acceptProposedAction()
            self.chosen.emit(paths[0])


def _dropped(event: Any) -> list[str]:
    """Return the files and folders that are being dropped."""
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
