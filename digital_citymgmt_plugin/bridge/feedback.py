# SPDX-License-Identifier: GPL-2.0-or-later
"""From QGIS's feedback to the engine's progress and cancel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qgis.core import QgsFeedback, QgsProcessingFeedback

from digital_citymgmt_plugin.bridge.messages import sentence


def progress_to(feedback: QgsFeedback | None) -> Callable[[float, str, Mapping[str, Any]], None]:
    """Return a callback that shows the engine's progress in a feedback, its message in the user's language."""
    last = ""

    def show(fraction: float, code: str, values: Mapping[str, Any]) -> None:
        nonlocal last
        if feedback is None:
            return
        feedback.setProgress(100.0 * min(1.0, max(0.0, fraction)))
        if code and isinstance(feedback, QgsProcessingFeedback):
            text = sentence(code, values)
            if text != last:
                last = text
                feedback.setProgressText(text)

    return show


def cancel_of(feedback: QgsFeedback | None) -> Callable[[], bool]:
    """Return a function that tells whether the user wants to stop."""
    return feedback.isCanceled if feedback is not None else lambda: False
