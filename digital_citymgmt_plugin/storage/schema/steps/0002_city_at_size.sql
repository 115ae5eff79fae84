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
