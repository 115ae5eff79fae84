# SPDX-License-Identifier: GPL-2.0-or-later
"""Which doubles hang together by pairs, and which component of each group goes on."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Store
from digital_citymgmt_plugin.services.issues import CHUNK

# What the kept one takes from the other where it has nothing itself.
FILLED = (
    "name", "manager_dept", "owner_dept", "maintainer_dept", "grid_code", "community_code", "state", "first_on",
    "source", "accuracy", "remark",
)  # fmt: skip
COLUMNS = ("fid", "uuid", "code", "class_code", "changed_on", "photo_count", "attributes", "merged_uuid", *FILLED)
Row = dict[str, Any]


def named_pairs(listed: list[str]) -> list[tuple[str, str, bool]]:
    """Return the pairs named: two uuids, and whether the first is to go on."""
    result = []
    for text in listed:
        keep = ">" in text
        ends = text.split(">" if keep else None)
        if len(ends) != 2 or not all(end.strip() for end in ends) or ends[0].strip() == ends[1].strip():
            raise InputRefused("duplicates.pair", value=text)
        result.append((ends[0].strip(), ends[1].strip(), keep))
    return result


def read_components(store: Store, uuids: set[str]) -> dict[str, Row]:
    """Return the components by uuid, each with its ``table``."""
    result: dict[str, Row] = {}
    listed = sorted(uuids)
    for table in TABLES:
        for start in range(0, len(listed), CHUNK):
            part = store.read(table, COLUMNS, [("uuid", "in", listed[start : start + CHUNK])])
            for values in zip(*(part[name].tolist() for name in COLUMNS)):
                row = dict(zip(COLUMNS, values))
                result[row["uuid"]] = {**row, "table": table}
    return result


class _Unions:
    """Which components hang together by pairs."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, uuid: str) -> str:
        """Return the one that stands for all that hang together with this one."""
        parent = self._parent
        while parent.setdefault(uuid, uuid) != uuid:
            parent[uuid] = parent[parent[uuid]]
            uuid = parent[uuid]
        return uuid

    def join(self, one: str, two: str) -> None:
        """Let two hang together."""
        self._parent[self.root(two)] = self.root(one)

    def groups(self) -> list[list[str]]:
        """Return those that hang together."""
        members: dict[str, list[str]] = {}
        for uuid in list(self._parent):
            members.setdefault(self.root(uuid), []).append(uuid)
        return list(members.values())


def groups_of(
    store: Store, pairs: list[tuple[str, str, bool]], rows: dict[str, Row], counts: dict[str, int]
) -> list[tuple[Row, list[Row]]]:
    """Return who goes on, and whom it takes in."""
    unions = _Unions()
    beaten: dict[str, set[str]] = {}  # by whom a component is told to be taken in
    for one, two, keep in pairs:
        for uuid in (one, two):
            if uuid not in rows:
                raise InputRefused("duplicates.unknown", value=uuid)
        if rows[one]["merged_uuid"] or rows[two]["merged_uuid"]:
            counts["already"] += 1
            continue
        unions.join(one, two)
        if keep:
            beaten.setdefault(two, set()).add(one)
    groups = unions.groups()
    age = _ages(store, [rows[uuid]["code"] for group in groups for uuid in group if rows[uuid]["code"]])

    def order(row: Row) -> tuple[Any, ...]:
        return age.get(row["code"], 2**62), row["first_on"] or "9", row["table"], row["fid"]

    result = []
    for group in groups:
        members = sorted((rows[uuid] for uuid in group), key=order)
        kept = _goes_on(members, beaten)
        result.append((kept, [row for row in members if row is not kept]))
    return sorted(result, key=lambda item: (item[0]["table"], item[0]["fid"]))


def _goes_on(members: list[Row], beaten: dict[str, set[str]]) -> Row:
    """Return the one of a group that is told to go on, else the first."""
    named = {keeper for row in members for keeper in beaten.get(row["uuid"], ())}
    standing = [row for row in members if row["uuid"] in named and row["uuid"] not in beaten]
    if named and len(standing) != 1:
        raise InputRefused("duplicates.keep_both", value=", ".join(sorted(named)))
    return standing[0] if standing else members[0]


def _ages(store: Store, codes: list[str]) -> dict[str, int]:
    """Return where each code stands in the register: which was issued first."""
    result: dict[str, int] = {}
    for start in range(0, len(codes), CHUNK):
        part = store.read("code_register", ["fid", "code"], [("code", "in", codes[start : start + CHUNK])])
        result.update(zip(part["code"].tolist(), part["fid"].tolist()))
    return result
