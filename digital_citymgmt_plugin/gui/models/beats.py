# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats while they are painted: who has which unit grid, what each carries, undo and redo of whole strokes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.beat_loads import MEASURES, loads_of

NONE = ""  # the beat of a grid that has none
TOLERANCE = 0.05
# Colours by number, so far apart that neighbours are told from each other; they begin anew after the last.
COLOURS = (
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f", "#ff9da7", "#86bcb6",
    "#d37295", "#8cd17d", "#499894", "#b6992d", "#a0cbe8", "#ffbe7d",
)  # fmt: skip


def tr(text: str) -> str:
    """Translate a text of the dock of beats."""
    return QCoreApplication.translate("Beats", text)


def header() -> list[str]:
    """Return the headings of the table."""
    return [
        tr("Beat"), tr("Name"), tr("Load"), tr("Off (%)"), tr("Grids"), tr("Area (km²)"), tr("Components"), tr("Cases"),
        tr("Road (km)"), tr("State"),
    ]  # fmt: skip


class BeatPaint:
    """The paper that beats are painted on: the answer of ``list_beats``, and every stroke since."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        grids = answer["grids"]
        self.grids: list[str] = [str(code) for code in grids["code"]]
        self.row_of = {code: row for row, code in enumerate(self.grids)}
        self.figures: dict[str, list[float]] = {name: [float(value) for value in grids[name]] for name in MEASURES}
        self.beat: list[str] = [str(code or "") for code in grids["beat"]]
        self.near: list[set[int]] = [set() for _ in self.grids]
        for one, other in answer["edges"]:
            self.near[one].add(other)
            self.near[other].add(one)
        self.gaps: set[tuple[int, int]] = {(int(one), int(other)) for one, other, _ in answer.get("bridges") or ()}
        self.names = {str(beat["code"]): str(beat["name"]) for beat in answer["beats"]}
        self.saved, self.saved_names = list(self.beat), dict(self.names)
        self.codes = sorted(self.names)  # also those that have no grid yet
        self.locked: set[str] = set()
        self.weights: dict[str, float] = {"components": 1.0}
        self._next = str(answer.get("next") or "001")
        self._done: list[dict[int, tuple[str, str]]] = []  # strokes: row → (before, after)
        self._undone: list[dict[int, tuple[str, str]]] = []
        self.loads = loads_of(self.figures, self.weights)

    # -- strokes ------------------------------------------------------------------------------------------------

    def paint(self, grids: Iterable[str], beat: str, *, joined: bool = False) -> int:
        """Give grids to a beat in one stroke; locked beats neither give nor take. Returns how many changed.

        ``joined``: the stroke goes on from the last one and is taken back with it.
        """
        if beat in self.locked:
            return 0
        stroke: dict[int, tuple[str, str]] = {}
        for code in grids:
            row = self.row_of.get(code)
            if row is not None and self.beat[row] != beat and self.beat[row] not in self.locked:
                stroke[row] = (self.beat[row], beat)
        if joined and stroke and self._done:
            before = self._done.pop()
            self._do(stroke)
            self._done[-1] = {**stroke, **{row: (was, self.beat[row]) for row, (was, _now) in before.items()}}
        else:
            self._do(stroke)
        return len(stroke)

    def replace(self, members: Mapping[str, str]) -> int:
        """Take a draft over as one stroke."""
        stroke = {
            row: (self.beat[row], str(members[code]))
            for row, code in enumerate(self.grids) if code in members and members[code] != self.beat[row]
        }  # fmt: skip
        self._do(stroke)
        return len(stroke)

    def _do(self, stroke: dict[int, tuple[str, str]]) -> None:
        if not stroke:
            return
        for row, (_before, after) in stroke.items():
            self.beat[row] = after
        self._done.append(stroke)
        self._undone.clear()
        self.codes = sorted({*self.codes, *(after for _before, after in stroke.values() if after)})

    def undo(self) -> set[str]:
        """Take the last stroke back; returns the beats that it touched."""
        if not self._done:
            return set()
        stroke = self._done.pop()
        for row, (before, _after) in stroke.items():
            self.beat[row] = before
        self._undone.append(stroke)
        return {beat for pair in stroke.values() for beat in pair}

    def redo(self) -> set[str]:
        """Do the stroke that was taken back last again."""
        if not self._undone:
            return set()
        stroke = self._undone.pop()
        for row, (_before, after) in stroke.items():
            self.beat[row] = after
        self._done.append(stroke)
        return {beat for pair in stroke.values() for beat in pair}

    @property
    def can_undo(self) -> bool:
        """Whether there is a stroke to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a stroke to do again."""
        return bool(self._undone)

    def add(self) -> str:
        """Begin a new beat; returns its code, the next that was never used."""
        code = self._next
        while code in self.codes:
            code = f"{int(code) + 1:03d}"
        self._next = f"{int(code) + 1:03d}"
        self.codes = sorted({*self.codes, code})
        return code

    # -- what comes of it ---------------------------------------------------------------------------------------

    def weigh(self, weights: Mapping[str, float]) -> None:
        """Let the load be made of other measures."""
        self.weights = dict(weights)
        self.loads = loads_of(self.figures, self.weights)

    def members(self, beat: str) -> list[int]:
        """Return the rows of the grids of a beat."""
        return [row for row, of in enumerate(self.beat) if of == beat]

    def pieces(self, rows: Sequence[int]) -> int:
        """Count the connected pieces of some grids; what is joined only over a gap counts apart."""
        left, count = set(rows), 0
        while left:
            count += 1
            todo = [left.pop()]
            while todo:
                beside = self.near[todo.pop()] & left
                left -= beside
                todo += beside
        return count

    def even(self) -> float:
        """Return the even load: that of the beats that are not locked, shared out among them."""
        free = [code for code in self.codes if code not in self.locked]
        held = sum(load for load, beat in zip(self.loads, self.beat) if beat and beat not in self.locked)
        return held / len(free) if free else 0.0

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each beat: code, name, figures, load, off (share of the even load), pieces, locked."""
        even, rows = self.even(), {code: list[int]() for code in self.codes}
        for row, beat in enumerate(self.beat):
            if beat:
                rows[beat].append(row)
        found = []
        for code, members in rows.items():
            load = sum(self.loads[row] for row in members)
            found.append(
                {
                    "code": code, "name": self.names.get(code, ""), "grids": len(members),
                    **{name: sum(self.figures[name][row] for row in members) for name in MEASURES},
                    "load": load, "off": load / even - 1 if even > 0 else 0.0,
                    "pieces": self.pieces(members), "locked": code in self.locked,
                }
            )  # fmt: skip
        return found

    def changed(self) -> dict[str, str]:
        """Return the grids whose beat is not that of the store: code of the grid → code of the beat."""
        return {
            code: now for code, was, now in zip(self.grids, self.saved, self.beat) if was != now
        }  # fmt: skip

    def names_changed(self) -> dict[str, str]:
        """Return the names that are not those of the store."""
        held = set(self.beat)
        return {
            code: name for code, name in self.names.items() if code in held and name != self.saved_names.get(code, "")
        }  # fmt: skip

    def all_members(self) -> dict[str, str]:
        """Return the beat of every grid."""
        return dict(zip(self.grids, self.beat))


