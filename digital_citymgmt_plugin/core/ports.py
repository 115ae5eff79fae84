# SPDX-License-Identifier: GPL-2.0-or-later
"""What the use cases need from outside, as protocols. ``storage`` implements them, ``engine`` brings them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.brief import Brief
from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation
from digital_citymgmt_plugin.core.basemap.drawing import Drawing
from digital_citymgmt_plugin.core.basemap.themes import Cass
from digital_citymgmt_plugin.core.cases.slips import Sheet as Slip
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar
from digital_citymgmt_plugin.core.census.check_pack import Rule
from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.core.keepers import EvidenceKeeper
from digital_citymgmt_plugin.core.platform_profile import Platform
from digital_citymgmt_plugin.core.profile import Profile
from digital_citymgmt_plugin.core.undo import Logged, TakenBack, UndoPlan, Written

# A table by columns: arrays of equal length. ``geom`` holds shapely geometries or None (object array);
# other columns hold plain Python values (object) or numbers. Missing values are None (or NaN in float columns).
Columns = dict[str, NDArray[Any]]

# (column, operator, value); operators: = != < <= > >= in "not in" "is null" "not null" and, for geometries, "box"
# (west, south, east, north in the store's CRS: what touches it); values are bound, never pasted.
Condition = tuple[str, str, Any]

# Column of a source: row number as the user sees it (header = row 1 in text tables; feature 1, 2, … else).
ROW = "__row__"
GEOM = "geom"
XY = "xy"  # asked of ``Store.read`` instead of GEOM: (n, 2) float64, one point for each geometry


class Progress(Protocol):
    """Where a use case says how far it is. Cheap: may be called often."""

    def __call__(self, fraction: float, message: str = "", **values: Any) -> None:
        """Say the share done (0..1) and, optionally, a message code with its values."""


class Spread(Protocol):
    """Other processes to work in."""

    def __call__(self, function: Callable[[Any], Any], things: list[Any], check: Callable[[], None]) -> Iterator[Any]:
        """Yield the function's result for each thing, in their order; ``check`` is called often and may raise."""


class Cancel(Protocol):
    """Whether the user wants to stop."""

    def check(self) -> None:
        """Raise ``Cancelled`` if the user asked to stop; call between chunks of work."""


Clock = Callable[[], datetime]  # the present moment, aware, UTC


@dataclass(frozen=True)
class Field:
    """A column of a source: its name and kind (text, integer, real, date, datetime, boolean)."""

    name: str
    kind: str


@dataclass(frozen=True)
class SourceInfo:
    """What was found out about an input table or layer before reading its rows.

    ``crs`` is an authority string (``EPSG:4490``) or WKT, None when the file states none. ``encoding`` is the code
    page used for text and ``encoding_evidence`` why. ``rows`` may be None when only reading tells.
    ``geometry`` is Point, LineString, Polygon, their Multi forms, Unknown, or None for a table.
    """

    path: str
    layer: str | None
    driver: str
    fields: tuple[Field, ...]
    rows: int | None
    geometry: str | None
    crs: str | None
    encoding: str | None = None
    encoding_evidence: str = ""


class Source(Protocol):
    """An open input, read once from start to end."""

    info: SourceInfo
    notes: list[tuple[str, dict[str, Any]]]  # what reading had to say (code, values); complete after the last chunk

    def chunks(self, size: int = 20_000) -> Iterator[Columns]:
        """Yield the rows in order, at most ``size`` at a time, with ``__row__`` and (layers) ``geom``."""

    def close(self) -> None:
        """Let go of the file."""


class RejectList(Protocol):
    """Rows that were not taken, written with their reasons so that they can be mended and fed back."""

    def add(self, row: int, reason: str, values: Mapping[str, Any], original: Mapping[str, Any]) -> None:
        """Add one row: its number, the reason's code, the values its sentence names, the row as read."""

    @property

    def count(self) -> int:
        """How many rows were added."""

    def close(self) -> None:
        """Finish the file; no file is left when there was nothing to write."""

    def discard(self) -> None:
        """Leave nothing behind: for an action that failed or was cancelled."""


@dataclass(frozen=True)
class PhotoFacts:
    """What a photo says of itself.

    ``look``: perceptual hash, 64 bits as hex. ``taken``: the camera's clock (local, without zone), ``lon`` and ``lat``
    in degrees (WGS 84); None where its EXIF is silent or cannot be true. ``ending``: by its content, not by its name.
    """

    sha256: str
    bytes: int
    width: int
    height: int
    look: str
    taken: str | None
    lon: float | None
    lat: float | None
    ending: str


