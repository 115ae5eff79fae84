# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked of the engine: one frozen dataclass per use case, made of JSON types.

Algorithms, docks and scripts build these; the engine checks and serves them. Paths are absolute.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Optional, get_type_hints

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.request_base import Layer as Layer
from digital_citymgmt_plugin.core.request_base import Request as Request
from digital_citymgmt_plugin.core.requests_analysis import ANALYSIS
from digital_citymgmt_plugin.core.requests_assessment import ASSESSMENT
from digital_citymgmt_plugin.core.requests_basemap import (
    DecideCandidates,
    ImportBaseMap,
    MakeCandidates,
    PreviewBaseMap,
)
from digital_citymgmt_plugin.core.requests_beats import DraftBeats, ExportBeats, ImportBeats, ListBeats, SaveBeats
from digital_citymgmt_plugin.core.requests_cases import ListMoves, MoveCases, RecomputeDue
from digital_citymgmt_plugin.core.requests_desk import (
    EditRules,
    ExportIssues,
    ExportSheets,
    FixComponents,
    IssueHistory,
    ListCandidates,
    ListIssues,
    ListRules,
    ListSheets,
    MakeSheets,
    MendGrids,
    ReopenIssues,
    UpdateSheets,
    WaiveIssues,
)
from digital_citymgmt_plugin.core.requests_dispatch import CasePage, CaseQueue, ExportCases, WarmCases
from digital_citymgmt_plugin.core.requests_draft import AdoptGrids, DraftGrids, DraftSources, KeepWeights, PreviewGrids
from digital_citymgmt_plugin.core.requests_duplicates import (
    ComparePair,
    FindDuplicates,
    ListDuplicates,
    MergeDuplicates,
)
from digital_citymgmt_plugin.core.requests_duty import DUTY
from digital_citymgmt_plugin.core.requests_history import KINDS as HISTORY
from digital_citymgmt_plugin.core.requests_intake import KINDS as INTAKE
from digital_citymgmt_plugin.core.requests_links import LINKS, LinkCases
from digital_citymgmt_plugin.core.requests_redraw import (
    ApplyRedraw,
    CloseRedraw,
    CompareScenarios,
    DiscardScenario,
    EditRedraw,
    ListScenarios,
    OpenRedraw,
    ProbeRedraw,
    RebaseRedraw,
    SaveScenario,
    StepRedraw,
)
from digital_citymgmt_plugin.core.requests_slips import SLIPS
from digital_citymgmt_plugin.core.same_file import beside

EVENTS_TAIL = "_events"  # of the name of the log's reject list, beside that of the cases
GCJ02, BD09 = "gcj02", "bd09"
SHIFTS = ("none", GCJ02, BD09)  # how coordinates of online maps are shifted; see ``core.shifted``


@dataclass(frozen=True)
class CreateStore(Request):
    """Make a new, empty city store and open it."""

    method: ClassVar[str] = "create_store"
    path: str
    edition: str
    county_code: str
    county_name: str
    crs: str
    profile: Optional[str] = None  # noqa: UP045
    time_zone: str = "Asia/Shanghai"


@dataclass(frozen=True)
class OpenStore(Request):
    """Open an existing city store; the result is that of ``Health``."""

    method: ClassVar[str] = "open_store"
    path: str


@dataclass(frozen=True)
class CloseStore(Request):
    """Close the store; the engine goes on without one."""

    method: ClassVar[str] = "close_store"


@dataclass(frozen=True)
class UpgradeStore(Request):
    """Bring a store of an older schema up to date; the old file is copied first."""

    method: ClassVar[str] = "upgrade_store"
    path: str


@dataclass(frozen=True)
class Health(Request):
    """Count the links of the chain: areas, grids, components, cases, issues."""

    method: ClassVar[str] = "health"


@dataclass(frozen=True)
class FindObjects(Request):
    """List the objects behind a number of ``Health``: table, fids (at most ``limit``) and extent."""

    method: ClassVar[str] = "find_objects"
    item: str
    limit: int = 10_000


@dataclass(frozen=True)
class ImportAreas(Request):
    """Bring in county, street or community polygons, or a table of their codes and names without geometry.

    ``complete``: the input has all areas of the level, so that those that are not in it end today.
    """

    method: ClassVar[str] = "import_areas"
    input: Layer
    level: str  # county | street | community
    code_field: str
    name_field: str
    codes: str = "field"  # field | cut | number | whole: where the codes come from
    rejects: Optional[str] = None  # noqa: UP045
    complete: bool = False