def row_words(row: Mapping[str, Any]) -> list[str]:
    """Return a row of the table as it is shown."""
    state = []
    if row["locked"]:
        state.append(tr("locked"))
    if not row["grids"]:
        state.append(tr("empty"))
    if row["pieces"] > 1:
        state.append(counted(tr("{count} [piece|pieces]"), count=row["pieces"]))
    sign = "▲" if row["off"] > TOLERANCE else "▼" if row["off"] < -TOLERANCE else ""
    return [
        row["code"], row["name"], f"{row['load']:,.1f}", f"{sign}{100 * row['off']:+.1f}", str(row["grids"]),
        f"{row['area'] / 1e6:.3f}", f"{row['components']:,.0f}", f"{row['cases']:,.0f}", f"{row['road'] / 1000:.2f}",
        ", ".join(state),
    ]  # fmt: skip


def summary_words(paint: BeatPaint, table: Sequence[Mapping[str, Any]]) -> str:
    """Return how even the beats are, in a sentence, and what is not applied yet."""
    free = [row for row in table if not row["locked"]]
    worst = max((abs(row["off"]) for row in free), default=0.0)
    over = sum(1 for row in free if abs(row["off"]) > TOLERANCE)
    words = tr("{beats} beats; the farthest off the even load {worst} %, {over} beyond 5 %; {none} grids without.")
    said = words.format(beats=len(table), worst=f"{100 * worst:.1f}", over=over, none=paint.beat.count(NONE))
    count = len(paint.changed())
    return f"{said} {counted(tr('{count} [grid|grids] not applied yet.'), count=count)}" if count else said


def read_mix(text: str) -> dict[str, float]:
    """Read weights such as ``components=2, cases=1``; Chinese names of the measures, too.

    Raises
    ------
    InputRefused
        ``input.weights``, ``beats.weights``.
    """
    from digital_citymgmt_plugin.core.grids.beat_loads import checked_weights
    from digital_citymgmt_plugin.core.load_weights import parse_weights

    known = {"面积": "area", "部件": "components", "案件": "cases", "道路": "road"}
    found = parse_weights(text)
    if not found:
        raise InputRefused("input.weights", value=text)
    return checked_weights({known.get(name, name): value for name, value in found.items()})
