# SPDX-License-Identifier: GPL-2.0-or-later
"""Triggers of the store, made from the catalogue; dropped and rebuilt at creation and upgrade.

They are pure SQL (but for the R-tree ones, which the GeoPackage standard writes with ``ST_*`` functions), so that they
hold whoever writes: QGIS's native editing included. A row in ``engine_context`` says that the engine is inside an
action; other connections never see it, because it is deleted before the transaction commits.
"""

from __future__ import annotations

from collections.abc import Iterator

from digital_citymgmt_plugin.storage.schema.catalogue import CODED, COMPONENTS, LOGS, WATCHED

IN_ACTION = "EXISTS (SELECT 1 FROM engine_context WHERE key = 'operation')"
OPERATION = "(SELECT value FROM engine_context WHERE key = 'operation')"
NEW_UUID = (
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || "
    "substr('89AB', 1 + abs(random() % 4), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
)
NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

SENTENCES = {
    "code_fixed": "编码一经赋予不得更改或删除 (a code once issued cannot change or be removed)",
    "code_issued": "编码由插件统一赋予,请将编码字段留空 (codes are issued by the plugin: leave the code field empty)",
    "no_delete": "已编码的对象不能删除,请将其状态改为移除或废弃 "
    "(coded objects are not deleted: set their state instead)",
    "log": "日志只能追加,不能修改或删除 (logs are append-only)",
    "grid": "单元网格的边界只能用重划工具修改 (unit grids are changed by the redraw tools only)",
    "case": "案件不能删除,请将其作废 (cases are not deleted: void them instead)",
}

# Tables whose rows must not go away, and the columns by which an INSERT OR REPLACE would take one away.
_KEYS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*COMPONENTS, "operation", "component_change", "grid_lineage"), ("fid", "uuid")),
    "code_register": ("fid", "code"), "case_event": ("fid",), "case_record": ("fid", "uuid", "case_no"),
}  # fmt: skip


def _refuse(name: str, table: str, event: str, when: str, sentence: str) -> str:
    text = SENTENCES[sentence].replace("'", "''")
    head = f"CREATE TRIGGER dcm_{table}_{name} BEFORE {event} ON {table} WHEN {when}"
    return f"{head} BEGIN SELECT RAISE(ABORT, '{text}'); END"


def domain_triggers(tables_with_uuid: list[str], tables_with_times: list[str]) -> Iterator[str]:
    """Yield the ``CREATE TRIGGER`` statements that keep the rules of the data model."""
    outside = f"NOT {IN_ACTION}"
    for table in tables_with_uuid:
        yield (
            f"CREATE TRIGGER dcm_{table}_uuid AFTER INSERT ON {table} WHEN NEW.uuid IS NULL "
            f"BEGIN UPDATE {table} SET uuid = {NEW_UUID} WHERE fid = NEW.fid AND uuid IS NULL; END"
        )
    for table in tables_with_times:
        yield (
            f"CREATE TRIGGER dcm_{table}_created AFTER INSERT ON {table} WHEN NEW.created_at IS NULL "
            f"BEGIN UPDATE {table} SET created_at = {NOW}, updated_at = {NOW} "
            "WHERE fid = NEW.fid AND created_at IS NULL; END"
        )
        yield (
            f"CREATE TRIGGER dcm_{table}_updated AFTER UPDATE ON {table} "
            # GDAL switches recursive triggers on: the last condition ends the round.
            f"WHEN NEW.updated_at IS OLD.updated_at AND OLD.created_at IS NOT NULL AND {outside} "
            f"AND NEW.updated_at IS NOT {NOW} "
            f"BEGIN UPDATE {table} SET updated_at = {NOW} WHERE fid = NEW.fid; END"
        )
    for table, keys in _KEYS.items():
        # REPLACE would take the old row away without asking the triggers on deletes.
        kept = " AND code IS NOT NULL" if table in CODED else ""
        same = " OR ".join(f"{key} = NEW.{key}" for key in keys)
        there = f"{outside} AND EXISTS (SELECT 1 FROM {table} WHERE ({same}){kept})"
        sentence = "log" if table in LOGS else "case" if table == "case_record" else "no_delete"
        yield _refuse("replace", table, "INSERT", there, sentence)
        yield _refuse("fid_fixed", table, "UPDATE", f"NEW.fid IS NOT OLD.fid AND {outside}", sentence)
    for table in CODED:
        changed = "OLD.code IS NOT NULL AND NEW.code IS NOT OLD.code"
        yield _refuse("code_fixed", table, "UPDATE OF code", changed, "code_fixed")
        given = f"NEW.code IS NOT NULL AND OLD.code IS NULL AND {outside}"
        yield _refuse("code_given", table, "UPDATE OF code", given, "code_issued")
        yield _refuse("code_insert", table, "INSERT", f"NEW.code IS NOT NULL AND {outside}", "code_issued")
        yield _refuse("no_delete", table, "DELETE", f"OLD.code IS NOT NULL AND {outside}", "no_delete")
        key = f"OLD.uuid IS NOT NULL AND NEW.uuid IS NOT OLD.uuid AND {outside}"
        yield _refuse("uuid_fixed", table, "UPDATE OF uuid", key, "code_fixed")
    yield _refuse("shape", "unit_grid", "UPDATE OF geom", f"NEW.geom IS NOT OLD.geom AND {outside}", "grid")
    yield _refuse("insert", "unit_grid", "INSERT", outside, "grid")
    yield _refuse("delete", "unit_grid", "DELETE", outside, "grid")
    yield _refuse("delete", "case_record", "DELETE", outside, "case")
    for table in LOGS:
        yield _refuse("delete", table, "DELETE", outside, "log")
        yield _refuse("update", table, "UPDATE", f"{outside} AND OLD.fid IS NOT NULL", "log")
    yield from _change_rows(outside)


