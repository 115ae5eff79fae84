# SPDX-License-Identifier: GPL-2.0-or-later
"""A look at a census before it is brought in: its first rows, what each column may be, and its words for classes."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from digital_citymgmt_plugin.core.census.column_guess import guess_columns, suggest_class
from digital_citymgmt_plugin.core.census.fields import FIELDS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.guesses import crs_of_coordinates, plain
from digital_citymgmt_plugin.core.ports import GEOM, Context, Store
from digital_citymgmt_plugin.core.requests import PreviewTable
from digital_citymgmt_plugin.services.intake import base_name, open_layer, source_name
from digital_citymgmt_plugin.services.placing import city_box

_SAMPLE = 2_000  # rows that guesses look at
_MOST_ROWS = 1_000
_MOST_KINDS = 500  # different words for classes; a column with more is none of classes


def preview_table(context: Context, request: PreviewTable) -> dict[str, Any]:
    """Read the head of a table or layer, and all of its class column; nothing is written.

    Returns
    -------
    dict
        ``columns``; ``rows``: the first ones as texts; ``fields``: our field → column, ``why``: our field → code of a
        sentence; ``x``, ``y``, ``crs``, ``null_values``; ``geometry`` (None for a table); ``total`` rows or None;
        ``class_column`` and ``classes``: its words as [word, rows, code of a class or "", known]; ``more_classes``:
        whether there are over 500; ``name``: of the source; ``saved``: the mapping (JSON text) remembered for it, or
        None; ``known``: the fields that can be mapped.

    Raises
    ------
    InputRefused
        What cannot be read; ``mapping.no_column`` for a class column that is not there.
    """
    store = context.need_store()
    if not 1 <= request.rows <= _MOST_ROWS:
        raise InputRefused("request.parameters", method=request.method, field="rows")
    source = open_layer(context, request.input)
    try:
        info = source.info
        headings = [item.name for item in info.fields]
        saved = _saved(store, source_name(source))
        profile = store.profile()
        by_code, by_name = profile.class_by_code("component"), profile.class_by_name("component")
        sample: dict[str, list[str]] = {name: [] for name in headings}
        kinds: Counter[str] = Counter()
        guess, column, total, whole = None, "", 0, False
        for chunk in source.chunks(_SAMPLE):
            context.cancel.check()
            texts = {name: [plain(value) for value in chunk[name].tolist()] for name in headings if name in chunk}
            if guess is None:
                sample = {name: texts.get(name, []) for name in headings}
                guess = guess_columns(
                    sample, by_code, by_name, sum(part.digits for part in profile.component_scheme.segments),
                    placed=GEOM in chunk,
                )  # fmt: skip
                column = _class_column(request, saved, guess.fields, headings, info.path)
            total += max((len(values) for values in texts.values()), default=0)
            kinds.update(text for text in texts.get(column, ()) if text)
            context.progress(min(0.9, total / info.rows) if info.rows else 0.5, "progress.reading", rows=total)
            if not column or len(kinds) > _MOST_KINDS:
                break
        else:
            whole = True
        if guess is None:
            raise InputRefused("input.empty", file=base_name(info.path), layer=request.input.layer or "")
        codes = {name: entry.code for name, entry in by_name.items()}
        words = [
            [word, count, word if word in by_code else codes.get(word) or suggest_class(word, codes),
             word in by_code or word in by_name or "0" + word in by_code]
            for word, count in kinds.most_common(_MOST_KINDS)
        ]  # fmt: skip
        return {
            "columns": headings, "rows": _head(sample, headings, request.rows), "fields": dict(guess.fields),
            "why": dict(guess.why), "x": guess.x, "y": guess.y, "null_values": list(guess.null_values),
            "crs": request.input.crs or info.crs or _crs(store, sample, guess.x, guess.y), "geometry": info.geometry,
            "total": total if whole and info.rows is None else info.rows, "class_column": column, "classes": words,
            "more_classes": len(kinds) > _MOST_KINDS,
            "name": source_name(source), "saved": saved, "known": list(FIELDS), "encoding": info.encoding or "",
        }  # fmt: skip
    finally:
        source.close()


def _saved(store: Store, name: str) -> str | None:
    found = store.read("mapping", ["payload"], [("kind", "=", "components"), ("name", "=", name)])["payload"]
    return str(found[0]) if len(found) else None


def _class_column(
    request: PreviewTable, saved: str | None, fields: dict[str, str] | Any, headings: list[str], path: str
) -> str:
    """Return the column of classes: the one asked for, the remembered one, else the guess."""
    if request.class_column:
        if request.class_column not in headings:
            raise InputRefused(
                "mapping.no_column", entry="class_code", column=request.class_column, file=base_name(path),
                known=", ".join(headings),
            )  # fmt: skip
        return request.class_column
    try:
        rule = (json.loads(saved) if saved else {}).get("fields", {}).get("class_code")
    except (ValueError, AttributeError):
        rule = None
    column = rule if isinstance(rule, str) else rule.get("column") if isinstance(rule, dict) else None
    return column if column in headings else str(fields.get("class_code") or fields.get("class_name") or "")


def _head(sample: dict[str, list[str]], headings: list[str], rows: int) -> list[list[str]]:
    return [list(row) for row in zip(*(sample[name][:rows] for name in headings))]


def _crs(store: Store, sample: dict[str, list[str]], x: str, y: str) -> str:
    """Guess a CRS of coordinates in columns: the store's when they lie in the city, "" when they do not tell."""
    pairs = []
    for one, two in zip(sample.get(x, ()), sample.get(y, ())):
        try:
            pairs.append((float(one), float(two)))
        except ValueError:
            continue
    if not pairs:
        return ""
    easts, norths = sorted(pair[0] for pair in pairs), sorted(pair[1] for pair in pairs)
    cut = len(pairs) // 100  # slips at the ends
    box, middle = city_box(store), len(pairs) // 2
    if box is not None and box[0] <= easts[middle] <= box[2] and box[1] <= norths[middle] <= box[3]:
        return str(store.meta()["crs"])
    return crs_of_coordinates(easts[cut], norths[cut], easts[-1 - cut], norths[-1 - cut])[0]