@dataclass(frozen=True)
class ImportComponents(Request):
    """Bring a census file in. ``mapping`` is the name of a saved mapping, a JSON file or JSON text."""

    method: ClassVar[str] = "import_components"
    input: Layer
    mapping: Optional[str] = None  # noqa: UP045
    class_field: Optional[str] = None  # noqa: UP045
    class_code: Optional[str] = None  # noqa: UP045
    rejects: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class AssignCodes(Request):
    """Give grid, community and code to all components that lack them."""

    method: ClassVar[str] = "assign_codes"
    order: str = "place"  # place (grid, then north to south, west to east) | import


@dataclass(frozen=True)
class CheckComponents(Request):
    """Check the census by the rule pack. ``rules``: codes or families, comma-separated; none: all that are enabled."""

    method: ClassVar[str] = "check_components"
    scope: str = "all"  # all | sheet | changed (since the last run)
    sheet: Optional[str] = None  # noqa: UP045
    rules: Optional[str] = None  # noqa: UP045
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class CheckGrids(Request):
    """Check the current unit grids, or those of a layer, by the rule pack; with ``repair`` mend small faults first.

    ``repair``: metres that a boundary may move at most; 0 only looks. ``buildings``, ``compounds``, ``features`` stand
    in for the base map. ``mended``: the layer's grids after the repair.
    """

    method: ClassVar[str] = "check_grids"
    rules: Optional[str] = None  # noqa: UP045
    input: Optional[Layer] = None  # noqa: UP045
    code_field: Optional[str] = None  # noqa: UP045
    community_field: Optional[str] = None  # noqa: UP045
    buildings: Optional[Layer] = None  # noqa: UP045
    compounds: Optional[Layer] = None  # noqa: UP045
    features: list[Layer] = field(default_factory=list)
    repair: float = 0.0
    output: Optional[str] = None  # noqa: UP045
    mended: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class Totals(Request):
    """Count components in every way that tables do, and tell whether all of it adds up; ``output``: a workbook."""

    method: ClassVar[str] = "totals"
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class TotalObjects(Request):
    """List the objects behind a total: ``by`` and ``key`` as ``Totals`` has them; '' asks for what needs a look."""

    method: ClassVar[str] = "total_objects"
    by: str
    key: str = ""
    limit: int = 500


@dataclass(frozen=True)
class ImportCases(Request):
    """Bring case records in. ``mapping`` as in ``ImportComponents``; ``shift`` as in ``ImportPlaces``.

    ``report``: workbook of what a repeated import changed.
    """

    method: ClassVar[str] = "import_cases"
    input: Layer
    mapping: Optional[str] = None  # noqa: UP045
    rejects: Optional[str] = None  # noqa: UP045
    events: Optional[Layer] = None  # noqa: UP045
    shift: str = "none"  # none | gcj02 | bd09
    report: Optional[str] = None  # noqa: UP045

    def files_beside(self) -> list[str]:
        """Name the reject list of the log."""
        return [beside(self.rejects, EVENTS_TAIL)] if self.rejects and self.events is not None else []


@dataclass(frozen=True)
class ImportPlaces(Request):
    """Bring places of one kind in. ``mapping`` as in ``ImportComponents``; ``shift`` of coordinates of online maps."""

    method: ClassVar[str] = "import_places"
    input: Layer
    kind: str  # poi | landmark | plate | street | camera
    mapping: Optional[str] = None  # noqa: UP045
    shift: str = "none"  # none | gcj02 | bd09
    rejects: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ImportTracks(Request):
    """Bring tracks in and clean them (``core.tracks.cleaning``): speeds in m/s, times in s, lengths in m.

    ``carrier`` is whose tracks they are when no column tells it; without ``max_speed`` the one of ``kind`` holds.
    """

    method: ClassVar[str] = "import_tracks"
    input: Layer
    mapping: Optional[str] = None  # noqa: UP045
    carrier: Optional[str] = None  # noqa: UP045
    shift: str = "none"  # none | gcj02 | bd09
    kind: str = "vehicle"  # vehicle | collector
    max_speed: Optional[float] = None  # noqa: UP045
    gap: float = 600.0
    stay_radius: float = 15.0
    stay_time: float = 120.0
    far: float = 5_000.0
    rejects: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class Assess(Request):
    """Count cases and compute rates by area or department over a period, with the formula in the output."""

    method: ClassVar[str] = "assess"
    by: str  # county | street | community | grid | department | beat | collector | acceptor | shift_lead | dispatcher
    from_date: Optional[str] = None  # noqa: UP045
    to_date: Optional[str] = None  # noqa: UP045
    cut_off: Optional[str] = None  # noqa: UP045
    scheme: str = "default"
    output: Optional[str] = None  # noqa: UP045
    by2: str = ""  # each row parted: month, class, source … ('' not)
    basis: str = ""  # filed | reported | flow; '' as the scheme says
    join: dict[str, Any] = field(default_factory=dict)  # code → code whose row its cases are in


