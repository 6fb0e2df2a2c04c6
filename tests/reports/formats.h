// SPDX-License-Identifier: GPL-3.0-or-later
// Checks of files against their formats, without the libraries that wrote them.

#ifndef TESTS_REPORTS_FORMATS_H
#define TESTS_REPORTS_FORMATS_H

#include <stddef.h>
#include <stdint.h>

// NULL, or what is wrong with a PNG: signature, lengths and CRCs of its chunks, IHDR first, IEND
// last (W3C Recommendation "PNG", sections 5.2 to 5.6). Tells its size in pixels.
const char *png_fault(const unsigned char *bytes, size_t length, uint32_t *width, uint32_t *height);

// NULL, or what is wrong with an SVG: one root element "svg", every element closed in order,
// entities known, no control bytes.
const char *svg_fault(const char *text);

#endif
