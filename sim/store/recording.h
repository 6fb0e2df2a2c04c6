// SPDX-License-Identifier: GPL-3.0-or-later
// A run as it can be executed again and held against itself: all that went in, and what came out.
//
//     store ---- sim_recording_read ----+                     +--> sim_recording_load: scenario
//                                       +--> sim_recording ---+
//     run.yaml - sim_recording_import --+                     +--> checkpoints, digest: compare
//                                                             +--> sim_recording_export: run.yaml
//
// in:  texts of the files and of the measurements they name, options in their order, the cell of
//      the sweep, tables of latencies, what messages shrink to
// out: per repetition its checkpoints, its fingerprint, how far it came; the digest of the results
//
// Nothing of it is guessed: a run that lacks a part is refused with the name of the part.
//
// An exported run is one YAML file that says the same, texts as block scalars, tables in base64
// (RFC 4648). Its last line is the hash (XXH3, 128 bits) of all bytes before it: a file that was
// cut off or changed on its way is told from one that was not. That is no signature; who wants to
// fool it, can.

#ifndef SIM_RECORDING_H
#define SIM_RECORDING_H

#include "store.h"

#define SIM_EXPORT_FORMAT 2  // "meshsim_run: 2", the first line
#define SIM_EXPORT_BYTES_MAX ((size_t)256 << 20)

struct sim_recorded_repetition {
    uint64_t seed;
    uint32_t repetition;
    bool interrupted;  // it was cut short at simulated_ns
    uint64_t fingerprint;
    uint64_t simulated_ns;
    uint64_t events;
    const struct sim_checkpoint *checkpoints;  // [checkpoint_count], in order of time, at least one
    uint32_t checkpoint_count;
};

// The strings and arrays are its own.
struct sim_recording {
    const char *origin;  // where it was read from, for people: "run 3 of meshsim.db", "run.yaml"
    const char *engine_version;
    const char *scenario;
    const char *cell;
    const char *topology;
    uint32_t row;  // of the table of verdicts that it was printed in
    uint32_t agents;
    uint64_t seed;
    uint32_t repeat;
    bool complete;
    uint32_t threads;      // that ran it, as asked for; 0: as many as the machine had, or not known
    uint64_t fingerprint;  // of all repetitions together
    uint64_t digest;       // of the results (sim_store_digest)
    const struct sim_table_digest *table_digests;  // [table_digest_count], of each of their tables
    uint32_t table_digest_count;
    const struct sim_store_source *sources;  // [source_count], in the order applied
    uint32_t source_count;
    struct sim_table *tables;  // [table_count]
    uint32_t table_count;
    struct sim_compression compression;                 // .measured: messages were compressed
    const struct sim_recorded_repetition *repetitions;  // [repetition_count]
    uint32_t repetition_count;
    struct sim_recorded recorded;  // what sim_recording_load hands to the loader
    void *memory;
};

// To be finished whatever comes back. SIM_ERROR_USAGE when there is no such run, SIM_ERROR_IO when
// the store cannot be read or the run lacks something.
bool sim_recording_read(struct sim_store *store, int64_t run_id, struct sim_recording *recording,
                        struct sim_error *error);
void sim_recording_finish(struct sim_recording *recording);

// The scenario that ran, one cell. It points into the recording and is the caller's to end with
// sim_scenarios_destroy(scenario, 1).
bool sim_recording_load(struct sim_recording *recording, struct sim_scenario **scenario,
                        struct sim_error *error);

// The file that a user named, of the sources.
const struct sim_store_source *sim_recording_file(const struct sim_recording *recording);

// Writes the file whole or not at all: beside it first, read back, then renamed. An existing file
// is replaced. SIM_ERROR_IO when it cannot be written.
bool sim_recording_export(const struct sim_recording *recording, const char *path,
                          struct sim_error *error);

// Reads such a file. To be finished whatever comes back. SIM_ERROR_IO when it cannot be read,
// SIM_ERROR_SCENARIO, with the place, when it is cut off, changed or of another format.
bool sim_recording_import(const char *path, struct sim_recording *recording,
                          struct sim_error *error);

// Whether a file begins as an exported run does.
bool sim_recording_is_export(const char *path);

#endif
