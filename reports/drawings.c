// SPDX-License-Identifier: GPL-3.0-or-later
#include "drawings.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "curves.h"
#include "liars.h"
#include "traffic.h"

#define NAME_PART_BYTES 96  // of a topology's name in a file's name
#define PICTURE_WIDTH 1000  // pixels of an SVG

// A text as part of a file's name. The store's texts are the user's: only harmless bytes pass.
static void copy_harmless(char copy[NAME_PART_BYTES], const char *text)
{
    snprintf(copy, NAME_PART_BYTES, "%.*s", NAME_PART_BYTES - 1, text);
    for (char *byte = copy; *byte != '\0'; byte++) {
        if (!isascii((unsigned char)*byte) || (!isalnum((unsigned char)*byte) && *byte != '-')) {
            *byte = '_';
        }
    }
}

static bool is_taken(const struct report_drawings *drawings, const char *name)
{
    for (size_t index = 0; index < drawings->count; index++) {
        if (strcmp(drawings->items[index].name, name) == 0) {
            return true;
        }
    }
    return false;
}

// A drawing of that name, with a number where there are several parts, and different from all.
static struct report_drawing *add_drawing(struct report_drawings *drawings,
                                          enum report_section section, const char *name,
                                          uint32_t part, const char *caption)
{
    char full[REPORT_NAME_BYTES];
    int length = part == 0 ? snprintf(full, sizeof full, "%s", name)
                           : snprintf(full, sizeof full, "%s-%" PRIu32, name, part);
    while (is_taken(drawings, full) && (size_t)length + 1 < sizeof full) {
        full[length++] = '_';
        full[length] = '\0';
    }
    drawings->items =
        report_resize(drawings->items, (drawings->count + 1) * sizeof *drawings->items);
    struct report_drawing *drawing = &drawings->items[drawings->count++];
    *drawing = (struct report_drawing){.section = section};
    memcpy(drawing->name, full, sizeof full);
    snprintf(drawing->caption, sizeof drawing->caption, "%s", caption);
    return drawing;
}

static FILE *begin_script(struct report_drawing *drawing, uint32_t width, uint32_t height,
                          struct report_error *error)
{
    drawing->script.width = width;
    drawing->script.height = height;
    FILE *stream = open_memstream(&drawing->script.text, &drawing->script.length);
    if (stream == NULL) {
        report_error_set(error, REPORT_INTERNAL, "out of memory");
    }
    return stream;
}

static bool end_script(FILE *stream, struct report_error *error)
{
    return fclose(stream) == 0 || report_error_set(error, REPORT_INTERNAL, "out of memory");
}

static bool add_matrix(const struct report_matrix *matrix, struct report_drawings *drawings,
                       struct report_error *error)
{
    uint32_t part = 0;
    for (size_t first = 0, count; first < matrix->count; first += count) {
        count = report_matrix_part(matrix, first);
        struct report_drawing *drawing =
            add_drawing(drawings, REPORT_VERDICTS, "matrix", part,
                        "p95 of the time until θ of the agents hold an update, against the claims");
        FILE *stream = begin_script(drawing, REPORT_MATRIX_WIDTH,
                                    report_matrix_height(matrix, first, count), error);
        if (stream == NULL) {
            return false;
        }
        report_matrix_script(stream, matrix, first, count);
        if (!end_script(stream, error)) {
            return false;
        }
        part = part == 0 ? 2 : part + 1;
    }
    return true;
}

static struct report_drawing *add_mesh(struct report_drawings *drawings,
                                       enum report_section section, const char *what,
                                       const struct report_run *run, uint32_t part)
{
    char topology[NAME_PART_BYTES];
    char name[REPORT_NAME_BYTES];
    char caption[REPORT_CAPTION_BYTES];
    copy_harmless(topology, run->topology);
    snprintf(name, sizeof name, "%s-%s-%" PRId64, what, topology, run->agents);
    snprintf(caption, sizeof caption, "%s of %s, %" PRId64 " agents", what, run->topology,
             run->agents);
    caption[0] = (char)toupper((unsigned char)caption[0]);
    return add_drawing(drawings, section, name, part, caption);
}

static struct report_drawing *add_run(struct report_drawings *drawings,
                                      const struct report_picture *picture)
{
    const struct report_run *run = picture->lines[0].run;
    const char *file = picture->of_reports ? "reports" : picture->of_leaders ? "leaders" : "tiers";
    const char *what = picture->of_reports   ? "Reports"
                       : picture->of_leaders ? "Elections and failovers"
                                             : "Tiers and regions";
    char name[REPORT_NAME_BYTES];
    char caption[REPORT_CAPTION_BYTES];
    snprintf(name, sizeof name, "%s-run-%" PRId64, file, run->run_id);
    snprintf(caption, sizeof caption, "%s of run %" PRId64 ": %s, %" PRId64 " agents, %s", what,
             run->run_id, run->topology, run->agents, run->mode);
    return add_drawing(drawings, REPORT_TIERS, name, picture->part, caption);
}

