-- SPDX-License-Identifier: GPL-3.0-or-later
-- The store: what runs leave behind, and all that reports/ knows of the simulator.
--
--     runs ---+--- sources        what the user wrote: files and options, in full
--             +--- repetitions ---+--- updates       one row per update: when it reached whom
--             |                   +--- traffic       by message kind and pair class
--             |                   +--- latencies     by pair class
--             |                   +--- curves        share of agents against time, by scope class
--             |                   +--- checkpoints   rolling fingerprint
--             |                   +--- host_facts    the only rows that differ between two
--             |                                      executions of the same run
--             +--- metrics        statistics over all repetitions
--             +--- verdicts       claims of the customer's document, judged
--             +--- expectations   the scenario's own, judged
--
-- A run is one cell of one scenario with all its repetitions. It is written in one transaction when
-- it has ended, so every run in the file is whole; one that the user interrupted says so in
-- `status`. Rows are added and never changed.
--
-- Results are integers; times are simulated nanoseconds. A time that was never reached is NULL and
-- counts as later than every other. Unsigned 64-bit words (fingerprints, seeds) are kept as their
-- bit pattern: printf('%016x', fingerprint) shows them. Means, deviations and rounds are derived
-- when shown. The digest of a run (sim_store_digest) covers the results in the order of their
-- primary keys: all tables but runs, sources and host_facts, all columns but run_id.
--
-- SQLite keeps these comments: `sqlite3 meshsim.db .schema` shows them. A change of the schema that
-- readers can notice raises user_version.

PRAGMA application_id = 1835365224;  -- "mesh"
PRAGMA user_version = 1;

CREATE TABLE runs (
    run_id          INTEGER PRIMARY KEY,  -- in order of writing; what `--run` takes
    command_id      INTEGER NOT NULL,     -- first run_id of the command that wrote this run
    status          TEXT NOT NULL         -- 'interrupted': fewer repetitions than asked, or one cut
                    CHECK (status IN ('complete', 'interrupted')),
    engine_version  TEXT NOT NULL,        -- of meshsim, "0.1.0"
    scenario        TEXT NOT NULL,        -- its name
    cell            TEXT NOT NULL,        -- cell of a sweep, "agents=10 gossip.mode=eager", or ''
    matrix_row      INTEGER NOT NULL,     -- row of the printed table of verdicts, from 1
    topology        TEXT NOT NULL,        -- flat_mesh, single_region_mesh, ...
    agents          INTEGER NOT NULL CHECK (agents > 0),  -- at the start
    mode            TEXT NOT NULL,        -- push, pull, push-pull, eager, rumor
    schedule        TEXT NOT NULL,        -- phased, synchronous, poisson
    fanout          INTEGER NOT NULL,     -- peers per tick
    interval_ns     INTEGER NOT NULL,     -- between two ticks of a node
    threshold_ppb   INTEGER NOT NULL      -- theta, in billionths of the cohort
                    CHECK (threshold_ppb BETWEEN 1 AND 1000000000),
    loss_ppb        INTEGER NOT NULL,     -- probability that a message is lost, in billionths
    duplicate_ppb   INTEGER NOT NULL,     -- probability that it arrives twice, in billionths
    duration_ns     INTEGER NOT NULL,     -- as asked; 0: until every update is held by all
    seed            INTEGER NOT NULL,     -- bits of repetition 0's; repetition r has seed + r
    repeat          INTEGER NOT NULL CHECK (repeat > 0),  -- repetitions asked for
    fingerprint     INTEGER NOT NULL      -- bits of all repetitions' fingerprints, combined
) STRICT;

