-- SPDX-License-Identifier: GPL-2.0-or-later
-- Schema version 3: the census bench – base map, sheets, candidates, photos, class catalogue, rule pack, merged doubles.

-- One row per imported drawing or layer file; ``encoding_evidence`` and ``crs_evidence`` say how both were found.
CREATE TABLE drawing (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, name TEXT NOT NULL, path TEXT, sha256 TEXT, format TEXT,
    version TEXT, encoding TEXT, encoding_evidence TEXT, crs TEXT, crs_evidence TEXT, entities INTEGER, counts TEXT,
    operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE INDEX drawing_digest ON drawing (sha256);

-- The base map. ``theme``: core/basemap; ``code``: SOUTH code; ``entity``: kind in the drawing (INSERT, LINE …);
-- ``attributes``: block attributes, xdata and columns of layer files, as JSON.
CREATE TABLE base_point (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, uuid TEXT UNIQUE, drawing_uuid TEXT, theme TEXT, layer TEXT,
    code TEXT, block TEXT, entity TEXT, handle TEXT, angle REAL, scale REAL, elevation REAL, attributes TEXT,
    operation_uuid TEXT, created_at DATETIME, updated_at DATETIME);
CREATE TABLE base_line (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom MULTILINESTRING, uuid TEXT UNIQUE, drawing_uuid TEXT, theme TEXT,
    layer TEXT, code TEXT, block TEXT, entity TEXT, handle TEXT, elevation REAL, attributes TEXT, operation_uuid TEXT,
    created_at DATETIME, updated_at DATETIME);
CREATE TABLE base_area (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom MULTIPOLYGON, uuid TEXT UNIQUE, drawing_uuid TEXT, theme TEXT,
    layer TEXT, code TEXT, block TEXT, entity TEXT, handle TEXT, elevation REAL, attributes TEXT, operation_uuid TEXT,
    created_at DATETIME, updated_at DATETIME);
CREATE TABLE base_text (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, uuid TEXT UNIQUE, drawing_uuid TEXT, theme TEXT, layer TEXT,
    code TEXT, entity TEXT, handle TEXT, text TEXT, angle REAL, height REAL, attributes TEXT, operation_uuid TEXT,
    created_at DATETIME, updated_at DATETIME);
-- What lies far from the rest of its drawing, set apart so that it widens no layer.
CREATE TABLE base_stray (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, geom GEOMETRY, uuid TEXT UNIQUE, drawing_uuid TEXT, theme TEXT, layer TEXT,
    code TEXT, block TEXT, entity TEXT, handle TEXT, text TEXT, attributes TEXT, operation_uuid TEXT,
    created_at DATETIME, updated_at DATETIME);
CREATE INDEX base_point_theme ON base_point (theme);
CREATE INDEX base_line_theme ON base_line (theme);
CREATE INDEX base_area_theme ON base_area (theme);
CREATE INDEX base_point_drawing ON base_point (drawing_uuid);
CREATE INDEX base_line_drawing ON base_line (drawing_uuid);
CREATE INDEX base_area_drawing ON base_area (drawing_uuid);
CREATE INDEX base_text_drawing ON base_text (drawing_uuid);
CREATE INDEX base_stray_drawing ON base_stray (drawing_uuid);

-- Sheets: ``number`` with one decimal, ``number_fine`` with two. Status: open, field, back, checked, accepted.
ALTER TABLE sheet ADD COLUMN number_fine TEXT;
ALTER TABLE sheet ADD COLUMN planned_on DATE;
ALTER TABLE sheet ADD COLUMN finished_on DATE;
ALTER TABLE sheet ADD COLUMN remark TEXT;

-- Candidates: state open, confirmed, rejected, merged. ``base_uuid``: the symbol of the base map it was made of.
ALTER TABLE candidate ADD COLUMN base_uuid TEXT;
ALTER TABLE candidate ADD COLUMN layer TEXT;
ALTER TABLE candidate ADD COLUMN symbol_code TEXT;
ALTER TABLE candidate ADD COLUMN block TEXT;
ALTER TABLE candidate ADD COLUMN angle REAL;
ALTER TABLE candidate ADD COLUMN evidence TEXT;
ALTER TABLE candidate ADD COLUMN merged_uuid TEXT;
ALTER TABLE candidate ADD COLUMN import_key TEXT;
ALTER TABLE candidate ADD COLUMN remark TEXT;
CREATE UNIQUE INDEX candidate_import ON candidate (import_key);
CREATE INDEX candidate_state ON candidate (state, class_code);

-- Photos: ``path`` relative to the city's photo folder; ``look``: perceptual hash; ``matched_by``: name, code, place.
ALTER TABLE photo ADD COLUMN source_name TEXT;
ALTER TABLE photo ADD COLUMN bytes INTEGER;
ALTER TABLE photo ADD COLUMN width INTEGER;
ALTER TABLE photo ADD COLUMN height INTEGER;
ALTER TABLE photo ADD COLUMN look TEXT;
ALTER TABLE photo ADD COLUMN matched_by TEXT;
ALTER TABLE photo ADD COLUMN remark TEXT;
CREATE INDEX photo_object ON photo (object_uuid);
CREATE INDEX photo_digest ON photo (sha256);

-- The class catalogue: fields a component must have filled (comma-separated), least photos, how near two of a class may
-- stand without being taken for one (metres), symbol. Empty: the default of the profile.
ALTER TABLE class ADD COLUMN required_fields TEXT;
ALTER TABLE class ADD COLUMN photo_count INTEGER;
ALTER TABLE class ADD COLUMN duplicate_m REAL;
ALTER TABLE class ADD COLUMN symbol TEXT;

-- A merged double keeps row and code: state 移除, code retired, ``merged_uuid`` names the one that goes on.
ALTER TABLE component_point ADD COLUMN merged_uuid TEXT;
ALTER TABLE component_line ADD COLUMN merged_uuid TEXT;
ALTER TABLE component_area ADD COLUMN merged_uuid TEXT;
-- Few rows are merged: the live ones are counted as all but these, which takes no look at each row.
CREATE INDEX component_point_merged ON component_point (merged_uuid) WHERE merged_uuid IS NOT NULL;
CREATE INDEX component_line_merged ON component_line (merged_uuid) WHERE merged_uuid IS NOT NULL;
CREATE INDEX component_area_merged ON component_area (merged_uuid) WHERE merged_uuid IS NOT NULL;

-- The rule pack as the city changed it; a rule without a row is as resources/profiles/check_rules.csv has it.
CREATE TABLE check_rule (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, level TEXT, enabled INTEGER NOT NULL DEFAULT 1,
    params TEXT, remark TEXT);
-- One row per run of the checks. ``scope``: all, sheet, changed. ``marks`` (JSON): the last fid of each table seen, from
-- which the next run of what changed goes on. ``tallies`` (JSON): by rule the issues found, open, waived, settled.
CREATE TABLE check_run (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, at DATETIME NOT NULL, scope TEXT NOT NULL, sheet TEXT,
    rules TEXT, components INTEGER, marks TEXT, tallies TEXT, operation_uuid TEXT, created_at DATETIME);
ALTER TABLE check_issue ADD COLUMN waived_at DATETIME;
ALTER TABLE check_issue ADD COLUMN settled_at DATETIME;
-- The exact shape of what was found (WKB, CRS of the store), where it is more than the point in geom.
ALTER TABLE check_issue ADD COLUMN shape BLOB;
