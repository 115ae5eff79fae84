# SPDX-License-Identifier: GPL-2.0-or-later
"""A new city out of the files that are there, as one piece of work: all of it, or nothing.

The store is made in a hidden folder beside its place and moved there when every step is done, so that a refusal, a
wish to stop or a power cut leaves no half city. Waits for the engine: for worker threads.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.bridge.demo_profile import write_demo_profile
from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.core import roles
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    CreateStore,
    DraftGrids,
    ImportAreas,
    ImportCases,
    ImportComponents,
    Layer,
    LinkCases,
    Request,
)

OnProgress = Callable[[float, str, Mapping[str, Any]], None]
IsCancelled = Callable[[], bool]
LEVELS = {roles.COUNTIES: "county", roles.STREETS: "street", roles.COMMUNITIES: "community"}
_WORKBOOK_ROWS = 1_000_000  # a list of rejects beyond that does not fit a sheet


@dataclass(frozen=True)
class Part:
    """One file or layer that goes into the city, as the user left it."""

    role: str
    input: Layer
    code_field: str = ""
    name_field: str = ""
    rows: int = 0


@dataclass(frozen=True)
class CityPlan:
    """What a new city is to be."""

    store: CreateStore
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Step:
    """One request on the way; ``key`` names it to the user, ``file`` the file it is about."""

    key: str
    request: Request
    file: str = ""
    weight: float = 1.0


@dataclass
class Built:
    """What came out: the store, what each step counted, and where the rejected rows are listed."""

    path: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    rejects: str = ""


def plan_steps(plan: CityPlan, rejects: str = "") -> list[Step]:
    """Return the requests of a plan in their order.

    Without communities they are made of the grids: of the digits of a vendor's codes, else all grids are one. Areas
    without codes are numbered by place. Components get codes when there are grids; cases are linked when there is
    anything to link them to. A city of cases alone has no areas: none are made up around points.
    """
    by_role = {role: [part for part in plan.parts if part.role == role] for role in roles.ROLES}
    steps = [Step("create", plan.store)]
    for role, level in LEVELS.items():
        steps += [_areas(part, level, "field" if part.code_field else "number", rejects) for part in by_role[role]]
    grids = by_role[roles.GRIDS]
    if grids and not by_role[roles.COMMUNITIES]:
        steps += [_areas(part, "community", "cut" if part.code_field else "whole", "") for part in grids]
    for part in grids:
        request = AdoptGrids(part.input, part.code_field or None, rejects=_list(rejects, part))
        steps.append(Step("grids", request, _name(part), 2.0))
    for part in by_role[roles.COMPONENTS]:
        # Without a field the class is read from the columns known by their headings, as codes or as names.
        request = ImportComponents(part.input, class_field=part.code_field or None, rejects=_list(rejects, part))
        steps.append(Step("components", request, _name(part), 1 + part.rows / 20_000))
    if by_role[roles.COMPONENTS] and grids:
        steps.append(Step("codes", AssignCodes(), weight=1 + sum(p.rows for p in by_role[roles.COMPONENTS]) / 50_000))
    for part, events in zip(by_role[roles.CASES], _logs(by_role[roles.CASES], by_role[roles.EVENTS])):
        request = ImportCases(part.input, rejects=_list(rejects, part), events=events)
        steps.append(Step("cases", request, _name(part), 1 + part.rows / 10_000))
    if by_role[roles.CASES] and (grids or by_role[roles.COMMUNITIES]):
        steps.append(Step("links", LinkCases(), weight=1 + sum(p.rows for p in by_role[roles.CASES]) / 20_000))
    return steps


def _logs(cases: Sequence[Part], logs: Sequence[Part]) -> list[Layer | None]:
    """Give each table of cases the log that goes with it: of its folder, of a like name, else in their order."""

    def likeness(case: Part, log: Part) -> float:
        words = [f"{Path(part.input.path).stem} {part.input.layer or ''}".casefold() for part in (case, log)]
        beside = Path(case.input.path).parent == Path(log.input.path).parent
        return beside + SequenceMatcher(None, words[0], words[1], autojunk=False).ratio()

    pairs = [(i, j, likeness(case, log)) for i, case in enumerate(cases) for j, log in enumerate(logs)]
    found: dict[int, int] = {}
    for i, j, _ in sorted(pairs, key=lambda pair: (-round(pair[2], 6), abs(pair[0] - pair[1]), pair[0])):
        if i not in found and j not in found.values():
            found[i] = j
    return [logs[found[i]].input if i in found else None for i in range(len(cases))]


def _areas(part: Part, level: str, codes: str, rejects: str) -> Step:
    name = part.name_field if codes != "whole" and part.role in LEVELS else ""
    request = ImportAreas(part.input, level, part.code_field, name, codes, _list(rejects, part))
    if codes == "field" and not name:
        request = replace(request, name_field=part.code_field)  # a name that is not there is the code
    return Step("areas_made" if part.role == roles.GRIDS else part.role, request, _name(part))


def _name(part: Part) -> str:
    file = Path(part.input.path).name
    layer = part.input.layer
    return f"{file} ({layer})" if layer and layer != Path(file).stem and not file.startswith(layer) else file


def _list(folder: str, part: Part) -> str | None:
    """Name the reject list of a part; a text table when a workbook might not hold it."""
    if not folder:
        return None
    ending = ".csv" if part.rows > _WORKBOOK_ROWS else ".xlsx"
    words = [Path(part.input.path).stem]
    if part.input.layer and part.input.layer not in words:
        words.append(part.input.layer)
    return str(Path(folder) / ("_".join(words).replace("/", "_").replace("\\", "_") + ending))


def _own_lists(steps: Sequence[Step]) -> list[Step]:
    """Give each step a reject list of its own: files of one name from two folders would write over each other's."""
    taken: set[str] = set()
    result = []
    for step in steps:
        path = getattr(step.request, "rejects", None)
        if path:
            wanted = Path(path)
            own, number = wanted, 1
            while own.stem.casefold() in taken:
                number += 1
                own = wanted.with_name(f"{wanted.stem}_{number}{wanted.suffix}")
            taken |= {own.stem.casefold(), f"{own.stem}_events".casefold()}  # that of a case log stands beside it
            step = replace(step, request=replace(step.request, rejects=str(own)))  # type: ignore[call-arg]
        result.append(step)
    return result


