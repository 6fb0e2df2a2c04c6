// SPDX-License-Identifier: GPL-3.0-or-later
#include "results.h"

#include <stdlib.h>

void sim_result_finish(struct sim_result *result)
{
    free(result->updates);
    free(result->curves);
    free(result->checkpoints);
    free(result->reports);
    result->updates = NULL;
    result->curves = NULL;
    result->checkpoints = NULL;
    result->reports = NULL;
    result->update_count = 0;
    result->report_count = 0;
    result->curve_count = 0;
    result->checkpoint_count = 0;
}
