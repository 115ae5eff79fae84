# SPDX-License-Identifier: GPL-2.0-or-later
"""What the GeoPackage tables of the store are, in one place: which are spatial, coded, keyed and watched."""

from __future__ import annotations

from digital_citymgmt_plugin.core.census import TABLES

SCHEMA_VERSION = 5

# table → geometry type of its ``geom`` column, as registered in ``gpkg_geometry_columns``
SPATIAL: dict[str, str] = {
    "admin_area": "MULTIPOLYGON",
    "unit_grid": "MULTIPOLYGON",
    "beat": "MULTIPOLYGON",
    "component_point": "POINT",
    "component_line": "MULTILINESTRING",
    "component_area": "MULTIPOLYGON",
    "candidate": "POINT",
    "sheet": "POLYGON",
    "check_issue": "POINT",
    "case_record": "POINT",
    "ruling": "POINT",
    "stubborn_place": "POINT",
    "place": "GEOMETRY",
    "camera": "POINT",
    "track_point": "POINT",
    "base_point": "POINT",
    "base_line": "MULTILINESTRING",
    "base_area": "MULTIPOLYGON",
    "base_text": "POINT",
    "base_stray": "GEOMETRY",
}

ATTRIBUTES: tuple[str, ...] = (
    "meta", "operation", "grid_lineage", "scenario", "beat_member", "collector", "component_change", "code_register",
    "code_block", "photo", "class", "department", "responsibility_rule", "filing_standard", "work_calendar",
    "indicator", "score_scheme", "mapping", "case_event", "supervision", "remediation", "fund", "package",
    "assessment_run", "drawing", "check_rule", "check_run", "workflow_move", "class_synonym", "work_hours",
    "package_case", "evaluation_scheme", "score_term", "score_band", "recheck", "recheck_case",
)  # fmt: skip

COMPONENTS: tuple[str, ...] = TABLES

# Tables whose ``code`` is issued by the register and cannot change any more.
CODED: tuple[str, ...] = (*COMPONENTS, "unit_grid")

# Columns of components whose every later change leaves a row in ``component_change``.
WATCHED: tuple[str, ...] = (
    "class_code", "name", "manager_dept", "owner_dept", "maintainer_dept", "grid_code", "community_code", "state",
    "first_on", "changed_on", "source", "accuracy", "photo_count", "remark", "attributes",
    "merged_uuid", "geom",
)  # fmt: skip

# Logs: nothing outside an engine action may change or delete their rows.
LOGS: tuple[str, ...] = ("operation", "code_register", "component_change", "case_event", "grid_lineage")