@dataclass(frozen=True)
class SurveyFiles(Request):
    """Look at files before a city is made of them: what each is, how it is read, what it tells of the city."""

    method: ClassVar[str] = "survey_files"
    inputs: list[Layer]


@dataclass(frozen=True)
class ListOperations(Request):
    """List what was done in the store, the newest first."""

    method: ClassVar[str] = "list_operations"
    limit: int = 1_000


@dataclass(frozen=True)
class UndoOperation(Request):
    """Take an action back: ``operation`` is its uuid, or ``last``. ``dependents``: refuse | undo (later ones, too)."""

    method: ClassVar[str] = "undo_operation"
    operation: str
    dependents: str = "refuse"


@dataclass(frozen=True)
class ExportProfile(Request):
    """Write the city profile of the store as one workbook."""

    method: ClassVar[str] = "export_profile"
    output: str


@dataclass(frozen=True)
class ImportProfile(Request):
    """Bring the city profile to what a workbook says; ``preview`` only tells the differences. ``output``: report."""

    method: ClassVar[str] = "import_profile"
    profile: str
    preview: bool = False
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ListClasses(Request):
    """List the classes in use with their pinyin; ``kind``: component, event or one of the city's own."""

    method: ClassVar[str] = "list_classes"
    kind: Optional[str] = None  # noqa: UP045
    every: bool = False  # those out of use, too


@dataclass(frozen=True)
class EditClasses(Request):
    """Change the class catalogue. ``changes``: JSON list of objects with kind, code and the columns that change."""

    method: ClassVar[str] = "edit_classes"
    changes: str
    preview: bool = False


@dataclass(frozen=True)
class PreviewTable(Request):
    """Look at the head of a census, guess its columns, list its words for classes (of ``class_column``, if given)."""

    method: ClassVar[str] = "preview_table"
    input: Layer
    rows: int = 100
    class_column: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ImportPhotos(Request):
    """Match the photos of a folder to components and copy them into the city's photo folder.

    ``field``: the column of the census (kept as attribute) that lists photos; ``tolerance`` (m) for places in EXIF, 0
    looks at names only; ``output``: workbook of both kinds of orphans.
    """

    method: ClassVar[str] = "import_photos"
    folder: str
    field: Optional[str] = None  # noqa: UP045
    tolerance: float = 15.0
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class VerifyStore(Request):
    """Check the store against itself (file, register, R-tree, references, logs); ``output`` lists the findings."""

    method: ClassVar[str] = "verify_store"
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class RepairStore(Request):
    """Check the store, copy it beside itself and repair what can be repaired."""

    method: ClassVar[str] = "repair_store"
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class BackupStore(Request):
    """Copy the open store into another file; ``overwrite`` lets it take the place of another city store."""

    method: ClassVar[str] = "backup_store"
    target: str
    overwrite: bool = False


@dataclass(frozen=True)
class ExportAudit(Request):
    """Write the audit trail into a file: operations, changes, lineage, events of cases, register."""

    method: ClassVar[str] = "export_audit"
    output: str
    from_date: Optional[str] = None  # noqa: UP045
    to_date: Optional[str] = None  # noqa: UP045
    kind: Optional[str] = None  # noqa: UP045


