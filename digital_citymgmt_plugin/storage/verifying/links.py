# SPDX-License-Identifier: GPL-2.0-or-later
"""References between tables, as data: which column of which table names what, and the codes against the register."""

from __future__ import annotations

from digital_citymgmt_plugin.core.undo import UNDO
from digital_citymgmt_plugin.storage.schema.catalogue import ATTRIBUTES, CODED, COMPONENTS, SPATIAL
from digital_citymgmt_plugin.storage.verifying.base import ERROR, WARNING, Check

_ANY_COMPONENT = " AND ".join(f"NOT EXISTS (SELECT 1 FROM {table} c WHERE c.uuid = t.{{0}})" for table in COMPONENTS)
# What was deleted in plain QGIS, where components without a code may be, has left a row.
_KNOWN_DELETED = (
    "NOT EXISTS (SELECT 1 FROM component_change d WHERE d.component_uuid = t.{0} AND d.field = '*' "
    "AND d.new = 'deleted')"
)

_SMALL = {("admin_area", "code"), ("department", "code")}


def _to(table: str, column: str, target: str, key: str = "uuid") -> str:
    if (target, key) in _SMALL:  # listed once: no index leads to these
        there = f'NOT IN (SELECT {key} FROM "{target}" WHERE {key} IS NOT NULL)'
        return f'SELECT t.fid FROM "{table}" t WHERE t.{column} {there}'
    return (
        f'SELECT t.fid FROM "{table}" t WHERE t.{column} IS NOT NULL AND NOT EXISTS '
        f'(SELECT 1 FROM "{target}" x WHERE x.{key} = t.{column})'
    )


def _reference(table: str, column: str, target: str, key: str = "uuid", level: str = ERROR) -> Check:
    return Check("verify.reference", f"{table}.{column}", _to(table, column, target, key), level)


def _component(table: str, level: str = ERROR, repair: str = "") -> Check:
    sql = (
        f'SELECT t.fid FROM "{table}" t WHERE t.component_uuid IS NOT NULL AND '
        f"{_ANY_COMPONENT.format('component_uuid')}"
    )
    return Check("verify.reference", f"{table}.component_uuid", sql, level, repair)


def _area(table: str, column: str, area_level: str) -> Check:
    """Areas may come later, or from elsewhere: asked only where the store has areas of this level at all."""
    sql = (
        f"{_to(table, column, 'admin_area', 'code')} "
        f"AND EXISTS (SELECT 1 FROM admin_area WHERE level = '{area_level}')"
    )
    if table == "unit_grid":  # a vendor's grids may name others, which adopting them lists as issues
        sql += (
            " AND NOT EXISTS (SELECT 1 FROM check_issue i WHERE i.rule = 'grid.community_unknown' "
            "AND i.object_uuid = t.uuid)"
        )
    return Check("verify.reference", f"{table}.{column}", sql, WARNING)


def _lineage(column: str) -> Check:
    """A grid that an undo took away stays named by the steps taken back and by those of the undo itself."""
    sql = (
        f"{_to('grid_lineage', column, 'unit_grid')} AND NOT EXISTS (SELECT 1 FROM operation o "
        f"WHERE o.uuid = t.operation_uuid AND (o.undone_by IS NOT NULL OR o.kind = '{UNDO}'))"
    )
    return Check("verify.reference", f"grid_lineage.{column}", sql)


