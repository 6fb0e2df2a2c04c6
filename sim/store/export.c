// SPDX-License-Identifier: GPL-3.0-or-later
// Writing an exported run. It becomes visible under its name when it is whole:
//
//     run.yaml.XXXXXX   write, hash, fsync, read back and compare  -->  rename to run.yaml
//     killed on the way: a file of that odd name stays, and no run.yaml, or the old one
#include "export.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "allocate.h"
#include "base64.h"
#include "handle.h"

void sim_export_hash(const char *bytes, size_t count, char text[SIM_EXPORT_HASH_BYTES])
{
    XXH128_hash_t hash = XXH3_128bits(bytes, count);
    snprintf(text, SIM_EXPORT_HASH_BYTES, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
             (uint64_t)hash.low64);
}

// ---- Texts ----

// The character at `text`, which is UTF-8 (source.h), and its bytes.
static uint32_t character(const char *text, size_t *bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    *bytes = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    uint32_t code = at[0] & (*bytes == 1 ? 0x7Fu : 0xFFu >> (*bytes + 1));
    for (size_t i = 1; i < *bytes && at[i] != '\0'; i++) {
        code = code << 6 | (at[i] & 0x3Fu);
    }
    return code;
}

// What YAML would take for the end of a line, or not take at all, when it stood there as it is.
static bool needs_escape(uint32_t code)
{
    return (code < ' ' && code != '\n' && code != '\t') || (code >= 0x7F && code < 0xA0) ||
           code == 0x2028 || code == 0x2029 || code == 0xFEFF || code == 0xFFFE || code == 0xFFFF;
}

static void write_quoted(const char *text, FILE *output)
{
    fputc('"', output);
    while (*text != '\0') {
        size_t bytes;
        uint32_t code = character(text, &bytes);
        if (code == '"' || code == '\\') {
            fprintf(output, "\\%c", (char)code);
        } else if (code == '\n') {
            fputs("\\n", output);
        } else if (needs_escape(code)) {
            fprintf(output, "\\u%04" PRIx32, code);
        } else {
            fwrite(text, 1, bytes, output);
        }
        text += bytes;
    }
    fputs("\"\n", output);
}

static bool is_plain(const char *text)
{
    while (*text != '\0') {
        size_t bytes;
        if (needs_escape(character(text, &bytes))) {
            return false;
        }
        text += bytes;
    }
    return true;
}

// As a block whose lines can be read, behind `indent` blanks; a text with odd characters in quotes.
static void write_text(const char *text, int indent, FILE *output)
{
    size_t length = strlen(text);
    if (length == 0 || strspn(text, "\n") == length || !is_plain(text)) {
        write_quoted(text, output);
        return;
    }
    fprintf(output, "|2%c\n", text[length - 1] == '\n' ? '+' : '-');
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        fprintf(output, "%*s%.*s\n", line == 0 ? 0 : indent, "", (int)line, text);
        text += line + (text[line] == '\n');
    }
}

// ---- The parts ----

static void write_head(const struct sim_recording *recording, FILE *output)
{
    fprintf(output, SIM_EXPORT_HEAD "%d\n", SIM_EXPORT_FORMAT);
    fputs("# A run of meshsim with all that went into it and the checkpoints that came out.\n"
          "#   meshsim verify FILE   runs it again and compares\n"
          "#   meshsim run FILE      runs it and keeps it in a store\n"
          "#   meshsim replay FILE --watch 0   tells what agent 0 heard, and from whom\n"
          "# Unpack a text below to change it: this file is only taken as it was written.\n",
          output);
    fputs("engine: ", output);
    write_quoted(recording->engine_version, output);
    fputs("scenario: ", output);
    write_quoted(recording->scenario, output);
    fputs("cell: ", output);
    write_quoted(recording->cell, output);
    fputs("topology: ", output);
    write_quoted(recording->topology, output);
    fprintf(output,
            "row: %" PRIu32 "\nagents: %" PRIu32 "\nseed: %" PRIu64 "\nrepeat: %" PRIu32 "\n",
            recording->row, recording->agents, recording->seed, recording->repeat);
    fprintf(output, "complete: %s\nfingerprint: \"%016" PRIx64 "\"\ndigest: \"%016" PRIx64 "\"\n",
            recording->complete ? "true" : "false", recording->fingerprint, recording->digest);
}

static void write_results(const struct sim_recording *recording, FILE *output)
{
    fputs("results: |\n", output);
    for (uint32_t i = 0; i < recording->table_digest_count; i++) {
        const struct sim_table_digest *digest = &recording->table_digests[i];
        fprintf(output, "  %s %016" PRIx64 "\n", digest->table, digest->digest);
    }
}

static void write_sources(const struct sim_recording *recording, FILE *output)
{
    fputs("sources:\n", output);
    for (uint32_t i = 0; i < recording->source_count; i++) {
        const struct sim_store_source *source = &recording->sources[i];
        char hash[SIM_EXPORT_HASH_BYTES];
        sim_export_hash(source->text, strlen(source->text), hash);
        fputs("  - kind: ", output);
        write_quoted(source->kind, output);
        fputs("    name: ", output);
        write_quoted(source->name, output);
        fprintf(output, "    hash: \"%s\"\n    text: ", hash);
        write_text(source->text, 6, output);
    }
}