class PhotoKeeper(Protocol):
    """The city's photo folder; new files stand aside until ``keep``."""

    def name_for(self, base: str, ending: str, digest: str, taken: set[str]) -> str:
        """Return the next free name ``<base>_<n>``."""

    def take(self, source: str, name: str, digest: str) -> None:
        """Copy a file aside under the name it is to have, and check the copy."""

    def keep(self) -> None:
        """Move all that was taken to its place."""

    def close(self, *, good: bool) -> None:
        """Remove what stood aside; what was kept, too, unless all went well."""

    def tidy(self, held: Callable[[], set[str]]) -> None:
        """Remove what a killed import left; ``held`` names the files of all photo rows."""

    def missing(self, names: list[str]) -> list[str]:
        """Return which of these files are not in the folder."""


@dataclass(frozen=True)
class Finding:
    """One kind of damage that a store was found to have.

    ``objects`` are keys as the user finds them (fid, code, uuid, name), at most 1,000 of ``count``; ``repair`` names
    what repairs it, '' when only a person can.
    """

    rule: str
    table: str
    count: int
    example: str = ""
    level: str = "error"  # error | warning
    repair: str = ""
    objects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook: column headings, rows, and lines printed above and under the table."""

    name: str
    header: tuple[str, ...]
    rows: Iterable[Sequence[Any]]  # walked through once
    title: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Buckets(Protocol):
    """Records set aside on disk by bucket, so that memory holds one bucket at a time."""

    def add(self, records: NDArray[Any], buckets: NDArray[np.int64]) -> None:
        """Append structured records, each to its bucket."""

    def each(self) -> Iterator[NDArray[Any]]:
        """Yield the records of each bucket that has any, in the order they came."""

    def close(self) -> None:
        """Remove what was written."""


class Files(Protocol):
    """Files in and out; everything from outside is untrusted."""

    def layers(self, path: str) -> tuple[str, ...]:
        """Name the layers or sheets of a file."""

    def open_source(self, path: str, *, layer: str | None = None, encoding: str | None = None) -> Source:
        """Open a vector layer or a table (SHP, GPKG, GeoJSON, CSV, XLSX …); ``layer`` names a layer or sheet."""

    def beside(self, path: str, tail: str, suffix: str = "") -> str:
        """Return the name of a file that is written beside another; refused where it would take another's place."""

    def read_drawing(self, path: str, encoding: str | None = None) -> Drawing:
        """Read a DXF as points, lines, areas and texts; the code page by evidence unless it is given."""

    def drawing_files(self, path: str) -> tuple[list[str], list[str]]:
        """List the drawings and layer files of a folder (or the one file), and the DWG files that cannot be read."""

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file; of a shapefile with its table."""

    def cass(self) -> Cass:
        """Return the layers of CASS and the codes of SOUTH."""

    def rejects(self, path: str | None, fields: Sequence[str], sentences: Mapping[str, str]) -> RejectList:
        """Start a reject list (XLSX or CSV by ending; None counts only); ``sentences`` maps reason code to template."""

    def write_layer(
        self,
        path: str,
        layer: str,
        columns: Columns,
        crs: str | None,
        geometry: str | None,
        *,
        spatial_index: bool = True,
    ) -> None:
        """Write a new layer or table (GPKG, SHP, GeoJSON, CSV, XLSX by ending); ``geometry`` None writes a table."""

    def write_layers(
        self, path: str, layers: Mapping[str, Columns], crs: str | None, geometries: Mapping[str, str]
    ) -> None:
        """Write a new GeoPackage of several layers, whole or not at all."""

    def platforms(self, path: str | None = None) -> list[Platform]:
        """Return the profiles of platforms that unit grids are exported for; those of a file of one's own first."""

    def write_platform_file(self, path: str, platform: Platform, columns: Columns, crs: str) -> None:
        """Write unit grids as a platform wants them, whole or not at all."""

    def read_profile(self, path: str) -> Profile:
        """Read a city profile from a workbook or JSON; all of it or nothing."""

    def write_profile(self, path: str, profile: Profile) -> None:
        """Write a city profile as a workbook."""

    def mistaken_schemes(self) -> dict[str, Any]:
        """Return public schemes of evaluation as their sources have them, with their mistakes, as rows of a profile."""

    def builtin_profile(self, edition: str) -> Profile:
        """Return the built-in profile of an edition of the standard."""

    def check_rules(self) -> list[Rule]:
        """Return the rule pack of the checks as the plugin has it, before the city's changes."""

    def buckets(self, kind: Any, count: int) -> Buckets:
        """Set up a place for records of a numpy type, in a folder of its own that is gone afterwards."""

    def write_rows(self, path: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a CSV or TSV row by row, memory flat; text that looks like a formula stays text."""

    def photos_in(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield path and size of each photo under a folder."""

    def read_photo(self, path: str) -> PhotoFacts:
        """Read what a photo says of itself; raises ``InputRefused`` for what is none."""

    def evidence(self, path: str) -> dict[str, Any]:
        """Return name, bytes and digest of a file that proves something; see ``storage.evidence``."""

    def evidence_folder(self) -> EvidenceKeeper:
        """Return the folder of copies of evidence."""

    def photo_folder(self) -> PhotoKeeper:
        """Return the photo folder of the city store."""

    def write_workbook(self, path: str, sheets: Sequence[Sheet]) -> None:
        """Write a workbook; text that looks like a formula stays text."""

    def write_package(self, path: str, manifest: Mapping[str, Any], fill: Callable[[str], None]) -> tuple[str, str]:
        """Write a package (zip by its ending, else a new folder) of what ``fill`` writes; its path, its digest."""

    def remove_package(self, path: str) -> None:
        """Take away a package that was written just now."""

    def copy_named(self, folder: str, target: str, stems: Sequence[str], endings: Sequence[str]) -> int:
        """Copy files of some names and endings into a new folder; returns how many names were found."""

    def receipt(self, path: str) -> AbstractContextManager[str | list[dict[str, Any]]]:
        """Find the receipt of a file, zip or folder: its rows when it is JSON, else the path of its table."""

    def fill_word(self, template: str, values: Mapping[str, Any], images: Mapping[str, Any], path: str) -> None:
        """Fill a city's Word template; ``images``: a ``Picture`` or several by name; see ``storage.word_template``."""

    def write_brief(
        self, brief: Brief, evaluation: Evaluation, said: Mapping[str, Any], document: str, workbook: str, template: str
    ) -> list[tuple[str, dict[str, Any]]]:
        """Write a brief as Word, workbook or both ('' not), all or none; returns what is to be said (code, values)."""

    def brief_texts(self) -> list[dict[str, str]]:
        """Return the sentences of briefs as the plugin has them."""

    def write_assessment_book(self, path: str, evaluation: Evaluation, said: Mapping[str, Any]) -> None:
        """Write an evaluation as a workbook whose formulas are alive; ``said``: its words."""

    def write_slip(
        self, path: str, slip: Slip, words: Mapping[str, str], picture: str, template: str = ""
    ) -> dict[str, int]:
        """Write a slip of a case as a Word file; tells how many ``photos`` and whether the ``map`` are not in it."""


class Projections(Protocol):
    """Coordinate reference systems."""

    def same(self, first: str, second: str) -> bool:
        """Tell whether two CRS are the same."""

    def is_metric(self, crs: str) -> bool:
        """Tell whether a CRS is projected with metres as unit."""

    def transform(self, geometries: NDArray[Any], source: str, target: str) -> NDArray[Any]:
        """Reproject geometries; None stays None; coordinates that cannot be transformed become empty geometries."""

    def describe(self, crs: str) -> tuple[str, int, str, str]:
        """Return authority, code, name and WKT of a CRS; raises ``InputRefused`` when it is not known."""

    def utm_for(self, longitude: float, latitude: float) -> str:
        """Return a metric CRS that suits a place given in degrees."""

    def area_of_use(self, crs: str) -> tuple[float, float, float, float] | None:
        """Return west, south, east, north in degrees of where a CRS is used, None when that is not known."""


class Action(Protocol):
    """One user action in progress: one transaction, one ``operation`` row."""

    operation_uuid: str
    at: str  # when it began, UTC, as the store writes moments
    counts: dict[str, int]

    def insert(self, table: str, columns: Columns) -> NDArray[np.int64]:
        """Add rows and return their ``fid``. ``uuid``, ``created_at`` and ``updated_at`` are filled when absent."""

    def update(self, table: str, fids: NDArray[np.int64], columns: Columns) -> int:
        """Set columns of the rows with these ``fid``; returns how many rows there were."""

    def register(self, table: str, fids: NDArray[np.int64], kind: str, scope_length: int) -> int:
        """Write the codes that rows have just been given into the register; returns how many.

        The first ``scope_length`` characters of a code are its scope, the rest is its number.
        """

    def delete(self, table: str, fids: NDArray[np.int64]) -> int:
        """Take rows away (never components, grids or cases: theirs is a status); returns how many there were."""

    def take_back(self, target: Logged, advance: Callable[[float], None] | None = None) -> TakenBack:
        """Take an earlier action back; later ones that built on it must have been taken back before."""

    def note(self, **values: Any) -> None:
        """Remember details (files, choices) in the operation row."""


class Store(Protocol):
    """The city store: tables of the data model. Every write is inside an action."""

    path: str

    def moment(self) -> tuple[int, int]:
        """Return what changes with every change of the store; while it stays, what was read before holds."""

    def meta(self) -> dict[str, str]:
        """Return the store's settings: schema_version, edition, county_code, county_name, crs, time_zone …"""

    def profile(self) -> Profile:
        """Return the city profile kept in the store."""

    def save_profile(self, action: Action, profile: Profile) -> None:
        """Write a profile over the one that the store holds, inside an action."""

    def calendar(self) -> WorkCalendar:
        """Return the work calendar: the city's own days over the published ones, its hours."""

    def count(self, table: str, where: Sequence[Condition] = ()) -> int:
        """Count rows."""

    def tally(self, table: str, by: Sequence[str], where: Sequence[Condition] = ()) -> list[tuple[Any, ...]]:
        """Count rows by the values of columns: one tuple (values, count) per combination, sorted."""

    def read(
        self, table: str, columns: Sequence[str], where: Sequence[Condition] = (), order: Sequence[str] = ()
    ) -> Columns:
        """Read columns of the rows that meet all conditions.

        ``GEOM`` gives shapely geometries, ``XY`` the coordinates of one point for each (``representative_points``).
        """

    def chunks(
        self, table: str, columns: Sequence[str], where: Sequence[Condition] = (), size: int = 50_000
    ) -> Iterator[Columns]:
        """Read as ``read``, in chunks by ``fid``."""

    def packed(
        self, table: str, columns: Sequence[str], where: Sequence[Condition] = (), size: int = 20_000
    ) -> Iterator[Columns]:
        """Read as ``chunks``, three times faster: columns of text (what is missing is ``""``), ``GEOM`` or ``XY``."""

    def fids_in(self, table: str, boxes: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the rows of a spatial table whose box meets one of ``boxes`` (n rows west, south, east, north)."""

    def latest(self, table: str, key: str, at: str, columns: Sequence[str]) -> Columns:
        """Read the last row of each value of ``key`` by ``at``; fast where an index begins with these two columns."""

    def max_serials(self) -> dict[str, int]:
        """Return the highest serial ever issued or lent per scope of the code register."""

    def verify(self, progress: Progress | None = None, cancel: Cancel | None = None) -> list[Finding]:
        """Check the store against itself; reads only."""

    def repair(self, action: Action, findings: Sequence[Finding], progress: Progress, cancel: Cancel) -> list[Finding]:
        """Repair what can be repaired; returns what is found afterwards, all within the action."""

    def chain(self) -> dict[str, Any]:
        """Tell whether the log of operations is whole: ``count``, ``digest``, ``broken`` (fid), ``at``, ``missing``."""

    def backup(self, path: str, progress: Progress, cancel: Cancel, *, overwrite: bool = False) -> dict[str, int]:
        """Copy the store as it is at one moment into a new file, whole or not at all; counts of the copy."""

    def copy_beside(self, tag: str, progress: Progress, cancel: Cancel) -> str:
        """Copy the store beside itself under a name that is not taken; returns the path."""

    def logged(self, uuid: str) -> Logged | None:
        """Return a row of the operation log."""

    def is_recorded(self, uuid: str) -> bool:
        """Tell whether it is known what an action wrote over, so that it can be taken back."""

    def plan_undo(self, target: Logged) -> UndoPlan:
        """Find what has to be taken back with an action."""

    def written(self, operation: str, tables: Sequence[str]) -> Iterator[Written]:
        """Yield what an action (uuid) wrote into some tables."""

    def action(self, kind: str, **params: Any) -> AbstractContextManager[Action]:
        """Open an action; leaving it normally commits all, an exception undoes all."""


@dataclass(frozen=True)
class Context:
    """What a use case is given to work with."""

    files: Files
    projections: Projections
    progress: Progress
    cancel: Cancel
    clock: Clock
    store: Store | None = None
    sentences: Mapping[str, str] | None = None  # reason code → template in the user's language, for reject lists
    spread: Spread | None = None  # runs a function on many things in other processes
    preview: bool = False  # the store throws away what is written: only the counts are asked for

    def need_store(self) -> Store:
        """Return the store; an engine never calls a store use case without one.

        Raises
        ------
        StoreError
            ``store.none_open``.
        """
        if self.store is None:
            raise StoreError("store.none_open")
        return self.store
