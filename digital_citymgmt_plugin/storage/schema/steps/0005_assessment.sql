-- SPDX-License-Identifier: GPL-2.0-or-later
-- Schema version 5: assessment – schemes of evaluation as rows, runs that are kept, random re-checks.

-- Schemes of evaluation, rows of the profile; ``score_scheme`` (lists of indicators by name) stays as it is.
CREATE TABLE evaluation_scheme (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, object TEXT, basis TEXT,
    zero_rule TEXT, decimals INTEGER, source TEXT, confidence TEXT, note TEXT);
-- Indicators of a scheme. ``weight``: a share of 1.
CREATE TABLE score_term (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, scheme TEXT NOT NULL, indicator TEXT NOT NULL, rule TEXT, weight REAL,
    direction TEXT, sort INTEGER, source TEXT, confidence TEXT, UNIQUE (scheme, indicator));
-- Steps: values from ``start`` to below ``stop`` (NULL: no end) have a score; without an indicator a grade.
CREATE TABLE score_band (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, scheme TEXT NOT NULL, indicator TEXT NOT NULL DEFAULT '', start REAL NOT NULL,
    stop REAL, score REAL, grade TEXT, UNIQUE (scheme, indicator, start));

-- A run is whole in its payload; the columns beside it are to find and to tell it by. ``digest``: SHA-256 of the payload.
ALTER TABLE assessment_run ADD COLUMN name TEXT;
ALTER TABLE assessment_run ADD COLUMN by2 TEXT;
ALTER TABLE assessment_run ADD COLUMN basis TEXT;
ALTER TABLE assessment_run ADD COLUMN program TEXT;
ALTER TABLE assessment_run ADD COLUMN digest TEXT;
ALTER TABLE assessment_run ADD COLUMN done_by TEXT;
ALTER TABLE assessment_run ADD COLUMN note TEXT;
CREATE UNIQUE INDEX assessment_run_name ON assessment_run (name);

-- Random re-checks: a draw that its seed repeats, its cases with what was found.
CREATE TABLE recheck (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, name TEXT, seed TEXT NOT NULL, by TEXT, count_code TEXT,
    from_date DATE, to_date DATE, cut_off DATETIME, sizes TEXT, operation_uuid TEXT, created_at DATETIME,
    updated_at DATETIME);
CREATE TABLE recheck_case (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, recheck_uuid TEXT NOT NULL, case_fid INTEGER NOT NULL, stratum TEXT,
    place INTEGER, result TEXT, checked_at DATETIME, checked_by TEXT, note TEXT, operation_uuid TEXT);
CREATE INDEX recheck_case_recheck ON recheck_case (recheck_uuid);
CREATE INDEX recheck_case_case ON recheck_case (case_fid);
