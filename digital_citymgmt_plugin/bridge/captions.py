# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of the store's tables, columns and values as the user reads them; Chinese in a Chinese QGIS."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication

# column → caption; a table's own caption stands under "table.column"
COLUMNS: dict[str, str] = {
    "uuid": "Unique id",
    "created_at": "Created at (UTC)",
    "updated_at": "Updated at (UTC)",
    "code": "Code",
    "name": "Name",
    "level": "Level",
    "parent_code": "Code of the area above",
    "valid_from": "Valid from",
    "valid_to": "Valid to",
    "community_code": "Community code",
    "street_code": "Street code",
    "area_m2": "Area (m²)",
    "status": "Status",
    "retire_reason": "Reason of retirement",
    "class_code": "Class code",
    "major_code": "Major class",
    "minor_code": "Minor class",
    "major_name": "Name of the major class",
    "kind": "Kind",
    "geometry": "Geometry",
    "accuracy": "Accuracy class",
    "tolerance_m": "Tolerance (m)",
    "owner_dept": "Owner",
    "manager_dept": "Managing department",
    "maintainer_dept": "Maintainer",
    "dept_code": "Department code",
    "dept_name": "Department",
    "grid_code": "Grid code",
    "state": "State",
    "first_on": "First recorded on",
    "changed_on": "Changed on",
    "source": "Source",
    "photo_count": "Number of photos",
    "remark": "Remark",
    "import_key": "Key of the import",
    "operation_uuid": "Action",
    "case_no": "Case number",
    "condition": "Filing condition",
    "component_uuid": "Component",
    "component_code": "Component code",
    "link_method": "Linked by",
    "link_score": "Score of the link",
    "place_method": "Placed by",
    "stage": "Stage",
    "reported_at": "Reported at",
    "accepted_at": "Accepted at",
    "filed_at": "Filed at",
    "dispatched_at": "Dispatched at",
    "disposed_at": "Disposed at",
    "feedback_at": "Fed back at",
    "checked_at": "Checked at",
    "closed_at": "Closed at",
    "due_at": "Due at",
    "emergency": "Emergency",
    "parked": "Parked",
    "appealed": "Appealed",
    "returns": "Returns",
    "reworks": "Reworks",
    "extensions": "Extensions",
    "address": "Address",
    "description": "Description",
    "rule": "Rule",
    "table_name": "Table",
    "object_uuid": "Object",
    "params": "Details",
    "waived_by": "Waived by",
    "reason": "Reason",
    "at": "At (UTC)",
    "done_by": "Done by",
    "program": "Program",
    "counts": "Counts",
    "digest": "Checksum",
    "undone_by": "Taken back by",
    "enabled": "In use",
    "department_code": "Department code",
    "confidence": "How well founded",
    "required_fields": "Fields that must be filled",
    "duplicate_m": "Doubles within (m)",
    "symbol": "Symbol",
    "shape": "Exact shape",
    "photo_count.class": "Least photos",
    "attributes": "Further columns of the source",
    "import_digest": "Checksum of the import",
    "class_name": "Class as stated",
    "stated_area": "Area as stated",
    "on_time": "Closed in time",
    "on_time_basis": "In time by",
    "category": "Type as stated",
    "street": "Road or lane",
    "number": "House number",
    "number_from": "Lowest house number",
    "number_to": "Highest house number",
    "sub_number": "Sub-number",
    "ranges": "House numbers by side",
    "direction": "Direction (°)",
    "angle": "Angle of view (°)",
    "reach": "Reach (m)",
    "carrier": "Collector or vehicle",
    "track": "Track",
    "speed": "Speed (m/s)",
    "theme": "Theme",
    "layer": "Layer of the drawing",
    "block": "Block",
    "entity": "Kind of entity",
    "handle": "Handle in the drawing",
    "angle.base_point": "Turned by (°)",
    "angle.base_text": "Turned by (°)",
    "angle.candidate": "Turned by (°)",
    "scale": "Scale",
    "elevation": "Elevation (m)",
    "drawing_uuid": "Id of the drawing",
    "text": "Text",
    "height": "Letter height",
    "code.base_point": "SOUTH code",
    "code.base_line": "SOUTH code",
    "code.base_area": "SOUTH code",
    "code.base_text": "SOUTH code",
    "base_uuid": "Symbol of the base map",
    "symbol_code": "SOUTH code",
    "evidence": "Evidence",
    "merged_uuid": "Merged into",
    "drawing": "Drawing",
    "waived_at": "Waived at",
    "settled_at": "Settled at",
    "number.sheet": "Sheet number",
    "number_fine": "Sheet number (two decimals)",
    "crew": "Crew",
    "planned_on": "Planned on",
    "finished_on": "Finished on",
    "kind.place": "Kind of place",
    "case_no.case_record": "Case number",
    "kind.operation": "Action",
    "state.component_point": "Condition of the component",
    "state.component_line": "Condition of the component",
    "state.component_area": "Condition of the component",
}

