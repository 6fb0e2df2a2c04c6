-- SPDX-License-Identifier: GPL-3.0-or-later
-- The store: what runs leave behind, and all that reports/ knows of the simulator.
--
--     runs ---+--- sources        what the user wrote: files and options, in full
--             +--- run_tables     the distributions its latencies were drawn from ----+
--             |                                                                        v
--             |                                                               latency_tables
--             +--- repetitions ---+--- updates       one row per update: when it reached whom
--             |                   +--- traffic       by message kind and pair class
--             |                   +--- in_flight     of these, what was under way at the end
--             |                   +--- compressions  what messages of a size shrink to
--             |                   +--- hosts         what the hosts of a tier used
--             |                   +--- faults        entries of the fault timeline
--             |                   +--- rejoins       agents that came back
--             |                   +--- takeovers     relays that were replaced
--             |                   +--- gaps          who lacks updates at the end, and why
--             |                   +--- liars         who lied how, and how often
--             |                   +--- detections    when liars were first ignored
--             |                   +--- deceits       lies that were believed
--             |                   +--- rejects       what honest nodes did not take
--             |                   +--- trust         whom they believed, in a word
--             |                   +--- elections     regions that lost the leader that could commit
--             |                   +--- failovers     active bridges that were lost
--             |                   +--- raft_groups   a region's group over the run
--             |                   +--- latencies     by pair class
--             |                   +--- curves        share of agents against time, by scope class
--             |                   +--- checkpoints   rolling fingerprint
--             |                   +--- host_facts    the only rows that differ between two
--             |                                      executions of the same run
--             +--- metrics        statistics over all repetitions
--             +--- verdicts       claims of the customer's document, judged
--             +--- expectations   the scenario's own, judged
--
--     begun     runs under way, and those that were killed
--
-- A run is one cell of one scenario with all its repetitions. It is written in one transaction when
-- it has ended, so every run in the file is whole; one that the user interrupted says so in
-- `status`. Rows are added and never changed; `meshsim list --prune` takes whole runs away.
--
-- Results are integers; times are simulated nanoseconds. A time that was never reached is NULL and
-- counts as later than every other. Unsigned 64-bit words (fingerprints, seeds) are kept as their
-- bit pattern: printf('%016x', fingerprint) shows them. Means, deviations and rounds are derived
-- when shown. The digest of a run (sim_store_digest) covers the results in the order of their
-- primary keys: all tables but runs, begun, sources, the tables of latencies and host_facts, all
-- columns but run_id.
--
-- SQLite keeps these comments: `sqlite3 meshsim.db .schema` shows them. A change of the schema that
-- readers can notice raises user_version.

PRAGMA application_id = 1835365224;  -- "mesh"
PRAGMA user_version = 6;

CREATE TABLE runs (
    run_id          INTEGER PRIMARY KEY,  -- in order of writing; what `--run` takes
    command_id      INTEGER NOT NULL,     -- first run_id of the command that wrote this run
    status          TEXT NOT NULL         -- 'interrupted': fewer repetitions than asked, or one cut
                    CHECK (status IN ('complete', 'interrupted')),
    engine_version  TEXT NOT NULL,        -- of meshsim, "0.1.0+5f3c9a1e22d0": where it is the
                                          -- same, so are results
    scenario        TEXT NOT NULL,        -- its name
    cell            TEXT NOT NULL,        -- cell of a sweep, "agents=10 gossip.mode=eager", or ''
    matrix_row      INTEGER NOT NULL,     -- row of the printed table of verdicts, from 1, as if
                                          -- its file had been run alone
    topology        TEXT NOT NULL,        -- flat_mesh, single_region_mesh, ...
    agents          INTEGER NOT NULL CHECK (agents > 0),  -- at the start
    mode            TEXT NOT NULL,        -- push, pull, push-pull, eager, rumor, delta
    schedule        TEXT NOT NULL,        -- phased, synchronous, poisson
    fanout          INTEGER NOT NULL,     -- peers per tick
    interval_ns     INTEGER NOT NULL,     -- between two ticks of an agent
    threshold_ppb   INTEGER NOT NULL      -- theta, in billionths of the cohort
                    CHECK (threshold_ppb BETWEEN 1 AND 1000000000),
    loss_ppb        INTEGER NOT NULL,     -- probability that a message is lost, in billionths
    duplicate_ppb   INTEGER NOT NULL,     -- probability that it arrives twice, in billionths
    duration_ns     INTEGER NOT NULL,     -- as asked; 0: until every update is held by all
    seed            INTEGER NOT NULL,     -- bits of repetition 0's; repetition r has seed + r
    repeat          INTEGER NOT NULL CHECK (repeat > 0),  -- repetitions asked for
    fingerprint     INTEGER NOT NULL      -- bits of all repetitions' fingerprints, combined
) STRICT;

