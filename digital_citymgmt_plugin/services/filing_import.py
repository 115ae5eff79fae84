# SPDX-License-Identifier: GPL-2.0-or-later
"""The filing standard (立案标准) of a city from its own workbook: layout found, limits read out of their texts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.cases.fields import as_kind, as_text
from digital_citymgmt_plugin.core.cases.limit_text import FIELDS, SYNONYMS, TextLimit, parse_limit
from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.mapping import Mapping, RowProblem, Rule, apply_mapping
from digital_citymgmt_plugin.core.ports import ROW, Columns, Context, Source
from digital_citymgmt_plugin.core.profile import FilingRule, Profile
from digital_citymgmt_plugin.core.profile_diff import count_rows, differences
from digital_citymgmt_plugin.core.requests_duty import ImportFilingStandard
from digital_citymgmt_plugin.services.intake import (
    Tally,
    base_name,
    find_mapping,
    mapping_is_new,
    notes_of,
    open_layer,
    save_mapping,
)
from digital_citymgmt_plugin.services.rejecting import SOURCE, origin_of, reject_list

KIND = "filing"  # of the saved mappings
_CLASS = ("kind", "class_code", "major_code", "major_name", "minor_code", "class_name")
_SAMPLE = 500
_HALF = 0.5  # share of a column's values that must look like what the column is taken for
_NUMBERED = re.compile(r"^\s*[(（]?[一二三四五六七八九十\d]{1,4}[)）、.．:：\s-]+\s*")
_SAID = 8  # examples in a note


def import_filing_standard(context: Context, request: ImportFilingStandard) -> dict[str, Any]:
    """Bring a filing standard in.

    A row is one condition of a class. A class that is left blank is that of the row above (merged cells); a row with
    neither condition nor limit, an unknown class, or a limit that cannot be read goes to the reject list.

    Returns
    -------
    dict
        Counts ``read`` = ``accepted`` + ``rejected``, ``classes``, ``with_limit``, ``assumed`` (texts that leave their
        clock open), ``differences``, ``rows_added``, ``rows_changed``, ``rows_removed``.

    Raises
    ------
    InputRefused
        ``filing.no_columns`` when neither class nor limit can be found; ``filing.at_once``; what cannot be read.
    ProfileError
        What would be wrong in the profile.
    """
    store = context.need_store()
    at_once = _at_once(request)
    old = store.profile()
    source = open_layer(context, request.input)
    try:
        chunks = list(source.chunks())
        mapping = _mapping(context, request, source, chunks, old)
        run = _Run(old, _synonyms(context), mapping, at_once)
        with reject_list(context, request.rejects, source) as rejects:
            tally = Tally(rejects, {SOURCE: origin_of(source, base_name(source.info.path))})
            for chunk in chunks:
                context.cancel.check()
                tally.read += len(chunk[ROW])
                run.take(chunk, tally)
            rejects.close()
            path = request.rejects if rejects.count else None
    finally:
        source.close()
    if not tally.read:
        raise InputRefused("input.empty", file=base_name(request.input.path), layer=request.input.layer or "")
    new = replace(old, filing_rules=run.merged(request.replace_all))
    faults = [item for item in new.check() if item[1].get("table") == "filing_standard"]
    if faults:
        code, values = faults[0]
        raise ProfileError(code, **{"file": base_name(request.input.path), "row": 0, **values})
    found = differences(old, new)
    result: dict[str, Any] = {
        "counts": {**tally.counts(), **run.counts(), "differences": len(found), **count_rows(found)},
        "operation": None, "tables": [], "notes": [*notes_of(None, source), *run.notes()],
        "reasons": tally.reasons, "rejects": path,
    }  # fmt: skip
    if not found and not mapping_is_new(store, KIND, request.mapping):
        return result
    context.cancel.check()
    with store.action("import_filing_standard", file=base_name(request.input.path)) as action:
        store.save_profile(action, new)
        save_mapping(store, action, KIND, request.mapping)
        action.counts.update(result["counts"])
        result["operation"] = action.operation_uuid
    result["tables"] = ["filing_standard"]
    return result


def _at_once(request: ImportFilingStandard) -> TextLimit | None:
    if not (request.at_once or "").strip():
        return None
    limit = parse_limit(str(request.at_once))
    if limit is None or limit.value is None:
        raise InputRefused("filing.at_once", value=request.at_once)
    return limit


def _synonyms(context: Context) -> dict[str, list[tuple[str, str]]]:
    """Return the profile's words for classes: word → kinds ('' for any) and codes."""
    rows = context.need_store().read("class_synonym", ["word", "kind", "class_code"])
    found: dict[str, list[tuple[str, str]]] = {}
    for word, kind, code in zip(*(rows[name].tolist() for name in ("word", "kind", "class_code"))):
        found.setdefault(str(word), []).append((str(kind or ""), str(code)))
    return found


