// SPDX-License-Identifier: GPL-3.0-or-later
// The page of a report: one HTML file that needs no other, no network and no script.
//
//     verdicts ---- table, picture of the matrix
//     spread ------ pictures by mesh, by tier and region
//     traffic ----- pictures, table
//     figures ----- claims, expectations, metrics
//     assumed ----- settings, delays, options and files
//
// The pictures are in it, as SVG in data addresses: pictures of an older report that lie beside it
// cannot be taken for its own, it can be sent as it is, and no text in a picture is markup of the
// page.

#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "drawings.h"

#define REPORT_PAGE_NAME "index.html"

// Writes the page into `directory`, in which the drawings already are. It appears when it is
// complete.
bool report_page_write(const char *directory, const struct report_store *store,
                       const struct report_matrix *matrix, const struct report_drawings *drawings);

#endif