REFERENCES: tuple[Check, ...] = (
    _reference("case_event", "case_fid", "case_record", "fid"),
    _component("case_record", repair="links"),
    *(_component(table) for table in ("candidate", "ruling", "stubborn_place")),
    *(  # a merged double names the one that goes on, in whichever table
        Check(
            "verify.reference", f"{table}.merged_uuid",
            f"SELECT t.fid FROM {table} t WHERE t.merged_uuid IS NOT NULL AND {_ANY_COMPONENT.format('merged_uuid')}",
        )
        for table in COMPONENTS
    ),
    Check(
        "verify.reference", "component_change.component_uuid",
        "SELECT t.fid FROM component_change t WHERE t.component_uuid != '?' AND t.field != '*' AND "
        f"{_ANY_COMPONENT.format('component_uuid')} AND {_KNOWN_DELETED.format('component_uuid')}",
    ),
    *(
        _reference(table, "grid_code", "unit_grid", "code", WARNING)
        for table in (*COMPONENTS, "case_record", "place", "camera")
    ),
    _reference("undo_journal", "operation_uuid", "operation"),
    *(_area(table, "community_code", "community") for table in ("place", "camera")),
    _area("unit_grid", "community_code", "community"),
    _area("case_record", "community_code", "community"),
    *(_area(table, "community_code", "community") for table in COMPONENTS),
    *(_lineage(column) for column in ("parent_uuid", "child_uuid")),
    _reference("scenario", "parent_uuid", "scenario"),
    _reference("beat_member", "beat_uuid", "beat"),
    _reference("beat_member", "grid_uuid", "unit_grid"),
    _reference("collector", "beat_uuid", "beat"),
    _reference("supervision", "case_fid", "case_record", "fid"),
    _reference("remediation", "case_fid", "case_record", "fid"),
    _reference("remediation", "fund_uuid", "fund"),
    _reference("ruling", "case_fid", "case_record", "fid"),
    _reference("package_case", "case_fid", "case_record", "fid"),
    _reference("package_case", "package_uuid", "package"),
    _reference("recheck_case", "case_fid", "case_record", "fid"),
    _reference("recheck_case", "recheck_uuid", "recheck"),
    _reference("class", "department_code", "department", "code", WARNING),
    _reference("responsibility_rule", "department_code", "department", "code", WARNING),
    _reference("operation", "undone_by", "operation"),
    Check(
        "verify.reference", "photo.object_uuid",
        "SELECT t.fid FROM photo t WHERE t.object_uuid IS NOT NULL AND "
        f"{_ANY_COMPONENT.format('object_uuid')} AND {_KNOWN_DELETED.format('object_uuid')} AND NOT EXISTS "
        "(SELECT 1 FROM case_record c WHERE c.uuid = t.object_uuid) AND NOT EXISTS "
        "(SELECT 1 FROM candidate c WHERE c.uuid = t.object_uuid)", WARNING,
    ),
    *(
        Check(
            "verify.reference", f"check_issue.object_uuid ({table})",
            f"SELECT t.fid FROM check_issue t WHERE t.table_name = '{table}' AND t.object_uuid IS NOT NULL "
            f'AND t.state != \'settled\' AND NOT EXISTS (SELECT 1 FROM "{table}" x WHERE x.uuid = t.object_uuid) '
            f"AND {_KNOWN_DELETED.format('object_uuid')}", WARNING, "issues",
        )
        for table in (*COMPONENTS, "unit_grid", "admin_area", "case_record")
    ),
    *(
        Check(
            "verify.class", table,
            f"SELECT fid FROM {table} WHERE class_code NOT IN (SELECT code FROM class WHERE kind = 'component')",
            WARNING,
        )
        for table in COMPONENTS
    ),
    *(
        Check(
            "verify.photo_count", table,
            f"SELECT t.fid FROM {table} t JOIN (SELECT object_uuid, count(*) AS n FROM photo GROUP BY object_uuid) p "
            "ON p.object_uuid = t.uuid WHERE p.n > coalesce(t.photo_count, 0)", ERROR, "photos",
        )
        for table in COMPONENTS
    ),
)  # fmt: skip

_OWNED = " AND ".join(
    f'NOT EXISTS (SELECT 1 FROM "{table}" t WHERE t.code = r.code AND t.uuid = r.object_uuid)' for table in CODED
)
_OTHERS_UUID = " UNION ALL ".join(f"SELECT uuid FROM {table}" for table in CODED)

CODES: tuple[Check, ...] = (
    *(
        Check(
            "verify.unregistered", table,
            f'SELECT code FROM "{table}" t WHERE code IS NOT NULL AND NOT EXISTS '
            "(SELECT 1 FROM code_register r WHERE r.code = t.code AND r.object_uuid = t.uuid)", ERROR, "register",
        )
        for table in CODED
    ),
    Check(
        "verify.register_orphan", "code_register",
        f"SELECT code FROM code_register r WHERE status = 'issued' AND {_OWNED}",
    ),
    Check(
        "verify.serial", "code_register",
        "SELECT code FROM code_register WHERE code != scope || "
        "printf('%0' || (length(code) - length(scope)) || 'd', serial)", ERROR, "serials",
    ),
    Check(
        "verify.register_status", "code_register",
        "SELECT r.code FROM unit_grid g JOIN code_register r ON r.code = g.code AND r.object_uuid = g.uuid "
        "WHERE (g.status = 'retired') != (r.status = 'retired')", ERROR, "statuses",
    ),
    *(
        Check(
            "verify.register_status", table,
            f"SELECT c.code FROM {table} c JOIN code_register r ON r.code = c.code AND r.object_uuid = c.uuid "
            "WHERE c.merged_uuid IS NOT NULL AND r.status != 'retired'",
        )
        for table in COMPONENTS
    ),
    Check(
        "verify.validity", "unit_grid",
        "SELECT fid FROM unit_grid WHERE status NOT IN ('current', 'retired') OR "
        "(status = 'retired') != (valid_to IS NOT NULL) OR valid_to < valid_from",
    ),
    Check("verify.validity", "admin_area", "SELECT fid FROM admin_area WHERE valid_to < valid_from"),
    Check(
        "verify.block", "code_block",
        "SELECT a.fid FROM code_block a WHERE a.from_no > a.to_no OR EXISTS (SELECT 1 FROM code_block b "
        "WHERE b.scope = a.scope AND b.fid < a.fid AND b.from_no <= a.to_no AND b.to_no >= a.from_no)",
    ),
    *(
        Check("verify.uuid_missing", table, f'SELECT fid FROM "{table}" WHERE uuid IS NULL', ERROR, "uuids")
        for table in (*CODED, "case_record", "admin_area")
    ),
    Check(
        "verify.uuid_twice", "component_point",
        f"SELECT uuid FROM ({_OTHERS_UUID}) WHERE uuid IS NOT NULL GROUP BY uuid HAVING count(*) > 1",
    ),
)  # fmt: skip

WITH_OPERATION: tuple[str, ...] = (*SPATIAL, *ATTRIBUTES)
