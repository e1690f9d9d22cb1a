// The tables of the SQLite store, and the steps from an older file to this one.
//
// drover_session        one row a session. idle_deadline_ms is never later than absolute_deadline_ms, so it alone says
//                       when the session ends; the index on it serves the sweep.
// drover_session_field  one row a top-level field, so that a save writes only the fields that changed (R5).
//
// drover_session_forwarding  one row a renewed key, found only when no session is under it.
// drover_session_departures  one row: how many sessions were deleted, revoked or renewed. Whoever watches sessions looks
//                       at this number and leaves the tables alone while it stays.
// drover_rate           one row a key of a rate limit: until when what was taken lasts, in microseconds. No index on it,
//                       which every hit would write: the sweep reads through.
//
// WITHOUT ROWID: all are only ever found by their key, and one b-tree instead of two halves what a write touches. In key
// order, the sessions of a principal stand side by side (`<tag>.…`): listing and revoking them needs no other index, and
// none that could miss one.
import type { DatabaseSync } from 'node:sqlite'

/** Step i brings a file from version i (`PRAGMA user_version`) to i + 1. Never edit a released step; append. */
const steps: readonly string[] = [
  `CREATE TABLE drover_session (
     key                  TEXT PRIMARY KEY,
     principal            TEXT,
     created_at_ms        INTEGER NOT NULL,
     absolute_deadline_ms INTEGER NOT NULL,
     idle_deadline_ms     INTEGER NOT NULL CHECK (idle_deadline_ms <= absolute_deadline_ms)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX drover_session_deadline ON drover_session (idle_deadline_ms);
   CREATE TABLE drover_session_field (
     session_key TEXT NOT NULL,
     name        TEXT NOT NULL,
     value       TEXT NOT NULL,
     PRIMARY KEY (session_key, name)
   ) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE drover_session ADD COLUMN device TEXT;
   ALTER TABLE drover_session ADD COLUMN ip TEXT;
   CREATE TABLE drover_session_forwarding (
     key       TEXT PRIMARY KEY,
     successor TEXT NOT NULL,
     sealed_id TEXT NOT NULL,
     until_ms  INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX drover_session_forwarding_end ON drover_session_forwarding (until_ms);
   CREATE TABLE drover_session_departures (count INTEGER NOT NULL) STRICT;
   INSERT INTO drover_session_departures VALUES (0);`,
  `CREATE TABLE drover_rate (
     key      TEXT PRIMARY KEY,
     until_us INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
]

/** The version this code reads and writes. */
export const schemaVersion: number = steps.length

/** The version of an open file; 0 when it is new. */
export function readSchemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** Brings the file to `schemaVersion`. Several processes may do so at once: the version is read again under the lock. */
export function migrate(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    for (const step of steps.slice(readSchemaVersion(database))) database.exec(step)
    database.exec(`PRAGMA user_version = ${schemaVersion}`)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