static bool add_curves(const struct report_pictures *pictures, struct report_drawings *drawings,
                       struct report_error *error)
{
    for (size_t index = 0; index < pictures->count; index++) {
        const struct report_picture *picture = &pictures->items[index];
        const struct report_run *run = picture->lines[0].run;
        struct report_drawing *drawing =
            picture->by_tier ? add_run(drawings, picture)
                             : add_mesh(drawings, REPORT_SPREAD, "convergence", run, picture->part);
        FILE *stream = begin_script(drawing, PICTURE_WIDTH, report_curves_height(picture), error);
        if (stream == NULL) {
            return false;
        }
        report_curves_script(stream, picture);
        if (!end_script(stream, error)) {
            return false;
        }
    }
    return true;
}

static bool add_traffics(const struct report_traffics *traffics, struct report_drawings *drawings,
                         struct report_error *error)
{
    for (size_t index = 0; index < traffics->count; index++) {
        const struct report_traffic *traffic = &traffics->items[index];
        struct report_drawing *drawing =
            add_mesh(drawings, REPORT_TRAFFIC_SENT, "traffic", traffic->bars[0].run, traffic->part);
        FILE *stream = begin_script(drawing, PICTURE_WIDTH, report_traffic_height(traffic), error);
        if (stream == NULL) {
            return false;
        }
        report_traffic_script(stream, traffic);
        if (!end_script(stream, error)) {
            return false;
        }
    }
    return true;
}

// Several tables of one mesh, each of a scenario, are numbered.
static uint32_t part_of(const struct report_lyings *lyings, size_t index)
{
    const struct report_run *run = lyings->tables[index].cells[0].run;
    uint32_t before = 0;
    uint32_t others = 0;
    for (size_t other = 0; other < lyings->count; other++) {
        if (other != index && report_same_mesh(lyings->tables[other].cells[0].run, run)) {
            others++;
            before += other < index;
        }
    }
    return others == 0 ? 0 : before + 1;
}

static bool add_lyings(const struct report_lyings *lyings, struct report_drawings *drawings,
                       struct report_error *error)
{
    for (size_t index = 0; index < lyings->count; index++) {
        const struct report_table *table = &lyings->tables[index];
        struct report_drawing *drawing = add_mesh(drawings, REPORT_VERDICTS, "liars",
                                                  table->cells[0].run, part_of(lyings, index));
        FILE *stream =
            begin_script(drawing, REPORT_MATRIX_WIDTH, report_lying_height(table), error);
        if (stream == NULL) {
            return false;
        }
        report_lying_script(stream, table);
        if (!end_script(stream, error)) {
            return false;
        }
    }
    return true;
}

static bool collect_lyings(const struct report_store *store, struct report_drawings *drawings)
{
    struct report_lyings lyings;
    bool collected =
        report_lyings_read(store, &lyings) && add_lyings(&lyings, drawings, store->error);
    report_lyings_finish(&lyings);
    return collected;
}

static bool collect_curves(const struct report_store *store, struct report_drawings *drawings)
{
    struct report_pictures meshes;
    struct report_pictures tiers = {0};
    struct report_pictures reports = {0};
    struct report_pictures leaders = {0};
    bool collected = report_curves_by_mesh(store, &meshes);
    drawings->skipped = meshes.skipped;
    if (collected && meshes.count == 0) {
        collected = report_error_set(store->error, REPORT_USAGE,
                                     "no update was measured in the %zu run%s asked for: run them "
                                     "longer",
                                     store->run_count, store->run_count == 1 ? "" : "s");
    }
    collected =
        collected && add_curves(&meshes, drawings, store->error) &&
        report_curves_by_tier(store, &tiers) && add_curves(&tiers, drawings, store->error) &&
        report_curves_of_reports(store, &reports) && add_curves(&reports, drawings, store->error) &&
        report_curves_of_leaders(store, &leaders) && add_curves(&leaders, drawings, store->error);
    report_pictures_finish(&meshes);
    report_pictures_finish(&tiers);
    report_pictures_finish(&reports);
    report_pictures_finish(&leaders);
    return collected;
}

bool report_drawings_collect(const struct report_store *store, const struct report_matrix *matrix,
                             struct report_drawings *drawings)
{
    struct report_traffics traffics = {0};
    *drawings = (struct report_drawings){0};
    bool collected = add_matrix(matrix, drawings, store->error) &&
                     collect_lyings(store, drawings) && collect_curves(store, drawings) &&
                     report_traffic_read(store, &traffics) &&
                     add_traffics(&traffics, drawings, store->error);
    report_traffics_finish(&traffics);
    return collected;
}

void report_drawings_finish(struct report_drawings *drawings)
{
    for (size_t index = 0; index < drawings->count; index++) {
        free(drawings->items[index].script.text);
    }
    free(drawings->items);
}
