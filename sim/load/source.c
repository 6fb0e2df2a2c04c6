// SPDX-License-Identifier: GPL-3.0-or-later
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXCERPT_BYTES 200  // of the line that an error quotes

// Bytes of the character at `at`, 0 when it is not well-formed UTF-8 (RFC 3629, section 4).
static size_t character_bytes(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80) {
        return 1;
    }
    size_t count = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    if (at[0] < 0xC2 || at[0] > 0xF4 || left < count) {
        return 0;
    }
    unsigned char low = at[0] == 0xE0 ? 0xA0 : at[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = at[0] == 0xED ? 0x9F : at[0] == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < count; i++) {
        if (at[i] < 0x80 || at[i] > 0xBF) {
            return 0;
        }
    }
    return count;
}

// Bytes of the line break at `at`, 0 when there is none: CR LF, CR, LF, NEL, LS, PS.
static size_t break_bytes(const char *at, const char *end)
{
    if (at == end) {
        return 0;
    }
    if (*at == '\n') {
        return 1;
    }
    if (*at == '\r') {
        return at + 1 < end && at[1] == '\n' ? 2 : 1;
    }
    if (end - at >= 2 && memcmp(at, "\xC2\x85", 2) == 0) {
        return 2;
    }
    if (end - at >= 3 &&
        (memcmp(at, "\xE2\x80\xA8", 3) == 0 || memcmp(at, "\xE2\x80\xA9", 3) == 0)) {
        return 3;
    }
    return 0;
}

size_t sim_text_cut(const char *bytes, size_t length, size_t most)
{
    if (length <= most) {
        return length;
    }
    while (most > 0 && ((unsigned char)bytes[most] & 0xC0) == 0x80) {
        most--;
    }
    return most;
}

static bool is_control(const unsigned char *at, size_t left)
{
    return at[0] < ' ' || at[0] == 0x7F ||
           (at[0] == 0xC2 && left > 1 && at[1] >= 0x80 && at[1] <= 0x9F);
}

bool sim_text_has_control(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (is_control((const unsigned char *)bytes + i, length - i)) {
            return true;
        }
    }
    return false;
}

void sim_text_clean(char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        unsigned char *at = (unsigned char *)text + i;
        size_t bytes = character_bytes(at, length - i);
        if (bytes == 0 || is_control(at, length - i)) {
            bytes = bytes == 0 ? 1 : bytes;
            memset(at, '?', bytes);
        }
        i += bytes;
    }
}

const char *sim_source_at(const struct sim_source *source, uint32_t line, uint32_t column)
{
    const char *at = source->bytes;
    const char *end = source->bytes + source->length;
    while (line > 1 && at < end) {
        size_t bytes = break_bytes(at, end);
        at += bytes == 0 ? 1 : bytes;
        line -= bytes != 0;
    }
    while (column > 1 && at < end && break_bytes(at, end) == 0) {
        at += character_bytes((const unsigned char *)at, (size_t)(end - at));
        column--;
    }
    return at;
}

// The line, at most EXCERPT_BYTES of it; from a long line the part around the column. What comes
// after the column may not be UTF-8: that can be the error.
static void excerpt(const struct sim_source *source, uint32_t line, uint32_t column, char *buffer)
{
    const char *at = sim_source_at(source, line, 1);
    const char *focus = sim_source_at(source, line, column);
    const char *stop = focus;
    while (stop < source->bytes + source->length && stop - focus <= EXCERPT_BYTES &&
           break_bytes(stop, source->bytes + source->length) == 0) {
        stop++;
    }
    if (stop - at > EXCERPT_BYTES && focus - at > EXCERPT_BYTES / 2) {
        at = focus - EXCERPT_BYTES / 2;
        while (at < focus && ((unsigned char)*at & 0xC0) == 0x80) {
            at++;
        }
    }
    size_t length = sim_text_cut(at, (size_t)(stop - at), EXCERPT_BYTES);
    memcpy(buffer, at, length);
    buffer[length] = '\0';
    sim_text_clean(buffer);
}

// Formats, cleans and sets the text.
__attribute__((format(printf, 3, 0))) static void set_text(struct sim_error *error,
                                                           enum sim_error_code code,
                                                           const char *format, va_list arguments)
{
    char text[sizeof error->text];
    vsnprintf(text, sizeof text, format, arguments);
    sim_text_clean(text);
    sim_error_set(error, code, "%s", text);
}

