# SPDX-License-Identifier: GPL-2.0-or-later
"""Code schemes as data: build, parse, check, tell the edition, give out the next numbers.

A scheme is a list of segments of digits; the last one is the sequence, all before it are the *scope* in which numbers
are given out: county + street + community for unit grids, county + major + minor class for components. A component
code holds no unit grid, so redrawing grids never changes it.

What a code cannot tell: 16 digits can be a component of 2007, of 2013 or of the local variant 6+2+3+5, and 15 digits
a unit grid of 2013, 2026 or the local variant. ``editions_of`` names them all instead of guessing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digital_citymgmt_plugin.core.errors import CodeError

UNIT_GRID = "unit_grid"
COMPONENT = "component"
KINDS = (UNIT_GRID, COMPONENT)
SEQUENCE = "sequence"
# What the rest of the plugin asks a scheme of this kind for.
REQUIRED_SEGMENTS = {UNIT_GRID: ("county", "street", "community"), COMPONENT: ("county", "major", "minor")}

_ZERO = ord("0")
_MAX_DIGITS = 18  # scope and sequence each fit a 64-bit integer


@dataclass(frozen=True)
class Segment:
    """A part of a code: its name, number of digits and the code list it comes from."""

    name: str
    digits: int
    source: str = ""


@dataclass(frozen=True)
class CodeScheme:
    """How the codes of one kind of object are made in one edition.

    Parameters
    ----------
    name : str
        For the user, e.g. ``GB/T 30428.2-2013 6+2+2+6``.
    kind : {"unit_grid", "component"}
    edition : str
        ``2007``, ``2013``, ``2026``, ``local-6235`` or a city's own name.
    segments : tuple of Segment
        The last one is the sequence; all others are the scope.
    confidence : str
        How well the scheme is attested; see the note of the built-in schemes.
    note : str

    Raises
    ------
    CodeError
        ``codes.bad_scheme`` when the segments cannot make codes.
    """

    name: str
    kind: str
    edition: str
    segments: tuple[Segment, ...]
    confidence: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        names = [segment.name for segment in self.segments]
        problem = ""
        if self.kind not in KINDS:
            problem = "kind"
        elif not names or names[-1] != SEQUENCE or len(set(names)) != len(names):
            problem = "sequence"
        elif any(name not in names for name in REQUIRED_SEGMENTS[self.kind]):
            problem = "segments"
        elif any(type(segment.digits) is not int or segment.digits < 1 for segment in self.segments):
            problem = "digits"
        elif self.scope_length > _MAX_DIGITS or self.segments[-1].digits > _MAX_DIGITS:
            problem = "too_long"
        if problem:
            raise CodeError("codes.bad_scheme", scheme=self.name, problem=problem)

    @property
    def length(self) -> int:
        """Number of digits of a whole code."""
        return sum(segment.digits for segment in self.segments)

    @property
    def scope_length(self) -> int:
        """Number of digits before the sequence."""
        return sum(segment.digits for segment in self.segments[:-1])

    @property
    def capacity(self) -> int:
        """The last number of a scope."""
        return int(10 ** self.segments[-1].digits) - 1

    @property
    def structure(self) -> str:
        """The digits of the segments, e.g. ``6+2+2+6``."""
        return "+".join(str(segment.digits) for segment in self.segments)

    def digits(self, name: str) -> int:
        """Return the number of digits of a segment, 0 when there is none of this name."""
        return next((segment.digits for segment in self.segments if segment.name == name), 0)

    def build(self, **parts: str | int) -> str:
        """Make a code from its parts; text must have the segment's digits, whole numbers are filled with zeros.

        Raises
        ------
        CodeError
            ``codes.wrong_parts`` (missing or unknown names), ``codes.wrong_part`` (a part that does not fit),
            ``codes.zero_sequence``, ``codes.exhausted``.
        """
        expected = [segment.name for segment in self.segments]
        if set(parts) != set(expected):
            raise CodeError("codes.wrong_parts", given=sorted(parts), expected=expected)
        if isinstance(parts[SEQUENCE], int) and int(parts[SEQUENCE]) > self.capacity:
            scope = "".join(str(parts[name]) for name in expected[:-1])
            raise CodeError("codes.exhausted", scope=scope, capacity=self.capacity, needed=1, free=0)
        code = "".join(_part(segment, parts[segment.name]) for segment in self.segments)
        self._demand(code)
        return code

    def parse(self, code: str) -> dict[str, str]:
        """Take a code apart.

        Raises
        ------
        CodeError
            With the reason that ``check`` gives and the values of ``reason_values``.
        """
        self._demand(code)
        parts, start = {}, 0
        for segment in self.segments:
            parts[segment.name] = code[start : start + segment.digits]
            start += segment.digits
        return parts

    def check(self, code: str | None, county: str = "") -> str:
        """Return why a code is none of this scheme, '' when it is one.

        Parameters
        ----------
        code : str or None
            Taken as it is: blanks are not cut off.
        county : str
            When given, codes of another county are a fault, too.

        Returns
        -------
        str
            ``codes.missing``, ``codes.other_edition`` (right for another built-in edition), ``codes.wrong_length``,
            ``codes.not_digits``, ``codes.zero_sequence``, ``codes.other_county`` or ''. Classes and areas are not
            looked up here, and editions of equal length cannot be told apart.
        """
        if not code:
            return "codes.missing"
        if len(code) != self.length:
            other = _digits_only(code) and len(code) in _LENGTHS[self.kind]
            return "codes.other_edition" if other else "codes.wrong_length"
        if not _digits_only(code):
            return "codes.not_digits"
        if int(code[self.scope_length :]) == 0:
            return "codes.zero_sequence"
        return "codes.other_county" if county and not code.startswith(county) else ""

    def reason_values(self, code: str | None, county: str = "") -> dict[str, Any]:
        """Return what the sentence of ``check`` names: the code, its length, what was expected, other editions."""
        text = code or ""
        return {
            "value": text,
            "length": len(text),
            "expected": self.length,
            "structure": self.structure,
            "edition": self.edition,
            "editions": ", ".join(editions_of(text, self.kind)),
            "county": county,
        }

    def scope(self, code: str) -> str:
        """Return all but the sequence; raises as ``parse``."""
        self._demand(code)
        return code[: self.scope_length]

    def serial(self, code: str) -> int:
        """Return the sequence as a number; raises as ``parse``."""
        self._demand(code)
        return int(code[self.scope_length :])

    def check_many(self, codes: ArrayLike, county: str = "") -> NDArray[np.str_]:
        """Check many codes at once; element by element the same as ``check``.

        None and NaN count as missing; other values are taken as their text.
        """
        text = _as_text(codes, self.length)
        reasons = np.full(len(text), "", dtype="U24")
        if not len(text):
            return reasons
        lengths = np.char.str_len(text)
        matrix = matrix_of(text)
        inside = np.arange(matrix.shape[1]) < lengths[:, None]
        digits = (_is_digit(matrix) | ~inside).all(axis=1)
        fits = lengths == self.length
        if county:
            reasons[fits & digits & ~np.char.startswith(text, county)] = "codes.other_county"
        if fits.any():
            width = self.scope_length
            zero = (matrix[:, width : self.length] == _ZERO).all(axis=1)
            reasons[fits & digits & zero] = "codes.zero_sequence"
        reasons[fits & ~digits] = "codes.not_digits"
        reasons[~fits] = "codes.wrong_length"
        reasons[~fits & digits & np.isin(lengths, _LENGTHS[self.kind])] = "codes.other_edition"
        reasons[lengths == 0] = "codes.missing"
        return reasons

    def split_many(self, codes: ArrayLike) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
        """Return scopes and serials of many codes.

        Raises
        ------
        CodeError
            For the first code that is none of this scheme, with its place in the array as ``row`` (from 1).
        """
        text = _as_text(codes, self.length)
        if not len(text):
            return np.empty(0, dtype=f"U{self.scope_length}"), np.empty(0, dtype=np.int64)
        reasons = self.check_many(text)
        wrong = np.flatnonzero(reasons != "")
        if len(wrong):
            code = str(text[wrong[0]])
            raise CodeError(str(reasons[wrong[0]]), row=int(wrong[0]) + 1, **self.reason_values(code))
        width = self.scope_length
        return text.astype(f"U{width}"), numbers_of(matrix_of(text)[:, width : self.length])

    def parts_many(self, codes: ArrayLike, *names: str) -> NDArray[np.str_]:
        """Return the named neighbouring segments of many valid codes as one text, e.g. ``"major", "minor"``."""
        text = _as_text(codes, self.length)
        if not len(text):
            return np.empty(0, dtype="U1")
        order = [segment.name for segment in self.segments]
        places = [order.index(name) for name in names]
        start = sum(segment.digits for segment in self.segments[: places[0]])
        stop = sum(segment.digits for segment in self.segments[: places[-1] + 1])
        return _as_codes(matrix_of(text)[:, start:stop])

    def join_many(self, scopes: ArrayLike, serials: ArrayLike) -> NDArray[np.str_]:
        """Make codes from scopes and serials.

        Raises
        ------
        CodeError
            ``codes.bad_scope``, ``codes.zero_sequence`` or ``codes.exhausted`` for the first row that does not fit.
        """
        text = scopes_as_text(self, scopes)
        numbers = np.asarray(serials, dtype=np.int64)
        if len(text) != len(numbers):
            raise CodeError("codes.wrong_parts", given=[len(text), len(numbers)], expected=["scopes", "serials"])
        if not len(text):
            return np.empty(0, dtype=f"U{self.length}")
        for wrong, reason in ((numbers < 1, "codes.zero_sequence"), (numbers > self.capacity, "codes.exhausted")):
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                scope = str(text[row])
                raise CodeError(reason, row=row + 1, scope=scope, value=scope, capacity=self.capacity, needed=1, free=0)
        width, digits = self.scope_length, self.segments[-1].digits
        matrix = np.empty((len(text), self.length), dtype=np.uint32)
        matrix[:, :width] = matrix_of(text)
        rest = numbers
        for place in range(width + digits - 1, width - 1, -1):
            rest, digit = np.divmod(rest, 10)
            matrix[:, place] = digit + _ZERO
        return _as_codes(matrix)

    def _demand(self, code: str) -> None:
        reason = self.check(code)
        if reason:
            raise CodeError(reason, **self.reason_values(code))


def _grid(name: str, edition: str, sequence: int, confidence: str, note: str = "") -> CodeScheme:
    parts = (("county", 6, "GB/T 2260"), ("street", 3, "GB/T 10114"), ("community", 3, ""), (SEQUENCE, sequence, ""))
    return CodeScheme(name, UNIT_GRID, edition, tuple(Segment(*part) for part in parts), confidence, note)


def _component(name: str, edition: str, minor: int, sequence: int, confidence: str, note: str = "") -> CodeScheme:
    parts = (("county", 6, "GB/T 2260"), ("major", 2, "class"), ("minor", minor, "class"), (SEQUENCE, sequence, ""))
    return CodeScheme(name, COMPONENT, edition, tuple(Segment(*part) for part in parts), confidence, note)


LOCAL_6235 = "local-6235"
EDITIONS = ("2007", "2013", "2026", LOCAL_6235)
TWO_SOURCES = "confirmed by >=2 sources"
ONE_SOURCE = "one source"

_ALL = (
    _grid("CJ/T 213-2005 6+3+3+2", "2007", 2, TWO_SOURCES),
    _grid("GB/T 30428.1-2013 6+3+3+3", "2013", 3, TWO_SOURCES),
    _grid("GB/T 47678.3-2026 6+3+3+3", "2026", 3, TWO_SOURCES),
    _grid("6+3+3+3", LOCAL_6235, 3, "default", "the local variant is known for components only"),
    _component("CJ/T 214-2007 6+2+2+6", "2007", 2, 6, "one source; also general knowledge"),
    _component("GB/T 30428.2-2013 6+2+2+6", "2013", 2, 6, "one source; also general knowledge"),
    _component("GB/T 47678.5-2026 6+2+3+6", "2026", 3, 6, ONE_SOURCE, "a draft had 6+2+3+5; the later text is taken"),
    _component("6+2+3+5", LOCAL_6235, 3, 5, ONE_SOURCE, "draft of the 2026 part, used by some cities"),
)
SCHEMES: Mapping[tuple[str, str], CodeScheme] = {(scheme.edition, scheme.kind): scheme for scheme in _ALL}
_LENGTHS: Mapping[str, list[int]] = {
    kind: sorted({scheme.length for scheme in _ALL if scheme.kind == kind}) for kind in KINDS
}


def scheme_of(edition: str, kind: str) -> CodeScheme:
    """Return a built-in scheme; raises ``codes.unknown_edition``."""
    try:
        return SCHEMES[edition, kind]
    except KeyError:
        raise CodeError("codes.unknown_edition", edition=edition, editions=", ".join(EDITIONS)) from None


def editions_of(code: str, kind: str) -> tuple[str, ...]:
    """Return all built-in editions a code can belong to, () when none: the length tells, nothing else does."""
    return tuple(edition for edition in EDITIONS if not SCHEMES[edition, kind].check(code))


def scheme_to_dict(scheme: CodeScheme) -> dict[str, Any]:
    """Turn a scheme into what JSON can hold."""
    return {
        "name": scheme.name,
        "kind": scheme.kind,
        "edition": scheme.edition,
        "segments": [[segment.name, segment.digits, segment.source] for segment in scheme.segments],
        "confidence": scheme.confidence,
        "note": scheme.note,
    }


def scheme_from_dict(values: Mapping[str, Any]) -> CodeScheme:
    """Make a scheme from what ``scheme_to_dict`` gave; raises ``codes.bad_scheme``."""
    name = str(values.get("name", ""))
    try:
        segments = tuple(_segment(item) for item in values["segments"])
        return CodeScheme(
            name,
            str(values["kind"]),
            str(values["edition"]),
            segments,
            str(values.get("confidence", "")),
            str(values.get("note", "")),
        )
    except (KeyError, TypeError, ValueError, IndexError):
        raise CodeError("codes.bad_scheme", scheme=name, problem="segments") from None


def _segment(item: Sequence[Any]) -> Segment:
    if isinstance(item, str):
        raise TypeError(item)
    return Segment(str(item[0]), int(item[1]), str(item[2]) if len(item) > 2 else "")


def _part(segment: Segment, value: str | int) -> str:
    text = f"{value:0{segment.digits}d}" if isinstance(value, (int, np.integer)) else str(value)
    if len(text) != segment.digits or not _digits_only(text):
        raise CodeError("codes.wrong_part", part=segment.name, value=text, digits=segment.digits)
    return text


def _digits_only(text: str) -> bool:
    # isdigit alone takes full-width and other scripts' digits, too.
    return text.isascii() and text.isdigit()


def _as_text(values: ArrayLike, length: int) -> NDArray[np.str_]:
    """Return values as text, longer ones cut where no scheme can fit any more."""
    limit = max([length, *_LENGTHS[UNIT_GRID], *_LENGTHS[COMPONENT]]) + 1
    array = np.asarray(values)
    if array.dtype.kind == "U":
        return np.ascontiguousarray(array.astype(f"U{limit}") if array.dtype.itemsize > 4 * limit else array)
    return np.array([_cell(value)[:limit] for value in array.tolist()], dtype=f"U{limit}")


def _cell(value: Any) -> str:
    if isinstance(value, str):
        # numpy drops NULs at the end of a text, which would make a wrong code right.
        return value.replace("\0", "?") if "\0" in value else value
    return "" if value is None or value != value else str(value)


def scopes_as_text(scheme: CodeScheme, scopes: ArrayLike) -> NDArray[np.str_]:
    """Return scopes as text of equal width; ``codes.bad_scope`` for the first that is none of this scheme."""
    text = _as_text(scopes, scheme.length)
    width = scheme.scope_length
    if not len(text):
        return text
    good = np.char.str_len(text) == width
    good &= _is_digit(matrix_of(text)[:, :width]).all(axis=1)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise CodeError("codes.bad_scope", row=row + 1, scope=str(text[row]), digits=width, structure=scheme.structure)
    return np.ascontiguousarray(text.astype(f"U{width}"))


def matrix_of(text: NDArray[np.str_]) -> NDArray[np.uint32]:
    """View texts as a matrix of code points, one row each, 0 behind the end."""
    native = np.ascontiguousarray(text.astype(text.dtype.newbyteorder("="), copy=False))
    return native.view(np.uint32).reshape(len(text), -1)


def _as_codes(matrix: NDArray[np.uint32]) -> NDArray[np.str_]:
    return np.ascontiguousarray(matrix).view(f"U{matrix.shape[1]}").ravel()


def _is_digit(matrix: NDArray[np.uint32]) -> NDArray[np.bool_]:
    return (matrix >= _ZERO) & (matrix <= _ZERO + 9)


def numbers_of(matrix: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the number that the digits of each row of a matrix make."""
    powers = 10 ** np.arange(matrix.shape[1] - 1, -1, -1, dtype=np.int64)
    return (matrix.astype(np.int64) - _ZERO) @ powers
