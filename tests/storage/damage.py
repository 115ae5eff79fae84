# SPDX-License-Identifier: GPL-2.0-or-later
"""Damage planted into a store by SQL alone, past triggers and past our code: what, what rule names it, which objects.

Nothing here is shared with the checks: plain ``sqlite3``, blobs packed by hand.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """One kind: statements; the rule that must name it, its table, a query for the objects that it must name.

    ``repair`` says whether a repair must put it right; ``healed`` whether opening the store does; ``first`` whether the
    objects are named before the planting.
    """

    sql: str
    rule: str
    table: str
    objects: str
    repair: bool = False
    healed: bool = False
    first: bool = False


def point_blob(x, y, srs):
    return b"GP\0\1" + struct.pack("<i", srs) + struct.pack("<BIdd", 1, 1, x, y)


def line_blob(srs):
    head = b"GP\0\1" + struct.pack("<i", srs)
    return head + struct.pack("<BIIdddd", 1, 2, 2, 360_010, 3_520_010, 360_020, 3_520_020)


INSIDE = point_blob(361_800, 3_520_500, 4550).hex()  # in the last of the eight grids
ELSEWHERE = point_blob(360_040, 3_520_030, 4326).hex()  # the place of component 1, said to be degrees
LINE = line_blob(4550).hex()
TREE = "rtree_component_point_geom"
RETIRED = "(SELECT code FROM unit_grid WHERE status = 'retired' ORDER BY fid LIMIT 1)"
CASE_BY_IMPORT = "SELECT case_fid FROM case_event WHERE action = 'amend' AND source = 'import' ORDER BY fid LIMIT 1"
CASE_CLOSED = "SELECT fid FROM case_record WHERE closed_at IS NOT NULL ORDER BY fid LIMIT 1"

KINDS: dict[str, Damage] = {
    # the spatial index and what is derived from geometry
    "a box missing": Damage(
        f"DELETE FROM {TREE} WHERE id = 3", "verify.rtree_missing", "component_point", "SELECT 3", True
    ),
    "a box left over": Damage(
        f"INSERT INTO {TREE} VALUES (999, 0, 1, 0, 1)", "verify.rtree_orphan", "component_point", "SELECT 999", True
    ),
    "a box elsewhere": Damage(
        f"UPDATE {TREE} SET minx = 1, maxx = 2 WHERE id = 3", "verify.rtree_wrong", "component_point", "SELECT 3", True
    ),
    "a box far too large": Damage(
        f"UPDATE {TREE} SET maxx = maxx + 10 WHERE id = 4", "verify.rtree_wrong", "component_point", "SELECT 4", True
    ),
    "the index table dropped": Damage(
        "DROP TABLE rtree_case_record_geom", "verify.rtree_lost", "case_record", "SELECT 'rtree_case_record_geom'", True
    ),
    "an extent too small": Damage(
        "UPDATE gpkg_contents SET max_x = max_x - 5 WHERE table_name = 'component_point'",
        "verify.extent",
        "component_point",
        "SELECT 'component_point'",
        True,
    ),
    "a geometry cut off": Damage(
        f"UPDATE component_point SET geom = x'4750' WHERE fid = 12; DELETE FROM {TREE} WHERE id = 12",
        "verify.geometry",
        "component_point",
        "SELECT 12",
    ),
    "a line among the points": Damage(
        f"UPDATE component_point SET geom = x'{LINE}', grid_code = NULL WHERE fid = 1; "
        f"UPDATE {TREE} SET minx = 360010, maxx = 360020, miny = 3520010, maxy = 3520020 WHERE id = 1; "
        "UPDATE gpkg_contents SET min_x = 0, min_y = 0 WHERE table_name = 'component_point'",
        "verify.geometry_kind",
        "component_point",
        "SELECT 1",
    ),
    "another system of coordinates in a geometry": Damage(
        f"UPDATE component_point SET geom = x'{ELSEWHERE}' WHERE fid = 1",
        "verify.srs",
        "component_point",
        "SELECT 1",
        True,
    ),
    "a component in another grid than stated": Damage(
        f"UPDATE component_point SET geom = x'{INSIDE}' WHERE fid = 2; "
        f"UPDATE {TREE} SET minx = 361800, maxx = 361800, miny = 3520500, maxy = 3520500 WHERE id = 2",
        "verify.grid",
        "component_point",
        "SELECT 2",
        True,
    ),
    "a community that is not the grid's": Damage(
        "UPDATE component_point SET community_code = '320681001002' WHERE fid = 1",
        "verify.community",
        "component_point",
        "SELECT 1",
        True,
    ),
    "an area that is not the shape's": Damage(
        "UPDATE unit_grid SET area_m2 = 12 WHERE fid = 6", "verify.area", "unit_grid", "SELECT 6", True
    ),
    # schema and registrations
    "an index dropped": Damage(
        "DROP INDEX case_event_case", "verify.index", "sqlite_master", "SELECT 'case_event_case'", True
    ),
    "an index made otherwise": Damage(
        "DROP INDEX component_change_component; CREATE INDEX component_change_component ON component_change (field)",
        "verify.index",
        "sqlite_master",
        "SELECT 'component_change_component'",
        True,
    ),
    "a trigger dropped": Damage(
        "DROP TRIGGER dcm_component_point_code_fixed",
        "verify.trigger",
        "sqlite_master",
        "SELECT 'dcm_component_point_code_fixed'",
        True,
        healed=True,
    ),
    "a trigger made harmless": Damage(
        "DROP TRIGGER dcm_operation_delete; CREATE TRIGGER dcm_operation_delete BEFORE DELETE ON operation "
        "BEGIN SELECT 1; END",
        "verify.trigger",
        "sqlite_master",
        "SELECT 'dcm_operation_delete'",
        True,
        healed=True,
    ),
    "a table dropped": Damage("DROP TABLE fund", "verify.table_missing", "sqlite_master", "SELECT 'fund'"),
    "a column dropped": Damage(
        "ALTER TABLE case_record DROP COLUMN emergency", "verify.column_missing", "case_record", "SELECT 'emergency'"
    ),
    "a layer not registered": Damage(
        "DELETE FROM gpkg_contents WHERE table_name = 'sheet'", "verify.not_registered", "sheet", "SELECT 'sheet'", True
    ),
    "a geometry column of another system": Damage(
        "UPDATE gpkg_geometry_columns SET srs_id = 4326 WHERE table_name = 'camera'",
        "verify.geometry_column",
        "gpkg_geometry_columns",
        "SELECT 'camera'",
        True,
    ),
    "an extension not registered": Damage(
        "DELETE FROM gpkg_extensions WHERE table_name = 'place'",
        "verify.extension",
        "gpkg_extensions",
        "SELECT 'place'",
        True,
    ),
    "a setting lost": Damage(
        "DELETE FROM meta WHERE key = 'time_zone'", "verify.setting", "meta", "SELECT 'time_zone'"
    ),
    "the mark of an action left": Damage(
        "INSERT INTO engine_context VALUES ('operation', 'x')",
        "verify.context",
        "engine_context",
        "SELECT 'operation'",
        True,
        healed=True,
    ),
    "a counter of keys set back": Damage(
        "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'component_point'",
        "verify.counter",
        "sqlite_sequence",
        "SELECT 'component_point'",
        True,
    ),
    # codes
    "a code taken out of the register": Damage(
        "UPDATE code_register SET code = substr(code, 1, 10) || '999999', serial = 999999 WHERE fid = 12",
        "verify.unregistered",
        "component_point",
        "SELECT code FROM component_point WHERE code NOT IN (SELECT code FROM code_register)",
        True,
    ),
    "a code with another number": Damage(
        "UPDATE code_register SET serial = 77 WHERE fid = 2",
        "verify.serial",
        "code_register",
        "SELECT code FROM code_register WHERE fid = 2",
        True,
    ),
    "a code whose object is gone": Damage(
        f"DELETE FROM component_point WHERE fid = 20; DELETE FROM {TREE} WHERE id = 20; "
        "UPDATE case_record SET component_uuid = NULL WHERE component_uuid NOT IN (SELECT uuid FROM component_point)",
        "verify.register_orphan",
        "code_register",
        "SELECT code FROM code_register WHERE kind = 'component' AND object_uuid NOT IN "
        "(SELECT uuid FROM component_point UNION SELECT uuid FROM component_line)",
    ),
    "a retired grid whose code was put back": Damage(
        f"UPDATE code_register SET status = 'issued' WHERE code = {RETIRED}",
        "verify.register_status",
        "code_register",
        f"SELECT {RETIRED}",
        True,
    ),
    "a block of numbers lent twice": Damage(
        "INSERT INTO code_block (uuid, scope, crew, from_no, to_no, state) "
        "VALUES ('b1', '3206810101', 'A', 100, 199, 'lent'), "
        "('b2', '3206810101', 'B', 150, 250, 'lent')",
        "verify.block",
        "code_block",
        "SELECT 2",
    ),
    "an identity twice": Damage(
        "UPDATE component_line SET uuid = (SELECT uuid FROM component_point WHERE fid = 7); "
        "UPDATE code_register SET object_uuid = (SELECT uuid FROM component_line) "
        "WHERE code = (SELECT code FROM component_line)",
        "verify.uuid_twice",
        "component_point",
        "SELECT uuid FROM component_point WHERE fid = 7",
    ),
    "an identity lost": Damage(
        "UPDATE admin_area SET uuid = NULL WHERE fid = 2", "verify.uuid_missing", "admin_area", "SELECT 2", True
    ),
    # references
    "a grid that is retired without a day": Damage(
        f"UPDATE unit_grid SET valid_to = NULL WHERE code = {RETIRED}",
        "verify.validity",
        "unit_grid",
        f"SELECT fid FROM unit_grid WHERE code = {RETIRED}",
    ),
    "a case linked to nothing": Damage(
        "UPDATE case_record SET component_uuid = 'gone' WHERE fid = 4",
        "verify.reference",
        "case_record.component_uuid",
        "SELECT 4",
        True,
    ),
    "a case in a grid that never was": Damage(
        "UPDATE case_record SET grid_code = '999', place_method = 'stated_grid' WHERE fid = 12",
        "verify.reference",
        "case_record.grid_code",
        "SELECT 12",
    ),
    "an event without its case": Damage(
        "UPDATE case_event SET case_fid = 4711 WHERE fid = (SELECT max(fid) FROM case_event WHERE action = 'report'); "
        "UPDATE case_record SET reported_at = NULL WHERE fid = 20",
        "verify.reference",
        "case_event.case_fid",
        "SELECT max(fid) FROM case_event WHERE action = 'report'",
        first=True,
    ),
    "a row of an action that never was": Damage(
        "UPDATE component_point SET operation_uuid = 'nobody' WHERE fid = 8",
        "verify.reference",
        "component_point.operation_uuid",
        "SELECT 8",
    ),
    "a community taken out": Damage(
        "UPDATE admin_area SET code = '320681001009' WHERE code = '320681001002'",
        "verify.reference",
        "unit_grid.community_code",
        "SELECT fid FROM unit_grid WHERE community_code = '320681001002'",
        first=True,
    ),
    "a descent from nowhere": Damage(
        "UPDATE grid_lineage SET parent_uuid = 'nobody' WHERE fid = 1",
        "verify.reference",
        "grid_lineage.parent_uuid",
        "SELECT 1",
    ),
    "a share that cannot be": Damage(
        "UPDATE grid_lineage SET share = 1.7 WHERE fid = 2", "verify.lineage_share", "grid_lineage", "SELECT 2"
    ),
    "a former shape lost": Damage(
        "UPDATE grid_lineage SET old_geom = NULL",
        "verify.lineage_shape",
        "grid_lineage",
        "SELECT fid FROM grid_lineage WHERE parent_uuid = child_uuid",
    ),
    "a class that the profile does not have": Damage(
        "UPDATE component_line SET class_code = '9999'", "verify.class", "component_line", "SELECT 1"
    ),
    "a double merged into nothing": Damage(
        "UPDATE component_point SET merged_uuid = 'nobody' WHERE fid = 3; UPDATE code_register SET status = 'retired' "
        "WHERE code = (SELECT code FROM component_point WHERE fid = 3)",
        "verify.reference",
        "component_point.merged_uuid",
        "SELECT 3",
    ),
    "a merged double whose code was put back": Damage(
        "UPDATE component_point SET merged_uuid = (SELECT uuid FROM component_point WHERE fid = 2) WHERE fid = 3",
        "verify.register_status",
        "component_point",
        "SELECT code FROM component_point WHERE fid = 3",
    ),
    "photos not counted": Damage(
        "UPDATE component_point SET photo_count = NULL WHERE fid = 3",
        "verify.photo_count",
        "component_point",
        "SELECT 3",
        True,
    ),
    # logs
    "an operation rewritten": Damage(
        "UPDATE operation SET counts = '{\"inserted\": 1}' WHERE fid = 5", "verify.chain", "operation", "SELECT 5"
    ),
    "an operation taken out": Damage(
        "UPDATE component_point SET operation_uuid = NULL; UPDATE component_line SET operation_uuid = NULL; "
        "DELETE FROM operation WHERE fid = (SELECT min(fid) FROM operation WHERE kind = 'import_components')",
        "verify.chain",
        "operation",
        "SELECT min(fid) + 1 FROM operation WHERE kind = 'import_components'",
        first=True,
    ),
    "the newest rows of a log taken out": Damage(
        "DELETE FROM component_change WHERE fid = (SELECT max(fid) FROM component_change)",
        "verify.log_gap",
        "component_change",
        "SELECT seq FROM sqlite_sequence WHERE name = 'component_change'",
    ),
    "a component's value changed past the log": Damage(
        "UPDATE component_point SET grid_code = (SELECT grid_code FROM component_point WHERE fid = 20), geom = "
        f"x'{INSIDE}', community_code = '320681001002' "
        "WHERE uuid = (SELECT component_uuid FROM component_change LIMIT 1); "
        f"UPDATE {TREE} SET minx = 361800, maxx = 361800, miny = 3520500, maxy = 3520500 WHERE id = "
        "(SELECT fid FROM component_point WHERE uuid = (SELECT component_uuid FROM component_change LIMIT 1))",
        "verify.unlogged",
        "component_point",
        "SELECT fid FROM component_point WHERE uuid = (SELECT component_uuid FROM component_change LIMIT 1)",
    ),
    "a time changed in a case": Damage(
        f"UPDATE case_record SET closed_at = '2016-01-01T00:00:00.000Z' WHERE fid = ({CASE_CLOSED})",
        "verify.case_log",
        "case_record",
        CASE_CLOSED,
        True,
    ),
    "a stage changed in a case": Damage(
        f"UPDATE case_record SET stage = 'check' WHERE fid = ({CASE_BY_IMPORT})",
        "verify.case_log",
        "case_record",
        CASE_BY_IMPORT,
        True,
    ),
    "a case made void without an event": Damage(
        "UPDATE case_record SET stage = 'void' WHERE fid = 19", "verify.case_log", "case_record", "SELECT 19"
    ),
    "a supervision that no log tells of": Damage(
        "INSERT INTO supervision (case_fid, issued_at) VALUES (19, '2016-01-01T00:00:00.000Z')",
        "verify.supervision",
        "supervision",
        "SELECT max(fid) FROM supervision",
    ),
    "a stage that there is not": Damage(
        "UPDATE case_record SET stage = 'lunch' WHERE fid = 18", "verify.stage", "case_record", "SELECT 18"
    ),
    "a time that is none": Damage(
        "UPDATE case_record SET due_at = 'soon' WHERE fid = 17", "verify.moment", "case_record", "SELECT 17"
    ),
    "a text that was JSON": Damage(
        "UPDATE component_point SET attributes = '{\"a\": ' WHERE fid = 9",
        "verify.json",
        "component_point.attributes",
        "SELECT 9",
    ),
}


def statements(text):
    part = ""
    for piece in text.split(";"):
        part += piece + ";"
        if sqlite3.complete_statement(part):
            yield part
            part = ""


def plant(path, damage):
    """Write the damage past all triggers, which are put back; returns the objects that must be named."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        keep = damage.rule == "verify.trigger"
        triggers = [] if keep else connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid"
        ).fetchall()  # fmt: skip
        for name, _ in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        # An object that goes away is named before, one that comes after.
        named = [str(row[0]) for row in connection.execute(damage.objects)] if damage.first else []
        for statement in statements(damage.sql):
            connection.execute(statement)
        if not damage.first:
            named = [str(row[0]) for row in connection.execute(damage.objects)]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for _, sql in triggers:
            if sql.split(" ON ")[1].split()[0].strip('"') in tables:
                connection.execute(sql)
        connection.commit()
    return sorted(named)