def _mapping(
    context: Context, request: ImportFilingStandard, source: Source, chunks: list[Columns], profile: Profile
) -> Mapping:
    mapping = find_mapping(context, KIND, request.mapping, source, FIELDS, SYNONYMS)
    if not (request.mapping or "").strip() and chunks:
        mapping = _guessed(mapping, chunks[0], profile)
    known = set(mapping.fields)
    if not known & {"class_code", "class_name", "minor_code"} or not known & {"limit", "condition"}:
        names = ", ".join(item.name for item in source.info.fields)
        raise InputRefused("filing.no_columns", file=base_name(source.info.path), known=names)
    return mapping


def _guessed(mapping: Mapping, chunk: Columns, profile: Profile) -> Mapping:
    """Complete a guess by exact headings: headings that hold one of our words, then columns by their values."""
    rules = dict(mapping.fields)
    names = [name for name in chunk if name != ROW]
    taken = {rule.columns[0] for rule in rules.values() if rule.columns}

    def claim(field: str, column: str | None) -> None:
        if column is not None and field not in rules:
            rules[field] = Rule((column,))
            taken.add(column)

    for field, words in SYNONYMS.items():
        long_words = [word for word in words if len(word) > 2]
        claim(field, next((name for word in long_words for name in names if word in name and name not in taken), None))
    codes = {entry.code for entry in profile.classes}
    titles = {entry.name for entry in profile.classes}
    texts = {name: [as_text(value) for value in chunk[name][:_SAMPLE].tolist()] for name in names}

    def best(fits: Any) -> str | None:
        shares = {}
        for name in names:
            values = [value for value in texts[name] if value]
            if name not in taken and values:
                shares[name] = sum(bool(fits(value)) for value in values) / len(values)
        found = max(shares, key=lambda one: shares[one], default=None)
        return found if found is not None and shares[found] >= _HALF else None

    if "limit" not in rules:
        claim("limit", best(lambda value: parse_limit(value)))
    if "class_name" not in rules:
        claim("class_name", best(lambda value: value in titles))
    if not {"class_code", "minor_code"} & set(rules):
        claim("class_code", best(lambda value: value in codes))
    return replace(mapping, fields=rules)