REQUESTS: dict[str, type[Request]] = {
    kind.method: kind
    for kind in (
        ListOperations, UndoOperation,
        EditClasses, ImportPhotos, PreviewTable,
        CreateStore, OpenStore, CloseStore, UpgradeStore, Health, FindObjects, ImportAreas, DraftGrids, AdoptGrids,
        PreviewGrids, DraftSources, KeepWeights,
        ImportComponents, AssignCodes, ImportCases, ImportPlaces, ImportTracks, LinkCases,
        Assess, SurveyFiles, VerifyStore, RepairStore,
        BackupStore, ExportAudit,
        PreviewBaseMap, ImportBaseMap, MakeCandidates, DecideCandidates,
        ExportProfile, ImportProfile, ListClasses,
        ListIssues, WaiveIssues, ReopenIssues, FixComponents, ExportIssues, IssueHistory,
        CaseQueue, WarmCases, CasePage, ExportCases,
        MendGrids, MakeSheets, ListSheets, UpdateSheets, ExportSheets, ListCandidates,
        FindDuplicates, MergeDuplicates, ListDuplicates, ComparePair,
        ListBeats, DraftBeats, SaveBeats, ImportBeats, ExportBeats,
        CheckComponents, CheckGrids, Totals, TotalObjects, ListRules, EditRules,
        OpenRedraw, ProbeRedraw, EditRedraw, StepRedraw, ApplyRedraw, RebaseRedraw, CloseRedraw,
        SaveScenario, ListScenarios, CompareScenarios, DiscardScenario,
        MoveCases, ListMoves, RecomputeDue,
    )
}  # fmt: skip
REQUESTS.update({kind.method: kind for kind in (*HISTORY, *DUTY, *INTAKE, *LINKS, *SLIPS, *ASSESSMENT, *ANALYSIS)})


def request_from_params(method: str, params: dict[str, Any]) -> Request:
    """Build a request from its JSON form.

    Raises
    ------
    InputRefused
        ``request.unknown_method`` or ``request.parameters`` (unknown, missing or of a wrong type).
    """
    kind = REQUESTS.get(method)
    if kind is None:
        raise InputRefused("request.unknown_method", method=method)
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(params) - known)
    if unknown:
        raise InputRefused("request.parameters", method=method, field=unknown[0])
    values: dict[str, Any] = {}
    for name, value in params.items():
        try:
            values[name] = _typed(method, name, value, hints[name])
        except OverflowError:  # JSON knows whole numbers that no float can hold
            raise InputRefused("request.parameters", method=method, field=name) from None
    try:
        return kind(**values)
    except TypeError as error:
        raise InputRefused("request.parameters", method=method, field=str(error)) from None


def _typed(method: str, name: str, value: Any, hint: Any) -> Any:
    """Turn one JSON value into what the request's field wants."""
    options = getattr(hint, "__args__", ()) if getattr(hint, "__origin__", None) not in (list, dict) else ()
    if value is None and type(None) in options:
        return None
    wanted = next((option for option in options if option is not type(None)), hint)
    if wanted is Layer and isinstance(value, dict):
        return _layer(method, name, value)
    if getattr(wanted, "__origin__", None) is list and isinstance(value, list):
        return _listed(method, name, value, wanted.__args__[0])
    if getattr(wanted, "__origin__", None) is dict and isinstance(value, dict):
        return value
    if wanted is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(wanted, type) and isinstance(value, wanted) and not _too_large(value):
        return value
    raise InputRefused("request.parameters", method=method, field=name)


def _listed(method: str, name: str, value: list[Any], kind: Any) -> list[Any]:
    """Turn a JSON list into one of layers, texts or numbers."""
    if kind is Layer:
        return [_layer(method, name, item) for item in value]
    wanted = (int, float) if kind is float else kind
    if any(not isinstance(item, wanted) or isinstance(item, bool) or _too_large(item) for item in value):
        raise InputRefused("request.parameters", method=method, field=name)
    return [float(item) for item in value] if kind is float else value


def _too_large(value: Any) -> bool:
    """Tell whether a whole number is one that no row of a store can have."""
    return isinstance(value, int) and abs(value) >= 2**63


def _layer(method: str, name: str, value: Any) -> Layer:
    """Build an input layer from its JSON form: a path, and texts or nothing beside it."""
    known = {field.name for field in fields(Layer)}
    if not isinstance(value, dict) or not set(value) <= known or not isinstance(value.get("path"), str):
        raise InputRefused("request.parameters", method=method, field=name)
    if any(item is not None and not isinstance(item, str) for item in value.values()):
        raise InputRefused("request.parameters", method=method, field=name)
    return Layer(**value)