bool sim_text_fail(struct sim_error *error, enum sim_error_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_text(error, code, format, arguments);
    va_end(arguments);
    return false;
}

bool sim_source_fail(const struct sim_source *source, uint32_t line, uint32_t column,
                     struct sim_error *error, const char *format, ...)
{
    if (error == NULL || error->code != SIM_OK) {
        return false;
    }
    va_list arguments;
    va_start(arguments, format);
    set_text(error, SIM_ERROR_SCENARIO, format, arguments);
    va_end(arguments);
    char quoted[EXCERPT_BYTES + 1] = "";
    if (source->kind != SIM_SOURCE_OPTION) {  // an option's name is its line
        excerpt(source, line, column, quoted);
    }
    sim_error_at(error, source->name, line, column + (line == 1 ? source->column_skip : 0), quoted);
    return false;
}

static bool check(const struct sim_source *source, struct sim_error *error)
{
    const char *end = source->bytes + source->length;
    uint32_t line = 1;
    uint32_t column = 1;
    for (const char *at = source->bytes; at < end;) {
        size_t bytes = character_bytes((const unsigned char *)at, (size_t)(end - at));
        size_t breaks = break_bytes(at, end);
        if (bytes == 0) {
            return sim_source_fail(source, line, column, error, "not UTF-8: byte 0x%02X",
                                   (unsigned)(unsigned char)*at);
        }
        if (breaks == 0 && *at != '\t' &&
            is_control((const unsigned char *)at, (size_t)(end - at))) {
            unsigned code = bytes == 1 ? (unsigned char)*at : (unsigned char)at[1];
            return sim_source_fail(source, line, column, error,
                                   "%s (U+%04X) does not belong in a text file",
                                   code == 0 ? "a NUL byte" : "a control character", code);
        }
        line += breaks != 0;
        column = breaks != 0 ? 1 : column + 1;
        at += breaks != 0 ? breaks : bytes;
    }
    return true;
}

static const struct sim_source *cannot_read(const char *path, int reason, struct sim_error *error)
{
    sim_text_fail(error, SIM_ERROR_IO, "cannot read %s: %s", path,
                  reason == EISDIR ? "it is a directory" : strerror(reason));
    return NULL;
}

// Reads at most one byte more than is allowed, so that a file that grows or never ends is seen.
static bool read_all(int file, char *bytes, size_t *length)
{
    *length = 0;
    while (*length <= SIM_SOURCE_BYTES_MAX) {
        ssize_t count = read(file, bytes + *length, SIM_SOURCE_BYTES_MAX + 1 - *length);
        if (count == 0) {
            return true;
        }
        if (count < 0 && errno != EINTR) {
            return false;
        }
        *length += count < 0 ? 0 : (size_t)count;
    }
    return true;
}

const struct sim_source *sim_source_read(struct sim_arena *arena, const char *path,
                                         struct sim_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return cannot_read(path, errno, error);
    }
    struct sim_arena *scratch = sim_arena_create();
    char *bytes = sim_arena_take(scratch, SIM_SOURCE_BYTES_MAX + 1);
    size_t length = 0;
    bool done = read_all(file, bytes, &length);
    int reason = errno;
    close(file);
    struct sim_source *source = sim_arena_take(arena, sizeof *source);
    size_t mark = length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    *source = (struct sim_source){
        .kind = SIM_SOURCE_FILE,
        .name = sim_arena_copy(arena, path, strlen(path)),
        .bytes = sim_arena_copy(arena, bytes + mark, length - mark),
        .length = length - mark,
    };
    source->origin = source->name;
    sim_arena_destroy(scratch);
    if (!done) {
        return cannot_read(path, reason, error);
    }
    if (length > SIM_SOURCE_BYTES_MAX) {
        sim_source_fail(source, 1, 1, error, "larger than %zu bytes, the most that is read",
                        SIM_SOURCE_BYTES_MAX);
        return NULL;
    }
    return check(source, error) ? source : NULL;
}

const struct sim_source *sim_source_from(struct sim_arena *arena, enum sim_source_kind kind,
                                         const char *name, const char *origin, const char *bytes,
                                         uint32_t column_skip, struct sim_error *error)
{
    struct sim_source *source = sim_arena_take(arena, sizeof *source);
    *source = (struct sim_source){
        .kind = kind,
        .name = name,
        .origin = origin,
        .bytes = bytes,
        .length = strlen(bytes),
        .column_skip = column_skip,
    };
    return check(source, error) ? source : NULL;
}