def build(
    pool: Any,
    plan: CityPlan,
    on_progress: OnProgress,
    is_cancelled: IsCancelled,
    steps: Callable[[str], list[Step]] | None = None,
) -> Built:
    """Make the city; returns what was counted.

    Parameters
    ----------
    pool : EnginePool
    plan : CityPlan
    on_progress : callable
        (share done of the whole, code of a sentence or "step:KEY", values)
    is_cancelled : callable
    steps : callable, optional
        (folder of the reject lists) → other steps than those of the plan; the first one creates the store.

    Raises
    ------
    CityError
        What a step refuses, ``store.exists`` when somebody made a file of that name meanwhile, ``file.not_written``
        when the folder cannot be written; nothing is left behind. ``Cancelled``, too.
    """
    target = Path(plan.store.path)
    if target.exists():
        raise InputRefused("store.exists", path=str(target))
    with _folders(target) as (hidden, lists):
        todo = _own_lists(steps(str(lists)) if steps is not None else plan_steps(plan, str(lists)))
        made = hidden / target.name
        todo[0] = replace(todo[0], request=replace(plan.store, path=str(made)))
        built = Built(str(target))
        with pool.lease(str(made), open_store=False) as lease:
            _run(lease, todo, built, on_progress, is_cancelled)
        # The engine has let go: one plain file.
        if is_cancelled():
            raise Cancelled
        _move(made, target)
    if lists.is_dir():
        built.rejects = str(lists)
    return built


def _run(lease: Any, todo: Sequence[Step], built: Built, on_progress: OnProgress, is_cancelled: IsCancelled) -> None:
    total, done = sum(step.weight for step in todo), 0.0
    sentences = {**templates("reject."), **templates("rejects.")}
    for step in todo:
        if is_cancelled():
            raise Cancelled
        values = {"file": step.file}
        on_progress(done / total, f"step:{step.key}", values)

        def said(
            share: float, message: str, values: Mapping[str, Any], begun: float = done, weight: float = step.weight
        ) -> None:
            on_progress((begun + share * weight) / total, message, values)

        result = lease.call(step.request, on_progress=said, is_cancelled=is_cancelled, sentences=sentences)
        built.steps.append({
            "key": step.key, "file": step.file, "counts": dict(result.get("counts") or {}),
            "reasons": dict(result.get("reasons") or {}), "rejects": result.get("rejects") or "",
            "notes": list(result.get("notes") or []),
        })  # fmt: skip
        done += step.weight
    on_progress(1.0, "progress.saving", {})