-- A run is entered when it begins, and its row goes when the run is stored or fails. What stays
-- while its process is gone was killed.
CREATE TABLE begun (
    begun_id    INTEGER PRIMARY KEY,  -- in order of beginning
    begun_at    TEXT NOT NULL,     -- UTC, "2026-01-31T23:59:59Z"
    host        TEXT NOT NULL,     -- name of the machine
    process     INTEGER NOT NULL,  -- its id there
    process_at  INTEGER NOT NULL,  -- when that process began, in ticks since the machine did
    scenario    TEXT NOT NULL,     -- as in runs, like what follows
    cell        TEXT NOT NULL,     -- as in runs
    topology    TEXT NOT NULL,     -- as in runs
    agents      INTEGER NOT NULL,  -- as in runs
    mode        TEXT NOT NULL,     -- as in runs
    seed        INTEGER NOT NULL,  -- as in runs
    repeat      INTEGER NOT NULL   -- as in runs
) STRICT;

CREATE TABLE sources (
    run_id   INTEGER NOT NULL REFERENCES runs,  -- the run that read it
    ordinal  INTEGER NOT NULL,  -- from 0, in the order applied: later wins
    kind     TEXT NOT NULL      -- a file, measurements that a file names, or an option
             CHECK (kind IN ('topology', 'scenario', 'data', 'option')),
    name     TEXT NOT NULL,     -- path as the user gave it, or '--set', '--agents', ...
    text     TEXT NOT NULL,     -- the file's whole text, or the option's argument
    PRIMARY KEY (run_id, ordinal)
) STRICT, WITHOUT ROWID;

-- Distributions of latency as integers: 64-bit, little endian, nanoseconds one way, or parts of
-- 2^32 of a pair of regions' mean. First the 4,097 points at the shares i / 4096; then 1,665 each
-- for the lower end and the upper, [64 k + j] at the share 2^-(6 + k) * (1 - j / 128) from that
-- end. Runs with the same table share it. Another machine may compute other points from the same
-- settings.
CREATE TABLE latency_tables (
    hash    INTEGER PRIMARY KEY,  -- bits of XXH3 of the points
    points  BLOB NOT NULL         -- nanoseconds, or parts of 2^32 of a mean, as said above
            CHECK (length(points) = 59416)
) STRICT;

CREATE TABLE run_tables (
    run_id    INTEGER NOT NULL REFERENCES runs,  -- the run that drew from it
    used_for  TEXT NOT NULL,     -- a pair class, 'regions': between two regions, or
                                 -- 'disk': of a candidate's disk
    hash      INTEGER NOT NULL REFERENCES latency_tables,  -- the table
    PRIMARY KEY (run_id, used_for)
) STRICT, WITHOUT ROWID;

CREATE TABLE repetitions (
    run_id              INTEGER NOT NULL REFERENCES runs,  -- the run it belongs to
    repetition          INTEGER NOT NULL,  -- from 0
    seed                INTEGER NOT NULL,  -- bits of its own seed
    interrupted         INTEGER NOT NULL   -- 1: stopped before its end, to be shown but not judged
                        CHECK (interrupted IN (0, 1)),
    fingerprint         INTEGER NOT NULL,  -- bits of the fingerprint at its end
    simulated_ns        INTEGER NOT NULL,  -- simulated time at its end
    edge_interval_ns    INTEGER,           -- a round within an edge; NULL: there are no edges
    region_interval_ns  INTEGER,           -- a round within a region; NULL: there is one region
    interval_ns         INTEGER NOT NULL,  -- a round of the mesh, the slowest ticks end to end
    agents              INTEGER NOT NULL,  -- at the start
    events              INTEGER NOT NULL,  -- ticks, writes and receipts handled
    unwritten           INTEGER NOT NULL,  -- writes that did not happen, their agents being away
    lagging             INTEGER NOT NULL,  -- agents up at the end that lack an update; only counted
                                           -- where there are faults
    PRIMARY KEY (run_id, repetition)
) STRICT, WITHOUT ROWID;