static void write_tables(const struct sim_recording *recording, FILE *output)
{
    unsigned char bytes[SIM_STORE_TABLE_BYTES];
    fputs(recording->table_count == 0 ? "tables: []\n" : "tables:\n", output);
    for (uint32_t i = 0; i < recording->table_count; i++) {
        uint64_t hash = sim_store_pack_table(recording->tables[i].quantiles, bytes);
        fputs("  - used_for: ", output);
        write_quoted(recording->tables[i].used_for, output);
        fprintf(output, "    hash: \"%016" PRIx64 "\"\n    points: |\n", hash);
        sim_base64_write(bytes, sizeof bytes, 6, output);
    }
}

static void write_compressions(const struct sim_recording *recording, FILE *output)
{
    if (!recording->compression.measured) {
        fputs("compressions: \"\"\n", output);
        return;
    }
    fputs("compressions: |\n", output);
    for (uint32_t payload = 0; payload < SIM_PAYLOAD_COUNT; payload++) {
        for (uint32_t i = 0; i < SIM_SIZE_CLASSES; i++) {
            const struct sim_compressed *class = &recording->compression.classes[payload][i];
            if (class->encoded_bytes > 0) {
                fprintf(output, "  %s %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
                        sim_payload_name((enum sim_payload)payload), UINT32_C(1) << i,
                        class->encoded_bytes, class->compressed_bytes);
            }
        }
    }
}

static void write_repetitions(const struct sim_recording *recording, FILE *output)
{
    fputs("repetitions:\n", output);
    for (uint32_t i = 0; i < recording->repetition_count; i++) {
        const struct sim_recorded_repetition *repetition = &recording->repetitions[i];
        fprintf(output,
                "  - seed: %" PRIu64 "\n    interrupted: %s\n    fingerprint: \"%016" PRIx64
                "\"\n    simulated_ns: %" PRIu64 "\n    events: %" PRIu64 "\n    checkpoints: |\n",
                repetition->seed, repetition->interrupted ? "true" : "false",
                repetition->fingerprint, repetition->simulated_ns, repetition->events);
        for (uint32_t j = 0; j < repetition->checkpoint_count; j++) {
            const struct sim_checkpoint *checkpoint = &repetition->checkpoints[j];
            fprintf(output, "      %" PRIu64 " %" PRIu64 " %016" PRIx64 "\n", checkpoint->time_ns,
                    checkpoint->events, checkpoint->fingerprint);
        }
    }
}

// The whole file as one text, which the caller frees with free(). NULL: out of memory.
static char *compose(const struct sim_recording *recording, size_t *length)
{
    char *text = NULL;
    char hash[SIM_EXPORT_HASH_BYTES];
    FILE *memory = open_memstream(&text, length);
    if (memory == NULL) {
        return NULL;
    }
    write_head(recording, memory);
    write_results(recording, memory);
    write_sources(recording, memory);
    write_tables(recording, memory);
    write_compressions(recording, memory);
    write_repetitions(recording, memory);
    fflush(memory);
    sim_export_hash(text, *length, hash);
    fprintf(memory, SIM_EXPORT_TAIL "%s\"\n", hash);
    if (fclose(memory) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

// ---- Onto the disk ----

static bool write_all(int file, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t count = write(file, text, length);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        text += count < 0 ? 0 : count;
        length -= count < 0 ? 0 : (size_t)count;
    }
    return true;
}

// The name survives a crash only when the directory that holds it has been written, too.
static bool sync_directory(const char *path)
{
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", path);
    int directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return true;  // writable and not readable: nothing to be done
    }
    fsync(directory);
    close(directory);
    return true;
}

static bool same_sources(const struct sim_recording *a, const struct sim_recording *b)
{
    bool same = a->source_count == b->source_count;
    for (uint32_t i = 0; same && i < a->source_count; i++) {
        same = strcmp(a->sources[i].kind, b->sources[i].kind) == 0 &&
               strcmp(a->sources[i].name, b->sources[i].name) == 0 &&
               strcmp(a->sources[i].text, b->sources[i].text) == 0;
    }
    return same;
}

// What was written says what was meant.
static bool read_back(const struct sim_recording *recording, const char *path,
                      struct sim_error *error)
{
    struct sim_recording again = {0};
    bool fine = sim_recording_import(path, &again, error);
    if (fine && !same_sources(recording, &again)) {
        fine = sim_error_set(error, SIM_ERROR_INTERNAL,
                             "%s: a text does not read back as it was written", path);
    }
    sim_recording_finish(&again);
    return fine;
}

bool sim_recording_export(const struct sim_recording *recording, const char *path,
                          struct sim_error *error)
{
    char beside[4096];
    size_t length = 0;
    if (path[0] == '\0' || strlen(path) + 8 > sizeof beside) {
        return sim_error_set(error, SIM_ERROR_USAGE, "-o needs the path of a file");
    }
    char *text = compose(recording, &length);
    if (text == NULL) {
        return sim_error_set(error, SIM_ERROR_INTERNAL, "out of memory");
    }
    snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    int file = mkstemp(beside);
    bool made = file >= 0;
    mode_t mask = umask(0);
    umask(mask);
    bool written = made && fchmod(file, 0666 & ~mask) == 0 && write_all(file, text, length) &&
                   fsync(file) == 0;
    int reason = errno;
    free(text);
    if (made && close(file) != 0 && written) {
        reason = errno;
        written = false;
    }
    bool fine = written && read_back(recording, beside, error);
    if (fine && rename(beside, path) != 0) {
        reason = errno;
        written = false;
    }
    if (!written) {
        sim_error_set(error, SIM_ERROR_IO, "cannot write %s: %s", path, strerror(reason));
    }
    if (!written || !fine) {
        if (made) {
            unlink(beside);
        }
        return false;
    }
    return sync_directory(path);
}
