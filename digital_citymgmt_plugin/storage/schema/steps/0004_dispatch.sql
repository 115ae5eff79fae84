-- SPDX-License-Identifier: GPL-2.0-or-later
-- Schema version 4: cases and dispatch – table of moves, synonyms of classes, hours by period, the clock of a case.

-- Moves of the workflow. ``from_stages``, ``roles``, ``needs``, ``flags`` are lists with commas. ``to_stage``: a stage,
-- ``=`` (stays) or ``<`` (the stage in which the case was parked). ``needs``: what the person has to give (reason, dept,
-- amount, until). ``flags``: what the case must be (parked, extension_asked, appeal_open …; with ``!`` what it must not).
-- Without a row the table of resources/profiles/workflow.csv holds.
CREATE TABLE workflow_move (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, action TEXT NOT NULL, name TEXT NOT NULL, name_en TEXT,
    from_stages TEXT NOT NULL, to_stage TEXT NOT NULL, roles TEXT NOT NULL, needs TEXT, flags TEXT, sort INTEGER,
    confidence TEXT, UNIQUE (action, from_stages));
-- Words that tables use for classes, beside the names of the class table.
CREATE TABLE class_synonym (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT NOT NULL, kind TEXT, class_code TEXT NOT NULL, source TEXT);
CREATE UNIQUE INDEX class_synonym_word ON class_synonym (word, kind);
-- Working hours by period of validity (both days belong to it; empty: open). Days that no row covers have the setting's.
-- A day is YYYY-MM-DD, or MM-DD for every year: hence text.
CREATE TABLE work_hours (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, from_day TEXT, to_day TEXT, hours TEXT NOT NULL);

-- The clock of a case: limit of the filing standard, due time that a table stated, moment from which it runs.
ALTER TABLE case_record ADD COLUMN limit_value REAL;
ALTER TABLE case_record ADD COLUMN limit_unit TEXT;
ALTER TABLE case_record ADD COLUMN stated_due_at DATETIME;
ALTER TABLE case_record ADD COLUMN clock_from DATETIME;
-- Derived from the log as well: stage before parking, day of review, what is asked and not decided.
ALTER TABLE case_record ADD COLUMN parked_from TEXT;
ALTER TABLE case_record ADD COLUMN parked_until DATE;
ALTER TABLE case_record ADD COLUMN supervised INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_record ADD COLUMN extension_asked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_record ADD COLUMN appeal_open INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_record ADD COLUMN remediated INTEGER NOT NULL DEFAULT 0;
-- How sure the place is (0 to 1); whether responsibility was looked for and nobody's.
ALTER TABLE case_record ADD COLUMN place_score REAL;
ALTER TABLE case_record ADD COLUMN unowned INTEGER NOT NULL DEFAULT 0;
-- What a move says beyond stage, department and reason, as JSON: amount and unit, until, evidence, receiver, place.
ALTER TABLE case_event ADD COLUMN payload TEXT;

-- A case of an earlier schema: its due time is what was stated or computed when it came, and stays.
UPDATE case_record SET stated_due_at = due_at, clock_from = coalesce(dispatched_at, filed_at)
    WHERE due_at IS NOT NULL OR dispatched_at IS NOT NULL OR filed_at IS NOT NULL;

-- From where it was parked stands in its log.
UPDATE case_record SET parked_from = (SELECT e.from_stage FROM case_event e WHERE e.case_fid = case_record.fid
    AND e.action = 'park' ORDER BY e.fid DESC LIMIT 1) WHERE stage = 'parked';

-- Rulings (确权): of a case, of which kind (owner, rule, area, unowned), with the place and what was warned of.
ALTER TABLE ruling ADD COLUMN case_fid INTEGER;
ALTER TABLE ruling ADD COLUMN kind TEXT;
ALTER TABLE ruling ADD COLUMN address TEXT;
ALTER TABLE ruling ADD COLUMN warning TEXT;
CREATE INDEX ruling_class ON ruling (class_code);
-- Remediation (代整治) paid by a fund.
ALTER TABLE remediation ADD COLUMN department_code TEXT;
ALTER TABLE remediation ADD COLUMN approved_at DATETIME;
ALTER TABLE remediation ADD COLUMN finished_at DATETIME;
ALTER TABLE remediation ADD COLUMN note TEXT;
CREATE INDEX remediation_case ON remediation (case_fid);
CREATE INDEX supervision_case ON supervision (case_fid);
-- Which cases a package holds, with the digest of each as it was handed over; ``state``: packed, taken, refused, changed.
CREATE TABLE package_case (
    fid INTEGER PRIMARY KEY AUTOINCREMENT, package_uuid TEXT NOT NULL, case_fid INTEGER NOT NULL, digest TEXT,
    state TEXT, note TEXT, operation_uuid TEXT);
CREATE INDEX package_case_package ON package_case (package_uuid);
CREATE INDEX package_case_case ON package_case (case_fid);
-- The desk reads the open cases, of a million some ten thousand, by their stage.
CREATE INDEX case_record_stage ON case_record (stage);
