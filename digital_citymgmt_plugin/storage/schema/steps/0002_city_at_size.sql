-- SPDX-License-Identifier: GPL-2.0-or-later
-- Schema version 2: gazetteer, cameras and tracks filled by imports.

-- Places. ``category``: class or type as the source states it. ``number_from`` to ``number_to``: house numbers along the
-- street (of 123弄5号 the 123); ``sub_number``: what follows (5号, 2支弄6号). ``ranges`` (JSON): the numbers of a
-- street, one entry per side.
ALTER TABLE place ADD COLUMN category TEXT;
ALTER TABLE place ADD COLUMN address TEXT;
ALTER TABLE place ADD COLUMN sub_number TEXT;
ALTER TABLE place ADD COLUMN ranges TEXT;
ALTER TABLE place ADD COLUMN grid_code TEXT;
ALTER TABLE place ADD COLUMN community_code TEXT;
ALTER TABLE place ADD COLUMN street_code TEXT;
ALTER TABLE place ADD COLUMN import_digest TEXT;
CREATE UNIQUE INDEX place_import ON place (import_key);
CREATE INDEX place_street ON place (street, number_from);
ALTER TABLE camera ADD COLUMN category TEXT;
ALTER TABLE camera ADD COLUMN address TEXT;
ALTER TABLE camera ADD COLUMN attributes TEXT;
ALTER TABLE camera ADD COLUMN grid_code TEXT;
ALTER TABLE camera ADD COLUMN community_code TEXT;
ALTER TABLE camera ADD COLUMN street_code TEXT;
ALTER TABLE camera ADD COLUMN import_digest TEXT;
CREATE UNIQUE INDEX camera_import ON camera (import_key);
-- Tracks. A carrier is at one place at a time; ``track`` names the piece between two gaps.
DROP INDEX track_point_track;
CREATE UNIQUE INDEX track_point_carrier ON track_point (carrier, at);

-- What each action wrote over or took away, so that it can be taken back: ``insert`` the fids from first to last;
-- ``update`` and ``delete`` the values before (``old``: compressed JSON, see storage/journal.py). Not a layer.
CREATE TABLE undo_journal (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, operation_uuid TEXT NOT NULL, table_name TEXT NOT NULL, kind TEXT NOT NULL,
    first_fid INTEGER NOT NULL, last_fid INTEGER NOT NULL, size INTEGER NOT NULL, old BLOB);
CREATE INDEX undo_journal_operation ON undo_journal (operation_uuid);
-- Cases without place and component cases without component are counted each time the dock opens: both from an index
-- alone (1,000,000 cases: 0.45 s without).
DROP INDEX case_record_grid;
CREATE INDEX case_record_place ON case_record (grid_code, community_code);
CREATE INDEX case_record_unlinked ON case_record (kind, component_uuid);

-- Components and events share class codes: 0101 is a manhole cover and unlicensed building.
ALTER TABLE responsibility_rule ADD COLUMN kind TEXT;

-- Stores made before the first release have these as UNIQUE in their tables, where a bulk action cannot leave them out.
CREATE UNIQUE INDEX IF NOT EXISTS component_point_code ON component_point (code);
CREATE UNIQUE INDEX IF NOT EXISTS component_line_code ON component_line (code);
CREATE UNIQUE INDEX IF NOT EXISTS component_area_code ON component_area (code);
CREATE UNIQUE INDEX IF NOT EXISTS code_register_code ON code_register (code);
