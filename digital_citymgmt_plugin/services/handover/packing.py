# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of cases: who gets which, the files of each, and the row that says so."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import PurePath
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.cases import handover, slips
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Context, Sheet, Store
from digital_citymgmt_plugin.core.requests_slips import ListPackages, PackCases
from digital_citymgmt_plugin.services.dispatch.holding import CASES
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.local_days import local_days
from digital_citymgmt_plugin.services.slips.choosing import chosen_cases
from digital_citymgmt_plugin.services.slips.sheets import word

_MORE = ("fid", "class_name", "community_code", "street_code", "dept_name")
_READ = ("fid", *handover.DIGESTED, *_MORE[1:], XY, GEOM)
_HEADER = (*handover.DIGESTED, *_MORE[1:], "x", "y")
_MOST = 20_000  # cases of one run


def pack_cases(context: Context, request: PackCases) -> dict[str, Any]:
    """Write packages and remember which cases each holds, in one action.

    A package has ``cases.xlsx``, ``cases.csv``, ``cases.gpkg``, a ``receipt.xlsx`` to fill in, slips, and
    ``manifest.json`` with the SHA-256 of each. Taking the action back leaves the files.

    Returns
    -------
    dict
        ``packages``: ``uuid``, ``receiver``, ``cases``, ``path``; counts ``packages``, ``cases``, ``unknown``,
        ``without_slip``.

    Raises
    ------
    InputRefused
        ``slip.no_cases``, ``slip.too_many``, ``slip.no_folder``, ``output.failed``.
    """
    store = context.need_store()
    if not request.folder:
        raise InputRefused("slip.no_folder", folder=request.folder)
    fids, unknown = chosen_cases(context, request.chosen, request.cases)
    if len(fids) > _MOST:
        raise InputRefused("slip.too_many", count=len(fids), most=_MOST)
    rows = store.read(CASES, _READ, [("fid", "in", fids)], ["fid"])
    if not len(rows["fid"]):
        raise InputRefused("slip.no_cases", value=", ".join(unknown[:5]) or request.chosen[:80])
    groups = _groups(context, rows, slips.shown(request.receiver, 80))
    stems = slips.stems(zip(rows["fid"].tolist(), rows["case_no"].tolist()))
    digests = [handover.digest(one) for one in _dicts(rows, handover.DIGESTED)]
    names: set[str] = set()
    zone = store.meta().get("time_zone") or "Asia/Shanghai"
    packed, lacking = [], 0
    with ExitStack() as files, store.action("pack_cases", receiver=request.receiver, done_by=request.done_by) as action:
        day = str(local_days(objects([action.at]), zone)[0])
        for number, (receiver, code, at) in enumerate(groups):
            context.progress(number / len(groups), "progress.writing")
            context.cancel.check()
            name = slips.stem_of(f"{receiver}_{day}", names)
            names.add(slips.folded(name))
            path = str(PurePath(request.folder) / (f"{name}.zip" if request.zipped else name))
            part = {key: values[at] for key, values in rows.items()}
            marks = [digests[row] for row in at.tolist()]
            package = str(uuid.uuid4())
            manifest = {
                "format": "digital_citymgmt.package", "version": 1, "package": package, "receiver": receiver,
                "department": code, "made_at": action.at, "made_by": request.done_by, "cases": len(at),
                "city": store.meta().get("county_code"), "crs": store.meta().get("crs"),
                "digests": dict(zip([str(one) for one in part["case_no"].tolist()], marks)),
            }  # fmt: skip
            wanted = [stems[fid] for fid in part["fid"].tolist()] if request.slips else []
            found: list[int] = []
            if not context.preview:
                fill = _filler(context, part, marks, package, request.slips, wanted, found)
                path, sha = context.files.write_package(path, manifest, fill)
                files.push(partial(_unless_written, context.files.remove_package, path))
                lacking += len(wanted) - sum(found)
            else:
                sha = ""
            counts = json.dumps({"cases": len(at), "receiver": receiver, "department": code}, ensure_ascii=False)
            row = {
                "uuid": package, "direction": "out", "kind": "cases", "path": path, "sha256": sha, "counts": counts,
                "operation_uuid": action.operation_uuid,
            }  # fmt: skip
            action.insert("package", {key: objects([value]) for key, value in row.items()})
            size = len(at)
            action.insert("package_case", {
                "package_uuid": objects([package] * size), "case_fid": part["fid"], "digest": objects(marks),
                "state": objects([handover.PACKED] * size), "operation_uuid": objects([action.operation_uuid] * size),
            })  # fmt: skip
            packed.append({"uuid": package, "receiver": receiver, "cases": size, "path": path})
        counted = {"packages": len(packed), "cases": len(rows["fid"]), "unknown": len(unknown), "without_slip": lacking}
        action.counts.update(counted)
        operation = action.operation_uuid
    notes = [{"code": "slip.unknown", "values": {"count": len(unknown), "first": unknown[0]}}] if unknown else []
    return {
        "counts": counted, "operation": operation, "tables": ["package", "package_case"], "notes": notes,
        # Rows alone must not be kept: the store would tell of packages that nobody has.
        "packages": packed, "files_wait": context.preview and bool(packed),
    }  # fmt: skip