class _Run:
    """The rules that were read so far."""

    def __init__(
        self,
        profile: Profile,
        synonyms: dict[str, list[tuple[str, str]]],
        mapping: Mapping,
        at_once: TextLimit | None,
    ) -> None:
        self.profile, self.synonyms, self.mapping, self.at_once = profile, synonyms, mapping, at_once
        self.rules: dict[tuple[str, str], list[FilingRule]] = {}
        self.assumed: Counter[str] = Counter()
        self.immediate: Counter[str] = Counter()
        self.renamed: Counter[str] = Counter()  # classes known by their code only
        self._by_code = {kind: profile.class_by_code(kind) for kind in profile.kinds}
        self._by_name = {kind: profile.class_by_name(kind) for kind in profile.kinds}
        self._kind_words = {name: kind for kind, name in profile.extra_kinds.items()}
        self._above: dict[str, str] = {}
        rule = mapping.fields.get("limit")
        self._heading = " ".join(rule.columns) if rule else ""
        self._digits = {name: profile.component_scheme.digits(name) for name in ("major", "minor")}

    def take(self, chunk: Columns, tally: Tally) -> None:
        """Read the rows of a chunk."""
        mapped, problems = apply_mapping(self.mapping, chunk)
        broken = {problem.index for problem in problems}
        rows: list[tuple[int, dict[str, str]]] = []
        for index in range(len(chunk[ROW])):
            cells = {name: as_text(mapped[name][index]) or "" for name in FIELDS if name in mapped}
            if index not in broken:
                rows.append((index, cells))
        for index, cells in rows:
            problem = self._row(index, cells)
            if problem is not None:
                problems.append(problem)
        tally.reject(chunk, problems)

    def _row(self, index: int, cells: dict[str, str]) -> RowProblem | None:
        if not any(cells.get(name) for name in ("condition", "figures", "limit", "closing_condition")):
            return RowProblem(index, "reject.filing_empty", {})
        self._fill(cells)
        where = self._class(cells)
        if where is None:
            value = " ".join(filter(None, (cells.get(name) for name in _CLASS)))
            return RowProblem(index, "reject.class_unknown" if value else "reject.no_class", {"value": value})
        text = cells.get("limit", "")
        limit = parse_limit(text, cells.get("unit") or self._heading) if text else None
        if text and limit is None:
            return RowProblem(index, "reject.limit_text", {"value": text})
        if limit is not None and limit.at_once:
            self.immediate[text] += 1
            limit = self.at_once
        condition, figures = cells.get("condition", ""), cells.get("figures", "")
        if figures:
            condition = f"{condition}（{figures}）" if condition else figures
        held = self.rules.setdefault(where, [])
        rule = FilingRule(
            where[1], where[0], self._number(held, cells.get("condition_no", "")), condition,
            None if limit is None else limit.value, "" if limit is None else limit.unit,
            cells.get("closing_condition", ""), "local",
        )  # fmt: skip
        if any(replace(one, condition_no=rule.condition_no) == rule for one in held):
            return RowProblem(index, "reject.filing_twice", {"value": condition or where[1]})
        if limit is not None and limit.assumed and not (text and limit is self.at_once):
            self.assumed[text] += 1
        held.append(rule)
        return None

    def _fill(self, cells: dict[str, str]) -> None:
        """Give a row the class above it where its own cells are blank: merged cells read like that."""
        own = {name: cells[name] for name in _CLASS if cells.get(name)}
        if own.keys() & {"class_code", "minor_code", "class_name"}:
            for name in ("kind", "major_code", "major_name"):
                if not cells.get(name) and name in self._above:
                    cells[name] = own[name] = self._above[name]
            self._above = own
        else:
            cells.update({name: value for name, value in self._above.items() if not cells.get(name)})

    def _class(self, cells: dict[str, str]) -> tuple[str, str] | None:
        """Find the class of a row: by name, else by code; a name that the profile knows goes before the code."""
        said = cells.get("kind", "")
        kind = self._kind_words.get(said) or as_kind(said) or (said if said in self.profile.kinds else "")
        kinds = (kind,) if kind in self.profile.kinds else self.profile.kinds
        name, codes = self._named(cells.get("class_name", "")), self._codes(cells)
        by_code = [(one, code) for one in kinds for code in codes if code in self._by_code[one]]
        by_name = [(one, self._by_name[one][name].code) for one in kinds if name in self._by_name[one]]
        by_name += [
            (one, code)
            for its_kind, code in self.synonyms.get(name, [])
            for one in kinds
            if its_kind in ("", one) and code in self._by_code[one]
        ]
        same = [where for where in by_code if self._by_code[where[0]][where[1]].name == name]
        for found in (same, by_name, by_code):
            if len(set(found)) == 1:
                if found is by_code and name:
                    self.renamed[f"{name} → {self._by_code[found[0][0]][found[0][1]].name}"] += 1
                return found[0]
        return None

    def _named(self, name: str) -> str:
        """Return the name of a class, without the number before it where only so it is known (``3. 路灯``)."""
        bare = _NUMBERED.sub("", name)
        known = bare in self.synonyms or any(bare in names for names in self._by_name.values())
        return bare if known else name

    def _codes(self, cells: dict[str, str]) -> list[str]:
        major = cells.get("major_code", "").zfill(self._digits["major"])
        minor = cells.get("minor_code", "").zfill(self._digits["minor"])
        length = self._digits["major"] + self._digits["minor"]
        found = [cells["class_code"].zfill(length)] if cells.get("class_code") else []
        if cells.get("minor_code"):
            found.append(minor if len(minor) == length else major + minor)
        return found

    @staticmethod
    def _number(held: list[FilingRule], text: str) -> int:
        """Return the number of a condition: what the row says, when it is a number that no other has, else the next."""
        used = {rule.condition_no for rule in held}
        if re.fullmatch(r"0*[1-9]\d{0,5}", text) and int(text) not in used:
            return int(text)
        return max(used, default=0) + 1

    def merged(self, replace_all: bool) -> tuple[FilingRule, ...]:
        """Return the rules of the profile with those that were read in the place of the old ones of their classes."""
        kept = [] if replace_all else [
            rule for rule in self.profile.filing_rules if (rule.kind, rule.class_code) not in self.rules
        ]  # fmt: skip
        return (*kept, *(rule for rules in self.rules.values() for rule in rules))

    def counts(self) -> dict[str, int]:
        """Return what the rules come to."""
        limits = [rule.limit_value is not None for rules in self.rules.values() for rule in rules]
        return {
            "classes": len(self.rules), "with_limit": int(np.sum(limits)), "assumed": sum(self.assumed.values()),
        }  # fmt: skip

    def notes(self) -> list[dict[str, Any]]:
        """Return what was taken for granted."""
        found = []
        said_of = {
            "note.limit_assumed": self.assumed, "note.limit_at_once": self.immediate,
            "note.class_renamed": self.renamed,
        }  # fmt: skip
        for code, texts in said_of.items():
            if texts:
                said = ", ".join(text for text, _ in texts.most_common(_SAID))
                found.append({"code": code, "values": {"count": sum(texts.values()), "texts": said}})
        return found
