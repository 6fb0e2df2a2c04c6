// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats.h"

#include <stdbool.h>
#include <string.h>

// ---- PNG ----

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

// Annex D of the Recommendation, bit by bit.
static uint32_t crc(const unsigned char *bytes, size_t count)
{
    uint32_t remainder = UINT32_MAX;
    for (size_t index = 0; index < count; index++) {
        remainder ^= bytes[index];
        for (int bit = 0; bit < 8; bit++) {
            remainder = (remainder & 1) != 0 ? 0xEDB88320u ^ remainder >> 1 : remainder >> 1;
        }
    }
    return ~remainder;
}

const char *png_fault(const unsigned char *bytes, size_t length, uint32_t *width, uint32_t *height)
{
    if (length < 8 || memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) != 0) {
        return "the signature is wrong";
    }
    size_t at = 8;
    for (bool first = true;; first = false) {
        if (length - at < 12 || length - at - 12 < big_endian(bytes + at)) {
            return "it is cut off";
        }
        size_t count = big_endian(bytes + at);
        const unsigned char *type = bytes + at + 4;
        if (crc(type, count + 4) != big_endian(type + 4 + count)) {
            return "a chunk is damaged";
        }
        if (first && (memcmp(type, "IHDR", 4) != 0 || count != 13)) {
            return "it does not begin with IHDR";
        }
        if (first) {
            *width = big_endian(type + 4);
            *height = big_endian(type + 8);
        }
        at += 12 + count;
        if (memcmp(type, "IEND", 4) == 0) {
            return at == length ? NULL : "something follows IEND";
        }
    }
}

// ---- SVG ----

#define DEPTH_MAX 64

static const char *text_fault(const char *text, const char *end)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"};
    for (; text < end; text++) {
        if ((unsigned char)*text < ' ' && strchr("\n\r\t", *text) == NULL) {
            return "it holds a control byte";
        }
        bool known = *text != '&';
        for (size_t index = 0; index < sizeof entities / sizeof entities[0]; index++) {
            known |= strncmp(text, entities[index], strlen(entities[index])) == 0;
        }
        if (!known) {
            return "it holds an ampersand that is no entity";
        }
    }
    return NULL;
}

// Skips <?...?>, <!--...--> and <![CDATA[...]]>; NULL when it is none of them.
static const char *skip_special(const char *tag)
{
    static const char *const special[][2] = {
        {"<?", "?>"}, {"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<!DOCTYPE", ">"}};
    for (size_t index = 0; index < sizeof special / sizeof special[0]; index++) {
        if (strncmp(tag, special[index][0], strlen(special[index][0])) == 0) {
            const char *end = strstr(tag, special[index][1]);
            return end == NULL ? NULL : end + strlen(special[index][1]);
        }
    }
    return NULL;
}

// The '>' that ends a tag, past those in quotes.
static const char *tag_end(const char *tag)
{
    char quote = '\0';
    for (; *tag != '\0'; tag++) {
        if (quote == '\0' && *tag == '>') {
            return tag;
        }
        if (quote == '\0' && (*tag == '"' || *tag == '\'')) {
            quote = *tag;
        } else if (*tag == quote) {
            quote = '\0';
        }
    }
    return NULL;
}

// The elements that are open, by their names in the text.
struct open_elements {
    const char *names[DEPTH_MAX];
    size_t lengths[DEPTH_MAX];
    int depth;
    int roots;
};

static const char *enter_tag(struct open_elements *open, const char *tag, const char *end)
{
    bool closes = tag[1] == '/';
    const char *name = tag + (closes ? 2 : 1);
    size_t length = strcspn(name, " \t\r\n/>");
    if (closes) {
        if (open->depth == 0 || open->lengths[open->depth - 1] != length ||
            memcmp(open->names[open->depth - 1], name, length) != 0) {
            return "an element is closed that is not the innermost";
        }
        open->depth--;
        return NULL;
    }
    if (open->depth == 0 && (length != 3 || memcmp(name, "svg", 3) != 0)) {
        return "the root is not svg";
    }
    open->roots += open->depth == 0;
    if (end[-1] != '/') {
        if (open->depth == DEPTH_MAX) {
            return "it is nested too deeply";
        }
        open->names[open->depth] = name;
        open->lengths[open->depth++] = length;
    }
    return NULL;
}

const char *svg_fault(const char *text)
{
    struct open_elements open = {0};
    while (*text != '\0') {
        const char *tag = text + strcspn(text, "<");
        const char *fault = text_fault(text, tag);
        if (fault != NULL || *tag == '\0') {
            return fault != NULL ? fault : open.depth == 0 && open.roots == 1 ? NULL : "cut off";
        }
        const char *after = skip_special(tag);
        if (after == NULL) {
            const char *end = tag_end(tag);
            fault = end == NULL ? "a tag is cut off" : enter_tag(&open, tag, end);
            if (fault != NULL) {
                return fault;
            }
            after = end + 1;
        }
        text = after;
    }
    return open.depth == 0 && open.roots == 1 ? NULL : "it is cut off";
}
