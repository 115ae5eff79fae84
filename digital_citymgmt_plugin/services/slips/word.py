# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips as Word files."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_slips import WriteSlips
from digital_citymgmt_plugin.services.slips.choosing import check_kind
from digital_citymgmt_plugin.services.slips.sheets import make_sheets, word

WORDS = ("map", "photos", "timeline", "left_out", "no_map", "no_photo", "font")


def write_slips(context: Context, request: WriteSlips) -> dict[str, Any]:
    """Write a Word file for each case into a folder, whole or not at all each.

    Returns
    -------
    dict
        ``files``; counts ``slips``, ``photos_missing``, ``without_map``.

    Raises
    ------
    InputRefused
        ``slip.kind``, ``slip.no_folder``, ``dispatch.no_case``, ``output.twice``, ``output.failed``,
        ``template.…``.
    """
    check_kind(request.kind)
    if not request.folder:
        raise InputRefused("slip.no_folder", folder=request.folder)
    words = {name: word(context, name) for name in WORDS}
    sheets = make_sheets(context, request.kind, request.cases, request.names)
    files: list[str] = []
    missing = unmapped = 0
    for number, sheet in enumerate(sheets):
        context.progress(number / max(1, len(sheets)), "progress.writing")
        context.cancel.check()
        path = str(PurePath(request.folder) / f"{sheet.stem}.docx")
        if path in files:
            raise InputRefused("output.twice", file=path)
        picture = str(PurePath(request.pictures) / f"{sheet.fid}.png") if request.pictures and sheet.place else ""
        left = context.files.write_slip(path, sheet, words, picture, request.template)
        missing += left["photos"]
        unmapped += left["map"]
        files.append(path)
    counts = {"slips": len(files), "photos_missing": missing, "without_map": unmapped}
    return {"counts": counts, "operation": None, "tables": [], "notes": [], "files": files}
