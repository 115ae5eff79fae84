# SPDX-License-Identifier: GPL-2.0-or-later
"""The writing actions of the census bench on the made-up town, and the files that they read."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.requests import (
    CheckComponents,
    CheckGrids,
    DecideCandidates,
    EditClasses,
    EditRules,
    FindDuplicates,
    FixComponents,
    ImportBaseMap,
    ImportBeats,
    ImportCases,
    ImportPhotos,
    ImportProfile,
    KeepWeights,
    Layer,
    MakeCandidates,
    MakeSheets,
    MendGrids,
    MergeDuplicates,
    ReopenIssues,
    Request,
    SaveBeats,
    UndoOperation,
    UpdateSheets,
    WaiveIssues,
)
from digital_citymgmt_plugin.core.requests_assessment import FreezeRun
from digital_citymgmt_plugin.core.requests_cases import MoveCases, RecomputeDue
from digital_citymgmt_plugin.core.requests_duty import ImportFilingStandard, RecordRuling, Remediate, SaveFund
from digital_citymgmt_plugin.core.requests_fairness import DrawRecheck, ReadRecheck
from digital_citymgmt_plugin.core.requests_history import RenumberGrids
from digital_citymgmt_plugin.core.requests_intake import AmendCases, PlaceCases
from digital_citymgmt_plugin.core.requests_links import ChooseLink
from digital_citymgmt_plugin.core.requests_redraw import ApplyRedraw, DiscardScenario, SaveScenario
from digital_citymgmt_plugin.core.requests_slips import PackCases, ReadReceipt
from tests.kill.town import ACROSS, CLASSES, COUNTY, CRS, SIDE, Town, X, Y

FAR = 30.0  # m: components of the town are strewn at random, few lie as near as doubles do
# Edits of a redraw, given where the name of their session belongs: cells of a row cut lengthwise, then some across.
DRAWN = json.dumps(
    [
        {"tool": "split", "points": [X + 2_060.0, Y - 10.0, X + 2_040.0, Y + 1_010.0]},
        {"tool": "split", "points": [X + 2_990.0, Y + 2_050.0, X + 3_510.0, Y + 2_051.0]},
    ]
)
Build = Callable[[Town, str, str], Request]


def column(store: str, query: str) -> list[Any]:
    """Read the first column of a query."""
    with contextlib.closing(sqlite3.connect(store, timeout=30)) as connection:
        return [row[0] for row in connection.execute(query)]


def _case(store: str) -> int:
    """Return the first case that may be remediated."""
    return int(column(store, "SELECT fid FROM case_record WHERE stage IN ('dispatch', 'disposal') ORDER BY fid")[0])


def _receipt(store: str, out: str) -> str:
    """Write the receipt of the package that was packed before; every case is accepted."""
    query = (
        "SELECT package_uuid || '|' || case_no || '|' || digest FROM package_case "
        "JOIN case_record ON case_fid = case_record.fid"
    )
    rows = [dict(zip(("package", "case_no", "digest"), row.split("|"))) for row in column(store, query)]
    cases = [{**row, "state": "accepted", "at": "2026-01-14 10:00"} for row in rows]
    path = Path(f"{out}_receipt.json")
    path.write_text(json.dumps({"package": "", "cases": cases}), encoding="utf-8")
    return str(path)


def _recheck(store: str, out: str) -> str:
    """Write the form of the last re-check as it comes back, filled in."""
    number = column(store, "SELECT uuid FROM recheck ORDER BY fid")[-1]
    cases = column(
        store, "SELECT case_no FROM case_record WHERE fid IN (SELECT case_fid FROM recheck_case) ORDER BY fid"
    )
    told = [f"{number},{case},{'属实' if at % 4 else '不属实'}" for at, case in enumerate(cases)]
    path = Path(f"{out}_recheck.csv")
    path.write_text("\n".join(["recheck,case_no,result", *told]), encoding="utf-8")
    return str(path)


GRIDS = "SELECT code FROM unit_grid WHERE status = 'current' ORDER BY code"
OPEN = "SELECT fid FROM case_record WHERE stage NOT IN ('closed', 'void') ORDER BY fid LIMIT 5"

# In their order: each stands on what those before it wrote. Of the town, the store's path, the path of an output.
ACTIONS: dict[str, Build] = {
    "recordruling": lambda town, store, out: RecordRuling(
        "unowned", case=_case(store), decision="现场无权属标识", evidence=[str(town.filing)]
    ),
    "savefund": lambda town, store, out: SaveFund("代整治资金", 10_000.0, 2026),
    "remediate": lambda town, store, out: Remediate("ask", case=_case(store), estimate=500.0, note="无主井盖"),
    "makesheets": lambda town, store, out: MakeSheets(),
    "updatesheets": lambda town, store, out: UpdateSheets(
        column(store, "SELECT number FROM sheet ORDER BY fid LIMIT 40"), status="back", crew="一组", remark="外业完"
    ),
    "importbasemap": lambda town, store, out: ImportBaseMap(town.drawings, crs=CRS),
    "makecandidates": lambda town, store, out: MakeCandidates(),
    "mergecandidates": lambda town, store, out: DecideCandidates("merge", distance=2.0),
    "rejectcandidates": lambda town, store, out: DecideCandidates("reject", drawing="北", reason="已有"),
    "decidecandidates": lambda town, store, out: DecideCandidates("confirm"),
    "importphotos": lambda town, store, out: ImportPhotos(town.photos, tolerance=0.0, output=out + ".xlsx"),
    "placecases": lambda town, store, out: PlaceCases(),
    "amendcases": lambda town, store, out: AmendCases(
        [int(fid) for fid in column(store, OPEN)],
        {"address": "人民路1号"}, X + 500.0, Y + 500.0, "现场核实",
    ),
    "chooselink": lambda town, store, out: ChooseLink(
        int(column(store, OPEN)[0]), column(store, "SELECT uuid FROM component_point ORDER BY fid")[0], "看过照片"
    ),
    "packcases": lambda town, store, out: PackCases(
        str(Path(out).parent), cases=[int(fid) for fid in column(store, OPEN)], receiver="甲"
    ),
    "drawrecheck": lambda town, store, out: DrawRecheck("reported", by="", number=20, seed="1", output=out + ".xlsx"),
    "readrecheck": lambda town, store, out: ReadRecheck(Layer(_recheck(store, out))),
    "readreceipt": lambda town, store, out: ReadReceipt(_receipt(store, out)),
    "supervisecases": lambda town, store, out: MoveCases(
        column(store, "SELECT fid FROM case_record WHERE stage IN ('dispatch', 'disposal') ORDER BY fid"), "supervise",
        "commander", reason="超时", at="2026-01-15T02:00:00.000Z",
    ),
    "movecases": lambda town, store, out: MoveCases(
        column(store, "SELECT fid FROM case_record WHERE stage != 'closed' ORDER BY fid"), "void", "commander",
        reason="重复", at="2026-01-15T02:00:00.000Z",
    ),
    "freezerun": lambda town, store, out: FreezeRun("community", "s3_area_1", name="存档"),
    "findduplicates": lambda town, store, out: FindDuplicates(tolerance=FAR),
    "checkcomponents": lambda town, store, out: CheckComponents(),
    "waiveissues": lambda town, store, out: WaiveIssues(states=["open"], reason="现场核实"),
    "reopenissues": lambda town, store, out: ReopenIssues(rules=["component.duplicate_near", "grid.gap"]),
    "mergeduplicates": lambda town, store, out: MergeDuplicates(tolerance=FAR, reason="near", least_score=0.0),
    "fixcomponents": lambda town, store, out: FixComponents(
        column(store, "SELECT uuid FROM component_point ORDER BY fid LIMIT 200"), {"state": "破损", "remark": "锈"}
    ),
    "editclasses": lambda town, store, out: EditClasses(
        json.dumps([{"kind": "component", "code": code, "duplicate_m": 3.5, "photo_count": 1} for code in CLASSES[:5]])
    ),
    "editrules": lambda town, store, out: EditRules(
        json.dumps(
            [{"code": "component.grid_missing", "level": "info"}, {"code": "component.photo_old", "enabled": False}]
        )
    ),
    "importfilingstandard": lambda town, store, out: ImportFilingStandard(Layer(town.filing)),
    "importmore": lambda town, store, out: ImportCases(Layer(str(town.folder / "more.csv"))),  # without due times
    "importprofile": lambda town, store, out: ImportProfile(town.profile),  # with other working hours
    "recomputedue": lambda town, store, out: RecomputeDue(ended=True),
    "checkgrids": lambda town, store, out: CheckGrids(),
    "savebeats": lambda town, store, out: SaveBeats(
        {code: str(number % 3) for number, code in enumerate(column(store, GRIDS))}, {"0": "一片"}
    ),
    "importbeats": lambda town, store, out: ImportBeats(Layer(town.beats), "code", "name"),
    "repairgrids": lambda town, store, out: CheckGrids(repair=0.5),
    "mendgrids": lambda town, store, out: MendGrids(rules=["grid.gap"]),
    "keepweights": lambda town, store, out: KeepWeights({CLASSES[0]: 2.0, "": 1.0}),
    "savescenario": lambda town, store, out: SaveScenario(DRAWN, "甲"),
    "redraw": lambda town, store, out: ApplyRedraw(DRAWN, reason="试验"),
    "discardscenario": lambda town, store, out: DiscardScenario(column(store, "SELECT uuid FROM scenario")[0]),
    "renumbergrids": lambda town, store, out: RenumberGrids(output=out + ".xlsx"),
    "undoredraw": lambda town, store, out: UndoOperation(
        column(store, "SELECT uuid FROM operation WHERE kind = 'redraw'")[0], "undo"
    ),
}  # fmt: skip


def add_inputs(town: Town, *, symbols: int, photos: int) -> None:
    """Write two drawings and a folder of photos named by code and by source, of the components with a code."""
    folder = town.folder / "drawings"
    folder.mkdir()
    for at, name in enumerate(("南", "北")):
        _drawing(folder / f"{name}.dxf", symbols, at)
    _photos(town, photos)
    _profile(town.folder / "profile.xlsx")
    _filing(town.folder / "filing.csv")
    _more(town.folder / "more.csv")


def _drawing(path: Path, symbols: int, at: int) -> None:
    import ezdxf

    rng = np.random.default_rng(at)
    document = ezdxf.new("R2010")
    for name in ("路灯", "雨水井盖", "行道树", "某物"):
        document.blocks.new(name).add_circle((0, 0), 0.5)
    space = document.modelspace()
    places = rng.uniform((X + 10, Y + 10), (X + ACROSS * SIDE - 10, Y + 1_000 * (at + 1)), (symbols, 2))
    for number, (x, y) in enumerate(places.round(2).tolist()):
        name = ("路灯", "雨水井盖", "行道树", "某物")[number % 4]
        space.add_blockref(name, (x, y), dxfattribs={"layer": "DLDW"})
        if number % 10 == 0:  # drawn twice: to be merged
            space.add_blockref(name, (x + 0.5, y), dxfattribs={"layer": "DLDW"})
        if number % 3 == 0:
            corners = [(x, y), (x + 12, y), (x + 12, y + 8), (x, y + 8)]
            space.add_lwpolyline(corners, close=True, dxfattribs={"layer": "JMD"})
    document.saveas(path)


def _filing(path: Path) -> None:
    lines = [f"部件,{code},缺失/移位,{number % 5 + 1}工作日" for number, code in enumerate(CLASSES)]
    path.write_text("\n".join(["对象,类别代码,立案条件,处置时限", *lines]), encoding="utf-8")


def _more(path: Path) -> None:
    times = "2025-06-02 09:00,2025-06-02 09:30,2025-06-02 10:00"
    lines = [f"M{at},部件,{CLASSES[at]},缺失/移位,{times}" for at in range(9)]
    head = "案件编号,问题类型,小类代码,立案条件,上报时间,立案时间,派遣时间"
    path.write_text("\n".join([head, *lines]), encoding="utf-8")


def _profile(path: Path) -> None:
    import openpyxl

    from digital_citymgmt_plugin.storage.profile_write import write_profile_workbook
    from digital_citymgmt_plugin.storage.profiles import builtin_profile

    profile = builtin_profile("2013")
    hours = {**profile.settings, "work_hours": "07:00-12:00, 13:00-19:00"}
    write_profile_workbook(replace(profile, settings=hours), str(path))
    book = openpyxl.load_workbook(path)
    next(sheet for sheet in book.worksheets if sheet.title.startswith("departments")).append(
        ["X99", "新部门", None, "other"]
    )
    book.save(path)


def _photos(town: Town, count: int) -> None:
    import pyogrio
    from PIL import Image

    folder = town.folder / "photos"
    folder.mkdir()
    rows = pyogrio.read_dataframe(town.components, read_geometry=False)
    names = [*rows["code"].dropna().tolist(), *rows["source_id"].tolist()][:count]
    rng = np.random.default_rng(1)
    for name in names:
        noise = rng.integers(0, 255, (120, 160), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{name}.jpg", quality=95)
    assert names[0].startswith(COUNTY)