@contextmanager
def _folders(target: Path) -> Iterator[tuple[Path, Path]]:
    """Make a hidden folder for the store and one for the reject lists; an empty one goes, after a failure both go."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=f".{target.stem[:40]}-", dir=target.parent))
    except OSError as error:
        raise InputRefused("file.not_written", file=str(target), reason=error.strerror or str(error)) from error
    lists = _free(target.with_name(f"{target.stem}_rejects"))
    try:
        lists.mkdir()
        yield hidden, lists
    except BaseException:
        shutil.rmtree(lists, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        with contextlib.suppress(OSError):
            lists.rmdir()  # only an empty one goes


def _free(path: Path) -> Path:
    """Return a path that is not there yet: name, name_2, name_3 …"""
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}_{number}{path.suffix}")
    return found


def _move(made: Path, target: Path) -> None:
    """Put the store into its place unless something is there by now; nothing is opened."""
    try:
        try:
            os.link(made, target)  # fails when the name is taken, unlike a renaming
            made.unlink()
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if target.exists():
                raise FileExistsError(str(target)) from None
            made.rename(target)
    except FileExistsError:
        raise InputRefused("store.exists", path=str(target)) from None
    except OSError as error:
        raise InputRefused("file.not_written", file=str(target), reason=error.strerror or str(error)) from error


# -- the demo city -------------------------------------------------------------------------------------------------


def sample_folder() -> Path | None:
    """Return the folder of the sample data: in the installed plugin, or beside the package in a working copy."""
    package = Path(__file__).resolve().parents[1]
    found = [folder for folder in (package / "sample_data", package.parent / "sample_data") if folder.is_dir()]
    return next((folder for folder in found if (folder / "about.json").is_file()), None)


def demo_steps(data: Path, about: Mapping[str, Any], draft: str, rejects: str) -> list[Step]:
    """Return the requests that make the demo city: its grids are drafted from the base map."""
    base, crs = str(data / "base_map.gpkg"), str(about["crs"])
    areas = {name: Layer(str(data / "areas.gpkg"), name) for name in ("streets", "communities")}
    cases = Part(roles.CASES, Layer(str(data / "cases.csv"), crs=crs))
    request = DraftGrids(
        areas["communities"], draft, [Layer(base, name) for name in ("roads", "rivers", "walls")], "rank",
        buildings=Layer(base, "buildings"), compounds=Layer(base, "compounds"), crs=crs, area_code_field="code",
    )  # fmt: skip
    census = [path for path in sorted((data / "components").iterdir()) if path.suffix in (".shp", ".gpkg", ".csv")]
    parts = [Part(roles.COMPONENTS, Layer(str(path), crs=crs if path.suffix == ".csv" else None)) for path in census]
    return [
        Step("create", CreateStore("", "", "", "", "")),
        Step("streets", ImportAreas(areas["streets"], "street", "code", "name"), "areas.gpkg"),
        Step("communities", ImportAreas(areas["communities"], "community", "code", "name"), "areas.gpkg"),
        Step("draft", request, "base_map.gpkg", 6.0),
        Step("grids", AdoptGrids(Layer(draft)), "", 2.0),
        *(
            Step("components", ImportComponents(part.input, rejects=_list(rejects, part)), _name(part))
            for part in parts
        ),
        Step("codes", AssignCodes()),
        Step(
            "cases",
            ImportCases(cases.input, rejects=_list(rejects, cases), events=Layer(str(data / "case_events.csv"))),
            "cases.csv", 2.0,
        ),
        Step("links", LinkCases()),
    ]  # fmt: skip


def build_demo(pool: Any, folder: Path, on_progress: OnProgress, is_cancelled: IsCancelled) -> Built:
    """Make the demo city in a folder under a name that is free; see ``build``.

    Raises
    ------
    InputRefused
        ``demo.no_data`` when the plugin was installed without its sample data.
    """
    import json

    data = sample_folder()
    if data is None:
        raise InputRefused("demo.no_data")
    about = json.loads((data / "about.json").read_text(encoding="utf-8"))
    target = _free(folder / "demo_city.gpkg")
    with tempfile.TemporaryDirectory(prefix="dcm-demo-") as scratch:
        profile = write_demo_profile(data, str(about["edition"]), Path(scratch) / "profile.json")
        store = CreateStore(
            str(target), str(about["edition"]), str(about["county_code"]), str(about["county_name"]),
            str(about["crs"]), profile,
        )  # fmt: skip
        draft = str(Path(scratch) / "draft.gpkg")
        return build(
            pool, CityPlan(store), on_progress, is_cancelled, lambda lists: demo_steps(data, about, draft, lists)
        )
