-- state.db, schema 1. Frozen: every release since 1.2.1 reads it. A later schema is a later file.
CREATE TABLE appliance (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  uuid TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL
);

-- state: CREATING (the file may be there), READY, DELETING (the file may be gone).
-- size_bytes is the size hosts were told; the file is at least that long while READY.
CREATE TABLE volumes (
  uuid TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  lun INTEGER NOT NULL UNIQUE,
  size_bytes INTEGER NOT NULL,
  serial TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  created_at TEXT NOT NULL
);

CREATE TABLE hosts (
  name TEXT PRIMARY KEY,
  iqn TEXT NOT NULL UNIQUE,
  chap_user TEXT,
  chap_secret TEXT,
  created_at TEXT NOT NULL
);

-- volume: a volume's name, or * for all of them.
CREATE TABLE grants (
  host TEXT NOT NULL REFERENCES hosts (name) ON DELETE CASCADE,
  volume TEXT NOT NULL,
  PRIMARY KEY (host, volume)
);

-- What SCSI persistent reservations need to survive a takeover; content is the target's own.
CREATE TABLE reservations (
  volume TEXT PRIMARY KEY,
  content BLOB NOT NULL
);

CREATE TABLE sessions (
  cookie_hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at TEXT NOT NULL,
  used_at TEXT NOT NULL
);

CREATE TABLE sign_in_codes (
  code_hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  expires_at TEXT NOT NULL
);

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  severity TEXT NOT NULL,
  kind TEXT NOT NULL,
  message TEXT NOT NULL
);

CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  severity TEXT NOT NULL,
  kind TEXT NOT NULL,
  message TEXT NOT NULL,
  what_to_do TEXT NOT NULL,
  raised_at TEXT NOT NULL,
  cleared_at TEXT,
  acknowledged_at TEXT,
  acknowledged_by TEXT
);

CREATE INDEX alerts_open ON alerts (kind) WHERE cleared_at IS NULL;

-- The one row that decides between cancel and commit; changed by compare-and-set on revision only.
CREATE TABLE upgrade_row (id INTEGER PRIMARY KEY CHECK (id = 1), upgrade_id TEXT, revision INTEGER NOT NULL, state TEXT NOT NULL, step TEXT, phase INTEGER, cancel TEXT, canceled INTEGER NOT NULL DEFAULT 0, committed INTEGER NOT NULL DEFAULT 0, v2_invalid INTEGER NOT NULL DEFAULT 0, allowed_releases TEXT NOT NULL, preferred_active INTEGER, rollback_counter INTEGER NOT NULL DEFAULT 0);

CREATE TABLE upgrades (id TEXT PRIMARY KEY, seq INTEGER UNIQUE NOT NULL, plan TEXT NOT NULL, progress TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT);

CREATE TABLE upgrade_events (id INTEGER PRIMARY KEY, upgrade_id TEXT NOT NULL, at TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL);

CREATE INDEX upgrade_events_of ON upgrade_events (upgrade_id, id);

CREATE TABLE cancel_answers (upgrade_id TEXT NOT NULL, revision INTEGER NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (upgrade_id, revision));