def _unless_written(remove: Callable[[str], None], path: str, failed: type[BaseException] | None, *_: Any) -> None:
    """Take a package away when the action that tells of it did not come to be."""
    if failed is not None:
        remove(path)


def _groups(context: Context, rows: Columns, receiver: str) -> list[tuple[str, str, Any]]:
    """Return who gets which rows: name, department's code, row numbers."""
    if receiver:
        return [(receiver, "", np.arange(len(rows["fid"])))]
    by_code = context.need_store().profile().department_by_code()
    found: dict[str, list[int]] = {}
    for row, code in enumerate(rows["dept_code"].tolist()):
        found.setdefault(str(code or ""), []).append(row)
    groups = []
    for code, at in sorted(found.items()):
        known = by_code.get(code)
        name = known.name if known else rows["dept_name"][at[0]] or code or word(context, "no_department")
        groups.append((slips.shown(name, 80), code, np.array(at)))
    return groups


def _dicts(rows: Columns, names: Sequence[str]) -> list[dict[str, Any]]:
    return [dict(zip(names, values)) for values in zip(*(rows[name].tolist() for name in names))]


def _filler(
    context: Context, part: Columns, marks: list[str], package: str, folder: str, stems: list[str], found: list[int]
) -> Callable[[str], None]:
    """Return what writes the files of a package into a folder; ``found``: how many cases have a slip."""

    def fill(inside: str) -> None:
        place = PurePath(inside)
        columns = {name: part[name] for name in (*handover.DIGESTED, *_MORE[1:])}
        lines = list(zip(*(columns[name].tolist() for name in columns), *(part[XY].T.tolist())))
        # Headings are the names of the columns: whoever reads them back by a program finds them in any language.
        context.files.write_workbook(str(place / "cases.xlsx"), [Sheet("cases", _HEADER, lines)])
        context.files.write_rows(str(place / "cases.csv"), _HEADER, lines)
        crs = context.need_store().meta().get("crs")
        layer = {**columns, GEOM: part[GEOM]}
        context.files.write_layers(str(place / "cases.gpkg"), {"cases": layer}, crs, {"cases": "Point"})
        numbers = part["case_no"].tolist()
        receipt = [(package, number, mark, "", "", "") for number, mark in zip(numbers, marks)]
        context.files.write_workbook(str(place / "receipt.xlsx"), [Sheet("receipt", handover.COLUMNS, receipt)])
        if folder:
            found.append(context.files.copy_named(folder, str(place / "slips"), stems, (".pdf", ".docx")))

    return fill


def list_packages(context: Context, _request: ListPackages) -> dict[str, Any]:
    """List packages.

    Returns
    -------
    dict
        ``packages``: ``uuid``, ``receiver``, ``path``, ``made_at``, ``states`` (number of cases by state).
    """
    store: Store = context.need_store()
    rows = store.read("package", ["uuid", "path", "counts", "created_at"], [("direction", "=", "out")], ["fid"])
    states: dict[str, dict[str, int]] = {}
    for package, state, count in store.tally("package_case", ["package_uuid", "state"]):
        states.setdefault(str(package), {})[str(state)] = count
    listed = []
    for values in zip(*(rows[name].tolist() for name in ("uuid", "path", "counts", "created_at"))):
        try:
            receiver = str(json.loads(values[2] or "{}").get("receiver") or "")
        except (ValueError, AttributeError):
            receiver = ""
        listed.append({"uuid": values[0], "receiver": receiver, "path": values[1], "made_at": values[3],
                       "states": states.get(values[0], {})})  # fmt: skip
    return {"packages": listed[::-1], "counts": {"packages": len(listed)}, "operation": None, "tables": [], "notes": []}