def journal_triggers() -> Iterator[str]:
    """Yield the triggers of the undo journal: only an action writes it, and nobody changes it later."""
    for event in ("INSERT", "UPDATE", "DELETE"):
        yield _refuse(event.lower(), "undo_journal", event, f"NOT {IN_ACTION}", "log")


def _change_rows(outside: str) -> Iterator[str]:
    """Yield triggers that write ``component_change``; first values inside an action refer to their operation only."""
    head = "INSERT INTO component_change (uuid, component_uuid, operation_uuid, field, old, new, created_at)"
    for table in COMPONENTS:
        for column in WATCHED:
            old, new = f"OLD.{column}", f"NEW.{column}"
            if column == "geom":
                old, new = f"hex({old})", f"hex({new})"
            yield (
                f"CREATE TRIGGER dcm_{table}_change_{column} AFTER UPDATE OF {column} ON {table} "
                f"WHEN OLD.{column} IS NOT NEW.{column} AND (OLD.{column} IS NOT NULL OR {outside}) "
                f"BEGIN {head} VALUES ({NEW_UUID}, OLD.uuid, {OPERATION}, '{column}', {old}, {new}, {NOW}); END"
            )
        # This trigger may fire before the one that fills the uuid: whichever comes first fills it.
        yield (
            f"CREATE TRIGGER dcm_{table}_change_added AFTER INSERT ON {table} WHEN {outside} "
            f"BEGIN UPDATE {table} SET uuid = {NEW_UUID} WHERE fid = NEW.fid AND uuid IS NULL; "
            f"{head} SELECT {NEW_UUID}, uuid, NULL, '*', NULL, 'added', {NOW} FROM {table} WHERE fid = NEW.fid; END"
        )
        yield (
            f"CREATE TRIGGER dcm_{table}_change_deleted AFTER DELETE ON {table} "
            f"BEGIN {head} VALUES ({NEW_UUID}, coalesce(OLD.uuid, '?'), {OPERATION}, '*', hex(OLD.geom), 'deleted', "
            f"{NOW}); END"
        )


def rtree_triggers(table: str) -> list[str]:
    """Return the R-tree triggers of the GeoPackage 1.4 standard for ``table.geom``."""
    rtree = f'"rtree_{table}_geom"'
    box = "ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)"
    filled, empty = "(NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))", "(NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))"
    had, had_not = "(OLD.geom NOTNULL AND NOT ST_IsEmpty(OLD.geom))", "(OLD.geom ISNULL OR ST_IsEmpty(OLD.geom))"
    name = f'CREATE TRIGGER "rtree_{table}_geom'
    return [
        f'{name}_insert" AFTER INSERT ON "{table}" WHEN {filled} '
        f"BEGIN INSERT OR REPLACE INTO {rtree} VALUES (NEW.fid, {box}); END",
        f'{name}_update2" AFTER UPDATE OF geom ON "{table}" WHEN OLD.fid = NEW.fid AND {empty} '
        f"BEGIN DELETE FROM {rtree} WHERE id = OLD.fid; END",
        f'{name}_update4" AFTER UPDATE ON "{table}" WHEN OLD.fid != NEW.fid AND {empty} '
        f"BEGIN DELETE FROM {rtree} WHERE id IN (OLD.fid, NEW.fid); END",
        f'{name}_update5" AFTER UPDATE ON "{table}" WHEN OLD.fid != NEW.fid AND {filled} '
        f"BEGIN DELETE FROM {rtree} WHERE id = OLD.fid; INSERT OR REPLACE INTO {rtree} VALUES (NEW.fid, {box}); END",
        f'{name}_update6" AFTER UPDATE OF geom ON "{table}" WHEN OLD.fid = NEW.fid AND {filled} AND {had} '
        f"BEGIN UPDATE {rtree} SET minx = ST_MinX(NEW.geom), maxx = ST_MaxX(NEW.geom), miny = ST_MinY(NEW.geom), "
        f"maxy = ST_MaxY(NEW.geom) WHERE id = NEW.fid; END",
        f'{name}_update7" AFTER UPDATE OF geom ON "{table}" WHEN OLD.fid = NEW.fid AND {filled} AND {had_not} '
        f"BEGIN INSERT INTO {rtree} VALUES (NEW.fid, {box}); END",
        f'{name}_delete" AFTER DELETE ON "{table}" WHEN OLD.geom NOT NULL '
        f"BEGIN DELETE FROM {rtree} WHERE id = OLD.fid; END",
    ]


def drop_rtree_triggers(table: str) -> list[str]:
    """Return the statements that drop the R-tree triggers of a table, for a bulk load."""
    kinds = ("insert", "update2", "update4", "update5", "update6", "update7", "delete")
    return [f'DROP TRIGGER IF EXISTS "rtree_{table}_geom_{kind}"' for kind in kinds]
