# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases that slips or packages are wanted of: by number, by queue, by filter."""

from __future__ import annotations

import json
import re
from typing import Any

from digital_citymgmt_plugin.core.cases import slips
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.core.requests import request_from_params
from digital_citymgmt_plugin.core.requests_dispatch import CaseFilter, CaseQueue
from digital_citymgmt_plugin.core.requests_slips import SlipCases
from digital_citymgmt_plugin.services.dispatch.holding import CASES, boards
from digital_citymgmt_plugin.services.dispatch.listing import ordered

MOST = 5_000  # cases of one run: each is a file
_QUEUE, _FIDS = "queue:", "fids:"
_PART = 500


def slip_cases(context: Context, request: SlipCases) -> dict[str, Any]:
    """Find cases and name their files.

    Returns
    -------
    dict
        ``cases`` (fids in their order), ``names`` by fid (as text), ``unknown`` (numbers that no case has), ``parked``
        how many are parked; counts ``cases``, ``unknown``.

    Raises
    ------
    InputRefused
        ``slip.kind``, ``slip.no_cases``, ``slip.too_many``, ``slip.filter``; see ``listing.ordered``.
    """
    check_kind(request.kind)
    store = context.need_store()
    fids, unknown = chosen_cases(context, request.chosen, request.cases)
    if request.kind == slips.PARKED_LIST and not request.cases and not request.chosen.strip():
        fids, unknown = chosen_cases(context, f"{_QUEUE}parked", [])
    named = read_numbers(store, fids)
    unknown += [str(fid) for fid in fids if fid not in named]  # gone since the window showed them
    fids = [fid for fid in fids if fid in named]
    if not fids:
        raise InputRefused("slip.no_cases", value=", ".join(unknown[:5]) or request.chosen[:80])
    if len(fids) > MOST:
        raise InputRefused("slip.too_many", count=len(fids), most=MOST)
    names = {str(fid): name for fid, name in slips.stems((fid, named[fid]) for fid in fids).items()}
    notes = [{"code": "slip.unknown", "values": {"count": len(unknown), "first": unknown[0]}}] if unknown else []
    counts = {"cases": len(fids), "unknown": len(unknown)}
    answer: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": notes}
    return {**answer, "cases": fids, "names": names, "unknown": unknown}


def check_kind(kind: str) -> None:
    """Refuse a kind of slip that is none (``slip.kind``)."""
    if kind not in slips.KINDS:
        raise InputRefused("slip.kind", value=kind, known=", ".join(slips.KINDS))


def chosen_cases(context: Context, chosen: str, cases: list[int]) -> tuple[list[int], list[str]]:
    """Return the fids that a text or a list means, each once, and the numbers that no case has."""
    text = chosen.strip()
    if cases:
        return list(dict.fromkeys(cases)), []
    if text.startswith("{") or text.startswith(_QUEUE):
        asked = _filter(text)
        board, taken, _token = ordered(context, boards(context), asked, anew=True)
        return [int(fid) for fid in board.fids[taken].tolist()], []
    if text.startswith(_FIDS):  # what a window chose
        fids = [int(one) for one in re.findall(r"\d{1,18}", text)]
        return list(dict.fromkeys(fids)), []
    numbers = list(dict.fromkeys(part.strip() for part in re.split(r"[,，;；\n\r、]+", text) if part.strip()))
    found: dict[str, int] = {}
    for start in range(0, len(numbers), _PART):
        part = numbers[start : start + _PART]
        rows = context.need_store().read(CASES, ["fid", "case_no"], [("case_no", "in", part)], ["fid"])
        found.update(zip(rows["case_no"].tolist(), rows["fid"].tolist()))
    return [int(found[one]) for one in numbers if one in found], [one for one in numbers if one not in found]


def _filter(text: str) -> CaseFilter:
    if text.startswith(_QUEUE):
        return CaseFilter(queue=text[len(_QUEUE) :].strip())
    try:
        told = json.loads(text)
    except ValueError as error:
        raise InputRefused("slip.filter", value=text[:80]) from error
    asked = request_from_params(CaseQueue.method, told)
    if not isinstance(asked, CaseFilter):
        raise InputRefused("slip.filter", value=text[:80])
    return asked


def read_numbers(store: Store, fids: list[int]) -> dict[int, Any]:
    """Return the number of each case that there is."""
    found: dict[int, Any] = {}
    for start in range(0, len(fids), _PART):
        rows = store.read(CASES, ["fid", "case_no"], [("fid", "in", fids[start : start + _PART])])
        found.update(zip(rows["fid"].tolist(), rows["case_no"].tolist()))
    return found
