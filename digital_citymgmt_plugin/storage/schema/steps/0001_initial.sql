-- SPDX-License-Identifier: GPL-2.0-or-later
-- Schema version 1: all tables of the data model. Frozen once released; later changes are steps 0002, 0003, …
-- Times are UTC text (YYYY-MM-DDTHH:MM:SS.mmmZ). Keys: fid and uuid; codes are attributes.

CREATE TABLE meta (fid INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT);

-- Filled only inside a transaction of the engine; triggers read it to know whether, and for which operation, they fire.
CREATE TABLE engine_context (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;

CREATE TABLE operation (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, kind TEXT NOT NULL, at DATETIME NOT NULL,
    done_by TEXT, program TEXT, params TEXT, counts TEXT, digest TEXT, undone_by TEXT);

CREATE TABLE admin_area (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom MULTIPOLYGON, uuid TEXT UNIQUE, level TEXT NOT NULL, code TEXT NOT NULL,
    name TEXT NOT NULL, parent_code TEXT, valid_from DATE, valid_to DATE, operation_uuid TEXT,
    created_at DATETIME, updated_at DATETIME);
CREATE UNIQUE INDEX admin_area_code ON admin_area (level, code) WHERE valid_to IS NULL;

CREATE TABLE unit_grid (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom MULTIPOLYGON, uuid TEXT UNIQUE, code TEXT UNIQUE, name TEXT,
    community_code TEXT, area_m2 REAL, status TEXT NOT NULL DEFAULT 'current', valid_from DATE, valid_to DATE,
    retire_reason TEXT, remark TEXT, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE INDEX unit_grid_community ON unit_grid (community_code, status);

-- old_geom (WKB, CRS of the store): the shape before of a grid that goes on in a new one (parent = child).
CREATE TABLE grid_lineage (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, operation_uuid TEXT NOT NULL, parent_uuid TEXT,
    child_uuid TEXT, share REAL, old_geom BLOB, created_at DATETIME);
CREATE INDEX grid_lineage_parent ON grid_lineage (parent_uuid);
CREATE INDEX grid_lineage_child ON grid_lineage (child_uuid);
CREATE TABLE scenario (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, name TEXT NOT NULL, parent_uuid TEXT, status TEXT,
    payload TEXT, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);

CREATE TABLE beat (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom MULTIPOLYGON, uuid TEXT UNIQUE, code TEXT UNIQUE, name TEXT,
    valid_from DATE, valid_to DATE, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE beat_member (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, beat_uuid TEXT NOT NULL, grid_uuid TEXT NOT NULL,
    valid_from DATE, valid_to DATE, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE collector (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, code TEXT UNIQUE, name TEXT, beat_uuid TEXT, shift TEXT,
    valid_from DATE, valid_to DATE, created_at DATETIME, updated_at DATETIME);

CREATE TABLE component_point (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, uuid TEXT UNIQUE, code TEXT, class_code TEXT NOT NULL,
    name TEXT, manager_dept TEXT, owner_dept TEXT, maintainer_dept TEXT, grid_code TEXT, community_code TEXT,
    state TEXT, first_on DATE, changed_on DATE, source TEXT, accuracy TEXT, photo_count INTEGER, remark TEXT,
    attributes TEXT, import_key TEXT, import_digest TEXT, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE component_line (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom MULTILINESTRING, uuid TEXT UNIQUE, code TEXT,
    class_code TEXT NOT NULL, name TEXT, manager_dept TEXT, owner_dept TEXT, maintainer_dept TEXT, grid_code TEXT,
    community_code TEXT, state TEXT, first_on DATE, changed_on DATE, source TEXT, accuracy TEXT, photo_count INTEGER,
    remark TEXT, attributes TEXT, import_key TEXT, import_digest TEXT, operation_uuid TEXT, created_at DATETIME,
    updated_at DATETIME);
CREATE TABLE component_area (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom MULTIPOLYGON, uuid TEXT UNIQUE, code TEXT,
    class_code TEXT NOT NULL, name TEXT, manager_dept TEXT, owner_dept TEXT, maintainer_dept TEXT, grid_code TEXT,
    community_code TEXT, state TEXT, first_on DATE, changed_on DATE, source TEXT, accuracy TEXT, photo_count INTEGER,
    remark TEXT, attributes TEXT, import_key TEXT, import_digest TEXT, operation_uuid TEXT, created_at DATETIME,
    updated_at DATETIME);
-- Indexes of their own instead of UNIQUE in the table: a bulk action leaves them out and builds them once, in order.
CREATE UNIQUE INDEX component_point_code ON component_point (code);
CREATE UNIQUE INDEX component_line_code ON component_line (code);
CREATE UNIQUE INDEX component_area_code ON component_area (code);
CREATE UNIQUE INDEX component_point_import ON component_point (import_key);
CREATE UNIQUE INDEX component_line_import ON component_line (import_key);
CREATE UNIQUE INDEX component_area_import ON component_area (import_key);
CREATE INDEX component_point_grid ON component_point (grid_code);
CREATE INDEX component_line_grid ON component_line (grid_code);
CREATE INDEX component_area_grid ON component_area (grid_code);
CREATE INDEX component_point_uncoded ON component_point (fid) WHERE code IS NULL;
CREATE INDEX component_line_uncoded ON component_line (fid) WHERE code IS NULL;
CREATE INDEX component_area_uncoded ON component_area (fid) WHERE code IS NULL;

CREATE TABLE component_change (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, component_uuid TEXT NOT NULL, operation_uuid TEXT,
    field TEXT NOT NULL, old TEXT, new TEXT, reason TEXT, created_at DATETIME);
CREATE INDEX component_change_component ON component_change (component_uuid);

-- Every code ever issued, for ever. The counter of a scope is its highest serial, so the two cannot disagree.
CREATE TABLE code_register (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL, kind TEXT NOT NULL, scope TEXT NOT NULL,
    serial INTEGER NOT NULL, object_uuid TEXT, status TEXT NOT NULL DEFAULT 'issued', operation_uuid TEXT,
    created_at DATETIME);
CREATE UNIQUE INDEX code_register_code ON code_register (code);
CREATE INDEX code_register_scope ON code_register (scope, serial);
CREATE TABLE code_block (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, scope TEXT NOT NULL, crew TEXT NOT NULL,
    from_no INTEGER NOT NULL, to_no INTEGER NOT NULL, state TEXT NOT NULL, operation_uuid TEXT, created_at DATETIME,
    updated_at DATETIME);

CREATE TABLE candidate (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, uuid TEXT UNIQUE, class_code TEXT, name TEXT, drawing TEXT,
    handle TEXT, state TEXT, component_uuid TEXT, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE sheet (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POLYGON, uuid TEXT UNIQUE, number TEXT UNIQUE, name TEXT, crew TEXT,
    status TEXT, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE photo (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, object_uuid TEXT, path TEXT NOT NULL, sha256 TEXT,
    taken_at DATETIME, lon REAL, lat REAL, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);

CREATE TABLE check_issue (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, uuid TEXT UNIQUE, rule TEXT NOT NULL, level TEXT NOT NULL,
    table_name TEXT, object_uuid TEXT, params TEXT, state TEXT NOT NULL DEFAULT 'open', waived_by TEXT, reason TEXT,
    operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE INDEX check_issue_rule ON check_issue (rule, state);
CREATE INDEX check_issue_object ON check_issue (object_uuid);

CREATE TABLE class (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, code TEXT NOT NULL, major_code TEXT, major_name TEXT,
    minor_code TEXT, name TEXT NOT NULL, geometry TEXT, accuracy TEXT, tolerance_m REAL, department_code TEXT,
    confidence TEXT, enabled INTEGER NOT NULL DEFAULT 1, UNIQUE (kind, code));
CREATE TABLE department (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, parent_code TEXT, kind TEXT);
CREATE TABLE responsibility_rule (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, priority INTEGER, class_code TEXT, area_code TEXT,
    department_code TEXT NOT NULL, reason TEXT);
CREATE TABLE filing_standard (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, class_code TEXT NOT NULL, kind TEXT NOT NULL, condition_no INTEGER,
    condition TEXT, limit_value REAL, limit_unit TEXT, closing_condition TEXT, confidence TEXT);
CREATE INDEX filing_standard_class ON filing_standard (kind, class_code);
CREATE TABLE work_calendar (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, day DATE NOT NULL UNIQUE, is_workday INTEGER NOT NULL, remark TEXT);
CREATE TABLE indicator (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, numerator TEXT NOT NULL,
    denominator TEXT NOT NULL, unit TEXT, direction TEXT, confidence TEXT, source TEXT);
CREATE TABLE score_scheme (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, name TEXT NOT NULL UNIQUE, payload TEXT);
CREATE TABLE mapping (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL, payload TEXT NOT NULL,
    operation_uuid TEXT, created_at DATETIME, updated_at DATETIME, UNIQUE (kind, name));

CREATE TABLE case_record (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, uuid TEXT UNIQUE, case_no TEXT NOT NULL UNIQUE, kind TEXT,
    class_code TEXT, class_name TEXT, condition TEXT, source TEXT, description TEXT, address TEXT,
    component_code TEXT, component_uuid TEXT, link_method TEXT, link_score REAL, place_method TEXT, stated_area TEXT,
    grid_code TEXT, community_code TEXT, street_code TEXT, dept_code TEXT, dept_name TEXT, stage TEXT,
    reported_at DATETIME, accepted_at DATETIME, filed_at DATETIME, dispatched_at DATETIME, disposed_at DATETIME,
    feedback_at DATETIME, checked_at DATETIME, closed_at DATETIME, due_at DATETIME, on_time INTEGER, on_time_basis TEXT,
    emergency INTEGER NOT NULL DEFAULT 0, parked INTEGER NOT NULL DEFAULT 0, appealed INTEGER NOT NULL DEFAULT 0,
    returns INTEGER NOT NULL DEFAULT 0, reworks INTEGER NOT NULL DEFAULT 0, extensions INTEGER NOT NULL DEFAULT 0,
    attributes TEXT, import_digest TEXT, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE INDEX case_record_grid ON case_record (grid_code);
CREATE INDEX case_record_component ON case_record (component_uuid);
CREATE INDEX case_record_filed ON case_record (filed_at);
CREATE TABLE case_event (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, case_fid INTEGER NOT NULL REFERENCES case_record (fid), action TEXT NOT NULL,
    from_stage TEXT, to_stage TEXT, at DATETIME, done_by TEXT, dept_code TEXT, reason TEXT, source TEXT,
    operation_uuid TEXT);
CREATE INDEX case_event_case ON case_event (case_fid);

CREATE TABLE ruling (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, uuid TEXT UNIQUE, component_uuid TEXT, class_code TEXT,
    department_code TEXT, decision TEXT, evidence TEXT, ruled_on DATE, ruled_by TEXT, operation_uuid TEXT,
    created_at DATETIME, updated_at DATETIME);
CREATE TABLE supervision (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, case_fid INTEGER, issued_at DATETIME, due_at DATETIME,
    level INTEGER, reason TEXT, answered_at DATETIME, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE remediation (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, case_fid INTEGER, fund_uuid TEXT, estimate REAL, cost REAL,
    state TEXT, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE fund (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, name TEXT, year INTEGER, amount REAL, department_code TEXT,
    created_at DATETIME, updated_at DATETIME);
CREATE TABLE package (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, direction TEXT, kind TEXT, path TEXT, sha256 TEXT,
    counts TEXT, receipt TEXT, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE assessment_run (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, scheme TEXT, by TEXT, from_date DATE, to_date DATE,
    cut_off DATETIME, payload TEXT, operation_uuid TEXT, created_at DATETIME);
CREATE TABLE stubborn_place (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, uuid TEXT UNIQUE, name TEXT, class_code TEXT,
    component_uuid TEXT, score REAL, status TEXT, payload TEXT, operation_uuid TEXT, created_at DATETIME,
    updated_at DATETIME);
CREATE TABLE place (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom GEOMETRY, uuid TEXT UNIQUE, kind TEXT NOT NULL, name TEXT, street TEXT,
    number TEXT, number_from INTEGER, number_to INTEGER, code TEXT, attributes TEXT, import_key TEXT,
    operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE camera (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, uuid TEXT UNIQUE, code TEXT, name TEXT, direction REAL,
    angle REAL, reach REAL, import_key TEXT, operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE track_point (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, track TEXT, carrier TEXT, at DATETIME, speed REAL,
    operation_uuid TEXT);
CREATE INDEX track_point_track ON track_point (track, at);
