// SPDX-License-Identifier: GPL-3.0-or-later
// The words of an exported run, shared by who writes it and who reads it (private to this folder).
//
//     meshsim_run: 2
//     engine: "0.1.0+5f3c9a1e22d0"
//     ...
//     sources:      [kind, name, hash, text]        texts as they were read
//     tables:       [used_for, hash, points]        base64
//     results:      lines "traffic 5f3c9a1e22d07b18" table of results, digest of its rows
//     compressions: lines "updates 64 70 63"        payload, class, bytes encoded, compressed
//     repetitions:  [..., checkpoints]              lines "time_ns events fingerprint"
//     content: "2f0c..."                            hash of every byte before this line

#ifndef SIM_EXPORT_H
#define SIM_EXPORT_H

#include "recording.h"

#define SIM_EXPORT_TAIL "content: \""
#define SIM_EXPORT_HASH_BYTES 33  // 32 digits and NUL

// Hashes are 128 bits of XXH3 in hexadecimal.
void sim_export_hash(const char *bytes, size_t count, char text[SIM_EXPORT_HASH_BYTES]);

#endif