-- theta_ns = path_tick_ns + path_link_tick_ns + path_global_tick_ns + path_network_ns.
CREATE TABLE updates (
    run_id               INTEGER NOT NULL,  -- the run it belongs to
    repetition           INTEGER NOT NULL,  -- the repetition it was written in
    origin               INTEGER NOT NULL,  -- node that wrote it
    sequence             INTEGER NOT NULL,  -- the origin's count of its own writes, from 1
    written_ns           INTEGER NOT NULL,  -- simulated time of the write; the others count from it
    measured             INTEGER NOT NULL   -- 0: written before the end of the warm-up, not judged
                         CHECK (measured IN (0, 1)),
    cohort               INTEGER NOT NULL,  -- honest agents live at the write, the writer included
    held                 INTEGER NOT NULL   -- of those not gone, how many hold it at the end
                         CHECK (held BETWEEN 0 AND cohort),
    theta_ns             INTEGER,           -- until theta of those then left hold it; NULL: never
    half_ns              INTEGER,           -- until half of them do; NULL: never
    p99_ns               INTEGER,           -- until 99 % of them do; NULL: never
    all_ns               INTEGER,           -- until all of them do; NULL: never
    last_receipt_ns      INTEGER NOT NULL,  -- last first receipt; 0: only the writer holds it
    edge_cohort          INTEGER,           -- of the cohort, the writer's edge; NULL: no edges
    edge_held            INTEGER            -- of them, how many hold it at the end; NULL: no edges
                         CHECK (edge_held BETWEEN 0 AND edge_cohort),
    edge_theta_ns        INTEGER,           -- until theta of them do; NULL: never, or no edges
    region_cohort        INTEGER,           -- of the cohort, the writer's region; NULL: one region
    region_held          INTEGER            -- of them, how many hold it at the end; NULL: as above
                         CHECK (region_held BETWEEN 0 AND region_cohort),
    region_theta_ns      INTEGER,           -- until theta of them do; NULL: never, or one region
    path_tick_ns         INTEGER,           -- waiting for ticks of agents within the mesh, a region
                                            -- or an edge; NULL: theta was never reached
    path_link_tick_ns    INTEGER,           -- waiting for ticks of bridges, or of relays and
                                            -- aggregators; NULL: theta was never reached
    path_global_tick_ns  INTEGER,           -- waiting for ticks of coordinators; NULL: as above
    path_network_ns      INTEGER,           -- in flight; NULL: theta was never reached
    path_hops            INTEGER,           -- messages on the causal path; NULL: as above
    path_node            INTEGER,           -- node whose receipt reached theta; NULL: as above
    gone                 INTEGER NOT NULL   -- of the cohort, down before all others held it
                         CHECK (gone BETWEEN 0 AND cohort),
    edge_gone            INTEGER            -- of edge_cohort; NULL: no edges
                         CHECK (edge_gone BETWEEN 0 AND edge_cohort),
    region_gone          INTEGER            -- of region_cohort; NULL: one region
                         CHECK (region_gone BETWEEN 0 AND region_cohort),
    calm_theta_ns        INTEGER,           -- theta_ns in the same run without faults, where an
                                            -- expectation compares with it; NULL: never, or no such
    PRIMARY KEY (run_id, repetition, origin, sequence),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- sent + duplicated = delivered + lost + dropped + corrupted + cut + dead + refused + in flight at
-- the end. On the wire are bytes - saved_bytes + transport_bytes + handshake_bytes; what leaves a
-- host are the classes other than same_host. A combination without a message or handshake has no
-- row.
CREATE TABLE traffic (
    run_id           INTEGER NOT NULL,  -- the run it belongs to
    repetition       INTEGER NOT NULL,  -- the repetition it was counted in, after the warm-up
    message_kind     TEXT NOT NULL,     -- push, open, answer, vector, fill, rest, rumor, ask,
                                        -- feedback, delta, eager, join, snapshot,
                                        -- rows, rows_held, rows_rest; rotation: handshakes
                                        -- alone
    pair_class       TEXT NOT NULL,     -- same_host, same_zone, same_region, inter_region,
                                        -- edge_aggregator, aggregator_coordinator
    messages         INTEGER NOT NULL,  -- messages sent
    bytes            INTEGER NOT NULL,  -- sent, as encoded
    transport_bytes  INTEGER NOT NULL,  -- what the transport adds to them
    updates          INTEGER NOT NULL,  -- copies of updates carried, if written after the warm-up
    duplicated       INTEGER NOT NULL,  -- messages of which the network made a second copy
    lost             INTEGER NOT NULL,  -- messages and copies lost
    dropped          INTEGER NOT NULL,  -- messages and copies that found a full queue
    corrupted        INTEGER NOT NULL,  -- messages and copies that arrived broken
    delivered        INTEGER NOT NULL,  -- messages and copies that arrived
    saved_bytes      INTEGER NOT NULL,  -- of bytes, taken off by compression
    digest_bytes     INTEGER NOT NULL,  -- of bytes, what exchanges carry beside updates
    idle             INTEGER NOT NULL,  -- delivered without an update, and not answered
    idle_bytes       INTEGER NOT NULL,  -- of these, as encoded
    handshakes       INTEGER NOT NULL,  -- made for these messages
    resumed          INTEGER NOT NULL,  -- of these, by a ticket of an earlier connection
    handshake_bytes  INTEGER NOT NULL,  -- theirs, in both directions
    cut              INTEGER NOT NULL,  -- messages that a partition stopped
    dead             INTEGER NOT NULL,  -- messages and copies that arrived at a node that was down
    refused          INTEGER NOT NULL,  -- messages and copies for a relay that was one no longer
    altered          INTEGER NOT NULL,  -- messages and copies broken, and not noticed on their way
    PRIMARY KEY (run_id, repetition, message_kind, pair_class),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- The last term of that law, as the queues were counted. A kind of which nothing was has no row.
CREATE TABLE in_flight (
    run_id        INTEGER NOT NULL,  -- the run it belongs to
    repetition    INTEGER NOT NULL,  -- the repetition at whose end it was counted
    message_kind  TEXT NOT NULL,     -- as in traffic
    messages      INTEGER NOT NULL,  -- messages and copies under way, those sent in the warm-up too
    PRIMARY KEY (run_id, repetition, message_kind),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Measured before the first event and then applied as they stand here: a message of at least
-- bytes_from and less than twice as many encoded bytes takes ceil(bytes * compressed_bytes /
-- encoded_bytes), or its own bytes if that is no less. Without compression there are no rows.
CREATE TABLE compressions (
    run_id            INTEGER NOT NULL,  -- the run it belongs to
    repetition        INTEGER NOT NULL,  -- the repetition whose messages shrank so
    payload           TEXT NOT NULL      -- messages that carry updates, or that only name them
                      CHECK (payload IN ('updates', 'dots')),
    bytes_from        INTEGER NOT NULL,  -- smallest size of the class, a power of two
    encoded_bytes     INTEGER NOT NULL,  -- of the message that was measured
    compressed_bytes  INTEGER NOT NULL,  -- the same message compressed
    PRIMARY KEY (run_id, repetition, payload, bytes_from),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Units by resource: cpu in nanoseconds of a processor per second, packets per second, bandwidth in
-- bits per second, memory in bytes, connections as a count.
CREATE TABLE hosts (
    run_id         INTEGER NOT NULL,  -- the run it belongs to
    repetition     INTEGER NOT NULL,  -- the repetition it was counted in, after the warm-up
    tier           TEXT NOT NULL      -- what lives on them
                   CHECK (tier IN ('agent', 'aggregator', 'coordinator')),
    resource       TEXT NOT NULL      -- what is used
                   CHECK (resource IN ('cpu', 'packets', 'bandwidth', 'memory', 'connections')),
    instance_type  TEXT NOT NULL,     -- of each, as in topologies/instances.yaml
    hosts          INTEGER NOT NULL,  -- how many of the tier
    mean           INTEGER NOT NULL,  -- over hosts and time
    peak           INTEGER NOT NULL,  -- of the host and second with most
    limit_value    INTEGER,           -- what one host has; NULL: no figure is known
    PRIMARY KEY (run_id, repetition, tier, resource),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Pair classes in which nothing was delivered have no row.
CREATE TABLE latencies (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition it was measured in
    pair_class  TEXT NOT NULL,     -- as in traffic
    p50_ns      INTEGER NOT NULL,  -- median one-way delay: of the distribution, or as counted, to a
                                   -- part in 128, where regions, queues or order decide
    max_ns      INTEGER NOT NULL,  -- longest, likewise
    PRIMARY KEY (run_id, repetition, pair_class),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Share of agents that hold an update, against the time since its write: held / pairs. Before the
-- first row only the writers are known to hold their own; after the last the share stays as it is.
-- Of whom a curve tells is its scope_class:
--     mesh         all agents
--     edge         those of the writer's edge, where there are edges
--     region       those of the writer's region, where there are several
--     region:NAME  those of the region of that name, wherever the writer is
-- And share of the reports of a hierarchy's agents that have come so far, of those judged:
--     report:edge        theta of the edge's agents hold it
--     report:aggregator  its aggregator has had a row that covers it
--     report:global      theta of the coordinators have
CREATE TABLE curves (
    run_id       INTEGER NOT NULL,  -- the run it belongs to
    repetition   INTEGER NOT NULL,  -- the repetition it was measured in
    scope_class  TEXT NOT NULL,     -- which agents, or how far: one of the above
    after_ns     INTEGER NOT NULL   -- time since the write
                 CHECK (after_ns > 0),
    held         INTEGER NOT NULL   -- (update, cohort member) pairs in which the member holds it,
                                    -- or reports that have come so far
                 CHECK (held BETWEEN 0 AND pairs),
    pairs        INTEGER NOT NULL,  -- all pairs of measured updates and those agents, or reports
    PRIMARY KEY (run_id, repetition, scope_class, after_ns),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- An entry that has no firing, or none that hit a node, has tested nothing.
CREATE TABLE faults (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition in which it fired or did not
    ordinal     INTEGER NOT NULL,  -- from 0, in the order of the scenario
    verb        TEXT NOT NULL,     -- crash, restart, pause, partition, outage, rolling-restart,
                                   -- churn, mass-join, slow, skew, swizzle, link,
                                   -- auto-scaling, spot-reclaim
    text        TEXT NOT NULL,     -- the entry in words, "crash at 1000 ms of 10 % of agents"
    firings     INTEGER NOT NULL,  -- how often it fired
    nodes       INTEGER NOT NULL,  -- nodes hit, over all firings
    first_ns    INTEGER,           -- simulated time of the first firing; NULL: it never fired
    last_ns     INTEGER,           -- and of the last; NULL: as above
    PRIMARY KEY (run_id, repetition, ordinal),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

CREATE TABLE rejoins (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition in which an agent came back
    ordinal     INTEGER NOT NULL,  -- from 0, in order of time
    node        INTEGER NOT NULL,  -- the agent
    up_ns       INTEGER NOT NULL,  -- simulated time at which it was up again
    after_ns    INTEGER,           -- until it held all that was written before; NULL: it did not
    disk_lost   INTEGER NOT NULL   -- 1: it came without what it had held
                CHECK (disk_lost IN (0, 1)),
    PRIMARY KEY (run_id, repetition, ordinal),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

CREATE TABLE takeovers (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition in which a relay was replaced
    ordinal     INTEGER NOT NULL,  -- from 0, in order of time
    time_ns     INTEGER NOT NULL,  -- simulated time
    edge        INTEGER NOT NULL,  -- of the relay
    old_relay   INTEGER NOT NULL,  -- the agent that is a relay no longer
    new_relay   INTEGER NOT NULL,  -- the agent that is one now
    PRIMARY KEY (run_id, repetition, ordinal),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Agents that are up at the end and lack an update, each with the first cause that applies, and
-- those that are down; a row are agents whose numbers follow one another.
CREATE TABLE gaps (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition at whose end they lack something
    cause       TEXT NOT NULL,     -- joining, paused, lost, aggregator, coordinators, relays,
                                   -- bridges, partition, mode, unfinished; down
    subject     INTEGER NOT NULL,  -- the aggregator's node, the edge, the region, the fault's
                                   -- number from 1; of joining 1: in vain; else 0
    first_node  INTEGER NOT NULL,  -- the first of the agents
    nodes       INTEGER NOT NULL,  -- how many they are
    PRIMARY KEY (run_id, repetition, cause, subject, first_node),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Regions are numbered from 0 in the order of the scenario, as in gaps. One in which nobody could
-- commit for a while, without another election, has no row; the time counts in raft_groups.
CREATE TABLE elections (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition in which a region had nobody who could commit
    ordinal     INTEGER NOT NULL,  -- from 0, in order of the time at which they ended
    region      INTEGER NOT NULL,  -- which of the regions
    lost_ns     INTEGER NOT NULL,  -- simulated time at which the leader could commit no more
    won_ns      INTEGER,           -- from then until the first won an election; NULL: nobody did
    after_ns    INTEGER,           -- until one had committed an entry of its term; NULL: as above
    leader      INTEGER,           -- that node; NULL: there is none
    term        INTEGER NOT NULL,  -- its term; 0: there is none
    terms       INTEGER NOT NULL,  -- begun until the first won one; 1: no vote was split
    measured    INTEGER NOT NULL   -- 0: under way when the run began, and in no metric
                CHECK (measured IN (0, 1)),
    PRIMARY KEY (run_id, repetition, ordinal),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

CREATE TABLE failovers (
    run_id       INTEGER NOT NULL,  -- the run it belongs to
    repetition   INTEGER NOT NULL,  -- the repetition in which a bridge crashed, was paused or
                                    -- could reach no majority of its region's voters
    ordinal      INTEGER NOT NULL,  -- from 0, in order of time
    region       INTEGER NOT NULL,  -- which of the regions
    bridge       INTEGER NOT NULL,  -- the node that was lost
    lost_ns      INTEGER NOT NULL,  -- simulated time
    after_ns     INTEGER,           -- until its successor knew that it is one; NULL: not in the run
    exchange_ns  INTEGER,           -- until that one heard from another region; NULL: likewise
    successor    INTEGER,           -- a node; NULL: nobody took its place
    PRIMARY KEY (run_id, repetition, ordinal),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

CREATE TABLE raft_groups (
    run_id          INTEGER NOT NULL,  -- the run it belongs to
    repetition      INTEGER NOT NULL,  -- the repetition it was counted in
    region          INTEGER NOT NULL,  -- which of the regions
    unavailable_ns  INTEGER NOT NULL,  -- in which nobody there could commit anything
    terms           INTEGER NOT NULL,  -- begun, the last one's number
    transfers       INTEGER NOT NULL,  -- of leadership to a server that the leader had asked
    member_changes  INTEGER NOT NULL,  -- committed, each one server more or less that votes
    snapshots       INTEGER NOT NULL,  -- that servers took over from leaders
    reads           INTEGER NOT NULL,  -- answered, each found linearizable
    PRIMARY KEY (run_id, repetition, region),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- An entry that has no lies has tested nothing.
CREATE TABLE liars (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition in which they lied
    ordinal     INTEGER NOT NULL,  -- from 0, in the order of the scenario
    behaviour   TEXT NOT NULL,     -- silent, delaying, forging, inflating, equivocating, replaying,
                                   -- flooding, lying-digests, corrupting, eclipsing
    text        TEXT NOT NULL,     -- the entry for people
    nodes       INTEGER NOT NULL,  -- that lie
    lying       INTEGER NOT NULL,  -- of them, those that came to do so
    lies        INTEGER NOT NULL,  -- messages rewritten, withheld, delayed or sent besides
    first_ns    INTEGER,           -- simulated time of the first; NULL: there was none
    last_ns     INTEGER,           -- and of the last; NULL: as above
    unseen      TEXT,              -- why this guard cannot detect it; NULL: it can
    PRIMARY KEY (run_id, repetition, ordinal),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

CREATE TABLE detections (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition in which a node lied
    node        INTEGER NOT NULL,  -- that node
    lied_ns     INTEGER NOT NULL,  -- simulated time of its first lie
    after_ns    INTEGER,           -- until somebody honest ignored it; NULL: nobody did
    PRIMARY KEY (run_id, repetition, node),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- A forged update that an honest agent held, or a dot of which one held one of two values.
CREATE TABLE deceits (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition in which a lie was believed
    ordinal     INTEGER NOT NULL,  -- from 0, in the order in which they were told
    entry       INTEGER NOT NULL,  -- of the liars, by its ordinal
    origin      INTEGER NOT NULL,  -- the node in whose name the update is
    sequence    INTEGER NOT NULL,  -- its number among that node's updates
    told_ns     INTEGER NOT NULL,  -- simulated time of the lie
    first_ns    INTEGER NOT NULL,  -- simulated time at which an honest agent first believed it
    after_ns    INTEGER,           -- from then until none did; NULL: some do at the end
    held        INTEGER NOT NULL,  -- honest agents that ever believed it
    PRIMARY KEY (run_id, repetition, ordinal),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

CREATE TABLE rejects (
    run_id      INTEGER NOT NULL,  -- the run it belongs to
    repetition  INTEGER NOT NULL,  -- the repetition in which honest nodes rejected something
    reason      TEXT NOT NULL,     -- signature, clock, stale, digest, rate, ignored, format, ...;
                                   -- equivocation: no message, but a proof against an origin
    of_liars    INTEGER NOT NULL   -- 1: whose fault it was lies; 0: is honest
                CHECK (of_liars IN (0, 1)),
    messages    INTEGER NOT NULL,  -- so many
    PRIMARY KEY (run_id, repetition, reason, of_liars),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Of repetitions in which messages wait for processors (placement.cores_per_host).
CREATE TABLE processors (
    run_id       INTEGER NOT NULL,  -- the run it belongs to
    repetition   INTEGER NOT NULL,  -- the repetition
    messages     INTEGER NOT NULL,  -- that arrived, and were served or are being
    service_ns   INTEGER NOT NULL,  -- of processors, that they took
    wait_ns      INTEGER NOT NULL,  -- that they waited for one, all together
    wait_ns_max  INTEGER NOT NULL,  -- and at most
    PRIMARY KEY (run_id, repetition),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;

-- Of repetitions in which somebody lies.
CREATE TABLE trust (
    run_id           INTEGER NOT NULL,  -- the run it belongs to
    repetition       INTEGER NOT NULL,  -- the repetition
    honest           INTEGER NOT NULL,  -- agents that do not lie
    deceived         INTEGER NOT NULL,  -- of them, those that ever believed a lie
    wrongly_ignored  INTEGER NOT NULL,  -- honest nodes that somebody honest ignored
    invalid          INTEGER NOT NULL   -- 1: somebody honest held what nobody wrote
                     CHECK (invalid IN (0, 1)),
    PRIMARY KEY (run_id, repetition),
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

-- Order statistics over the measured updates, the judged reports or the returns of agents of all
-- repetitions that ran to their end, or over these repetitions. Facts about the machine are in
-- host_facts only. last_receipt and report_*_rounds count in rounds: under the schedule synchronous
-- it is the ticks that passed, times the interval.
CREATE TABLE metrics (
    run_id     INTEGER NOT NULL REFERENCES runs,  -- the run it belongs to
    metric     TEXT NOT NULL,  -- convergence (time to theta), edge_convergence and
                               -- region_convergence where there are such, reach_50, messages,
                               -- report_edge, report_aggregator, report_global, rejoin, ...
    statistic  TEXT NOT NULL,  -- n, min, p50, p95, p99, max; of reports and of what they add up to
                               -- also mean and sd, since no other rows tell them (of times to the
                               -- microsecond)
    unit       TEXT NOT NULL,  -- ns, bytes, bytes/s, count, or ppb: billionths of a share or copy
    value      INTEGER,        -- in that unit; NULL: what never arrived, or there is none
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
    text      TEXT NOT NULL,     -- as written, 'p99(convergence_ms) < 1000'; of a phase
                                 -- followed by 'in "its name"'
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
    threads         INTEGER NOT NULL,  -- asked for; 0: as many as the machine had, where that paid
    stored_bytes    INTEGER NOT NULL,  -- about what its rows take; those of the whole run are
                                       -- counted with its first repetition
    host            TEXT NOT NULL,     -- name of the machine
    system          TEXT NOT NULL,     -- kernel and machine type, "Linux 6.1.0-18-amd64 x86_64"
    processors      INTEGER NOT NULL,  -- online when the run was written
    compiler        TEXT NOT NULL,     -- that built meshsim, with its version
    sqlite_version  TEXT NOT NULL,     -- of the library that wrote the row
    PRIMARY KEY (run_id, repetition),
    FOREIGN KEY (run_id, repetition) REFERENCES repetitions
) STRICT, WITHOUT ROWID;
