# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips of many cases: told by the engine part by part, printed here, written as Word files by the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem

from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.bridge.slip_layouts import SlipTemplate
from digital_citymgmt_plugin.bridge.slips import SlipPrinter
from digital_citymgmt_plugin.core.cases.slips import PARKED_LIST
from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.requests_slips import ReadSlips, WriteSlips

FORMATS = ("pdf", "docx", "both", "qpt")  # the last: no slips, the layout to make one's own of
_PART = 20  # cases between two looks at the engine


def run_slips(
    engine: Any,
    store: str,
    crs: QgsCoordinateReferenceSystem,
    kind: str,
    found: Mapping[str, Any],
    form: str,
    folder: str,
    progress: Callable[[float], None],
    is_cancelled: Callable[[], bool],
    template: str = "",
    tell: Callable[[str, Mapping[str, Any]], None] | None = None,
) -> dict[str, int]:
    """Write the slips of the cases that ``SlipCases`` found; whole files only, what was written before a stop stays.

    ``template``: a ``.qpt`` for PDF, a ``.docx`` for Word; ``tell`` gets codes and values of sentences on what of it is
    not used.

    Returns
    -------
    dict
        Counts ``files``, ``pages``, ``photos_missing``, ``without_map``.

    Raises
    ------
    Cancelled
        Stopped between two slips.
    InputRefused
        ``file.not_written``, ``output.failed``, ``qpt.…``.
    """

    def waiting(share: float) -> Callable[[], bool]:
        """Return what the engine is waited for with: asked every 0.1 s, it lets the window answer."""

        def asked() -> bool:
            progress(share)
            return is_cancelled()

        return asked

    counts = dict.fromkeys(("files", "pages", "photos_missing", "without_map"), 0)
    docx = "" if _is_layout(template) else template
    cases, names = list(found["cases"]), found["names"]
    size = len(cases) if kind == PARKED_LIST else _PART
    with SlipPrinter(store, crs, lambda: progress(0.0)) as printer:
        printer.filler = SlipTemplate(template, printer) if _is_layout(template) and form != "docx" else None
        for start in range(0, len(cases), size):
            part = cases[start : start + size]
            named = {str(fid): names[str(fid)] for fid in part}
            begun = start / len(cases)
            answer = engine.call(
                ReadSlips(kind=kind, cases=part, names=named), is_cancelled=waiting(begun), sentences=templates()
            )
            for number, sheet in enumerate(answer["slips"]):
                if is_cancelled():
                    raise Cancelled
                if form != "docx":
                    _path, pages = printer.print(sheet, answer["words"], folder)
                    counts["files"] += 1
                    counts["pages"] += pages
                if form != "pdf":
                    printer.picture(sheet)
                counts["without_map"] += int(not sheet["place"] and bool(sheet["fid"]))
                progress((start + number) / len(cases))
            if form != "pdf":
                request = WriteSlips(kind, part, named, folder, printer.folder, docx)
                asked = waiting((start + len(part)) / len(cases))
                word = engine.call(request, is_cancelled=asked, sentences=templates())["counts"]
                counts["files"] += word["slips"]
                if form == "docx":
                    counts["photos_missing"] += word["photos_missing"]
        counts["photos_missing"] += printer.photos_missing
        _tell_unused(printer, form, template, tell or (lambda _code, _values: None))
    return counts


def _is_layout(template: str) -> bool:
    return template.lower().endswith(".qpt")


def _tell_unused(
    printer: SlipPrinter, form: str, template: str, tell: Callable[[str, Mapping[str, Any]], None]
) -> None:
    """Tell what of a template was not used, or that none of it was."""
    if isinstance(printer.filler, SlipTemplate):
        for code, values in printer.filler.sentences():
            tell(code, values)
    if template and form == ("docx" if _is_layout(template) else "pdf"):
        tell("qpt.unused", {"file": Path(template).name})