CREATE TABLE sources (
    run_id   INTEGER NOT NULL REFERENCES runs,  -- the run that read it
    ordinal  INTEGER NOT NULL,  -- from 0, in the order applied: later wins
    kind     TEXT NOT NULL      -- a file, or an option of the command line
             CHECK (kind IN ('topology', 'scenario', 'option')),
    name     TEXT NOT NULL,     -- path as the user gave it, or '--set', '--agents', ...
    text     TEXT NOT NULL,     -- the file's whole text, or the option's argument
    PRIMARY KEY (run_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE repetitions (
    run_id        INTEGER NOT NULL REFERENCES runs,  -- the run it belongs to
    repetition    INTEGER NOT NULL,  -- from 0
    seed          INTEGER NOT NULL,  -- bits of its own seed
    interrupted   INTEGER NOT NULL   -- 1: stopped before its end, to be shown but not judged
                  CHECK (interrupted IN (0, 1)),
    fingerprint   INTEGER NOT NULL,  -- bits of the fingerprint at its end
    simulated_ns  INTEGER NOT NULL,  -- simulated time at its end
    interval_ns   INTEGER NOT NULL,  -- of the slowest scope updates cross: rounds = time / this
    agents        INTEGER NOT NULL,  -- at the start
    events        INTEGER NOT NULL,  -- ticks, writes and receipts handled
    PRIMARY KEY (run_id, repetition)
) STRICT, WITHOUT ROWID;

CREATE TABLE updates (
    run_id           INTEGER NOT NULL,  -- the run it belongs to
    repetition       INTEGER NOT NULL,  -- the repetition it was written in
    origin           INTEGER NOT NULL,  -- node that wrote it
    sequence         INTEGER NOT NULL,  -- the origin's count of its own writes, from 1
    written_ns       INTEGER NOT NULL,  -- simulated time of the write, from which the others count
    measured         INTEGER NOT NULL   -- 0: written before the end of the warm-up, not judged
                     CHECK (measured IN (0, 1)),
    cohort           INTEGER NOT NULL,  -- honest agents live at the write, the writer included
    held             INTEGER NOT NULL   -- of them, how many hold it at the end
                     CHECK (held BETWEEN 0 AND cohort),
    theta_ns         INTEGER,           -- until theta of the cohort hold it; NULL: never
    half_ns          INTEGER,           -- until half of them do; NULL: never
    p99_ns           INTEGER,           -- until 99 % of them do; NULL: never
    all_ns           INTEGER,           -- until all of them do; NULL: never
    last_receipt_ns  INTEGER NOT NULL,  -- last first receipt; 0: only the writer holds it
    path_tick_ns     INTEGER,           -- of theta_ns, waiting for ticks; NULL: never reached
    path_network_ns  INTEGER,           -- of theta_ns, in flight; NULL: never reached
    path_hops        INTEGER,           -- messages on the causal path to theta; NULL: never reached
    path_node        INTEGER,           -- node whose receipt reached theta; NULL: never reached
    PRIMARY KEY (run_id, repetition, origin, sequence),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- sent + duplicated = delivered + lost + in flight at the end. A combination without a message has
-- no row.
CREATE TABLE traffic (
    run_id           INTEGER NOT NULL,  -- the run it belongs to
    repetition       INTEGER NOT NULL,  -- the repetition it was counted in, after the warm-up
    message_kind     TEXT NOT NULL,     -- push, open, answer, vector, fill, rest, rumor, ask,
                                        -- feedback, delta, eager, join, snapshot,
                                        -- rows, rows_held, rows_rest
    pair_class       TEXT NOT NULL,     -- same_host, same_zone, same_region, inter_region
    messages         INTEGER NOT NULL,  -- messages sent
    bytes            INTEGER NOT NULL,  -- sent, as encoded
    transport_bytes  INTEGER NOT NULL,  -- what the transport adds to them
    updates          INTEGER NOT NULL,  -- copies of updates carried, if written after the warm-up
    duplicated       INTEGER NOT NULL,  -- messages of which the network made a second copy
    lost             INTEGER NOT NULL,  -- messages and copies lost
    delivered        INTEGER NOT NULL,  -- messages and copies that arrived
    PRIMARY KEY (run_id, repetition, message_kind, pair_class),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Pair classes in which nothing was delivered have no row.
CREATE TABLE latencies (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition it was measured in
    pair_class  TEXT NOT NULL,     -- same_host, same_zone, same_region, inter_region
    p50_ns      INTEGER NOT NULL,  -- median one-way delay of delivered messages
    max_ns      INTEGER NOT NULL,  -- longest of them
    PRIMARY KEY (run_id, repetition, pair_class),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Share of agents that hold an update, against the time since its write: held / pairs. Before the
-- first row only the writers are known to hold their own; after the last the share stays as it is.
CREATE TABLE curves (
    run_id       INTEGER NOT NULL,  -- the run it belongs to
    repetition   INTEGER NOT NULL,  -- the repetition it was measured in
    scope_class  TEXT NOT NULL,     -- where the agents gossip: mesh, later region, edge, ...
    after_ns     INTEGER NOT NULL   -- time since the write
                 CHECK (after_ns > 0),
    held         INTEGER NOT NULL   -- (update, cohort member) pairs in which the member holds it
                 CHECK (held BETWEEN 0 AND pairs),
    pairs        INTEGER NOT NULL,  -- all pairs of measured updates and members of their cohorts
    PRIMARY KEY (run_id, repetition, scope_class, after_ns),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    run_id       INTEGER NOT NULL,  -- the run it belongs to
    repetition   INTEGER NOT NULL,  -- the repetition it was taken in
    ordinal      INTEGER NOT NULL,  -- from 0, in order of time
    time_ns      INTEGER NOT NULL,  -- simulated time
    fingerprint  INTEGER NOT NULL,  -- bits of the rolling fingerprint at that time
    events       INTEGER NOT NULL,  -- handled until then
    PRIMARY KEY (run_id, repetition, ordinal),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Order statistics over the measured updates of all repetitions that ran to their end, or over
-- these repetitions. Facts about the machine are in host_facts only. last_receipt counts in rounds:
-- under the schedule synchronous it is the ticks that passed, times the interval.
CREATE TABLE metrics (
    run_id     INTEGER NOT NULL REFERENCES runs,  -- the run it belongs to
    metric     TEXT NOT NULL,  -- convergence (time to theta), reach_50, messages, residue, ...
    statistic  TEXT NOT NULL,  -- n, min, p50, p95, p99, max
    unit       TEXT NOT NULL,  -- ns, bytes, bytes/s, count, or ppb: billionths of a share or copy
    value      INTEGER,        -- in that unit; NULL: an update that never arrived
    PRIMARY KEY (run_id, metric, statistic)
) STRICT, WITHOUT ROWID;

-- A claim holds when the statistic lies within its target. "30-50ms" has both ends, "<50ms" only
-- the upper one; claims.yaml says how a claim is read.
CREATE TABLE verdicts (
    run_id       INTEGER NOT NULL REFERENCES runs,  -- the run judged
    ordinal      INTEGER NOT NULL,  -- from 0, in the order of the claims file
    claim_id     TEXT NOT NULL,     -- our name for the claim, "selection-flat-convergence"
    claim        TEXT NOT NULL,     -- in the document's words, "<50ms"
    section      TEXT NOT NULL,     -- of the document, "Topology Selection Matrix"
    metric       TEXT NOT NULL,     -- what is judged, as in metrics
    statistic    TEXT NOT NULL,     -- of it, "p95"
    unit         TEXT NOT NULL,     -- of the five figures below: ns, bytes, bytes/s, count, ppb
    target_low   INTEGER,           -- lower end of what the document claims; NULL: none
    target_high  INTEGER,           -- upper end; NULL: none
    measured     INTEGER,           -- the statistic; NULL: it never arrived, or there is no sample
    low          INTEGER,           -- lower end of its 95 % interval; NULL: as above
    high         INTEGER,           -- upper end of its 95 % interval; NULL: as above
    samples      INTEGER NOT NULL,  -- it rests on
    verdict      TEXT NOT NULL      -- decided by the interval, not by `measured`
                 CHECK (verdict IN ('PASS', 'FAIL', 'INCONCLUSIVE', 'UNMEASURED')),
    why          TEXT NOT NULL,     -- one sentence for people; '' when there is nothing to say
    PRIMARY KEY (run_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE expectations (
    run_id    INTEGER NOT NULL REFERENCES runs,  -- the run judged
    ordinal   INTEGER NOT NULL,  -- from 0, in the order of the scenario
    text      TEXT NOT NULL,     -- as written, "p99(convergence_ms) < 1000"
    unit      TEXT NOT NULL,     -- of `measured`: ns, bytes, bytes/s, count, ppb
    measured  INTEGER,           -- the left side; NULL: an update that never arrived, or no sample
    outcome   TEXT NOT NULL      -- all but 'pass' fail the run
              CHECK (outcome IN ('pass', 'fail', 'unmeasured')),
    why       TEXT NOT NULL,     -- one clause for people; '' when it passed
    PRIMARY KEY (run_id, ordinal)
) STRICT, WITHOUT ROWID;

-- Facts about the machine and the hour. Never part of a fingerprint or a digest.
CREATE TABLE host_facts (
    run_id          INTEGER NOT NULL,  -- the run it belongs to
    repetition      INTEGER NOT NULL,  -- the repetition executed
    stored_at       TEXT NOT NULL,     -- when the run was written, UTC, "2026-01-31T23:59:59Z"
    wall_ns         INTEGER NOT NULL,  -- real time the repetition took
    peak_rss_bytes  INTEGER NOT NULL,  -- largest resident memory of the process until then
    host            TEXT NOT NULL,     -- name of the machine
    system          TEXT NOT NULL,     -- kernel and machine type, "Linux 6.1.0-18-amd64 x86_64"
    processors      INTEGER NOT NULL,  -- online when the run was written
    compiler        TEXT NOT NULL,     -- that built meshsim, with its version
    sqlite_version  TEXT NOT NULL,     -- of the library that wrote the row
    PRIMARY KEY (run_id, repetition),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;