# table → column → value → caption
VALUES: dict[str, dict[str, dict[str, str]]] = {
    "admin_area": {"level": {"county": "County", "street": "Street", "community": "Community"}},
    "place": {"kind": {"poi": "Point of interest", "landmark": "Landmark", "plate": "Door plate", "street": "Street"}},
    "unit_grid": {"status": {"current": "In use", "draft": "Draft", "retired": "Retired"}},
    "case_record": {
        "kind": {"component": "Component case", "event": "Event case"},
        "link_method": {
            "code": "By component code",
            "nearest": "Nearest of the class",
            "manual": "By hand",
        },
        "place_method": {
            "grid": "By the map",
            "area": "By the map",
            "component": "By the component",
            "community_name": "By the name of the community",
            "community_code": "By the code of the community",
            "stated_grid": "By the code of the unit grid",
            "door": "By the door plate",
            "number": "By street and house number",
            "crossing": "By the crossing of streets",
            "between": "By the stretch of a street",
            "poi": "By a point of interest",
            "landmark": "By a landmark",
            "street": "By a short street",
            "hand": "By hand",
        },
        "on_time_basis": {"clock": "Reckoned by the clock", "stated": "As stated", "missing": "Not stated"},
        "stage": {
            "collection": "Collection",
            "filing": "Filing",
            "dispatch": "Dispatch",
            "disposal": "Disposal",
            "feedback": "Feedback",
            "check": "Check",
            "closed": "Closed",
            "parked": "Parked",
            "void": "Void",
        },
    },
    "class": {"kind": {"component": "Component", "event": "Event", "matter": "Matter"}},
    "check_issue": {"level": {"error": "Error", "warning": "Warning", "info": "Note"}},
    "sheet": {
        "status": {
            "open": "Not begun",
            "field": "In the field",
            "back": "Back from the field",
            "checked": "Checked",
            "accepted": "Accepted",
        }
    },
    "base_point": {
        "theme": {
            "control": "Control points",
            "elevation": "Heights",
            "building": "Buildings",
            "wall": "Walls and fences",
            "facility": "Facilities",
            "road": "Roads",
            "pipe": "Pipes",
            "water": "Water",
            "boundary": "Boundaries",
            "contour": "Contours",
            "terrain": "Terrain",
            "vegetation": "Vegetation",
            "frame": "Sheet frame",
            "survey": "Survey lines",
            "text": "Texts",
            "other": "Not known",
        }
    },
    "candidate": {
        "state": {"open": "Open", "confirmed": "Confirmed", "rejected": "Rejected", "merged": "Merged"},
    },
}
# Tables whose objects lists name, in the plural of the layers.
TABLES: dict[str, str] = {
    "component_point": "Components (points)",
    "component_line": "Components (lines)",
    "component_area": "Components (areas)",
    "unit_grid": "Unit grids",
    "admin_area": "Administrative areas",
    "case_record": "Cases",
    "place": "Places",
    "camera": "Cameras",
    "photo": "Photos",
    "candidate": "Component candidates",
    "code_register": "Code register",
}
FLAGS = ("emergency", "parked", "appealed", "on_time", "enabled")


def tr(text: str) -> str:
    """Translate a caption."""
    return QCoreApplication.translate("Captions", text)


def column_caption(table: str, column: str) -> str:
    """Return the caption of a column, empty where none is known (the column's own name is shown then)."""
    text = COLUMNS.get(f"{column}.{table}", COLUMNS.get(column, ""))
    return tr(text) if text else ""


def table_caption(table: str) -> str:
    """Return what the objects of a table are called; the table's own name when nothing else is known."""
    text = TABLES.get(table, "")
    return tr(text) if text else table


def value_captions(table: str, column: str) -> dict[str, str]:
    """Return value → caption of a coded column, empty when it is not coded."""
    return {value: tr(text) for value, text in VALUES.get(table, {}).get(column, {}).items()}
