// SPDX-License-Identifier: GPL-3.0-or-later
#include "results.h"

#include <stdlib.h>

void sim_result_finish(struct sim_result *result)
{
    free(result->updates);
    free(result->curves);
    free(result->checkpoints);
    free(result->reports);
    free(result->faults);
    free(result->rejoins);
    free(result->takeovers);
    free(result->gaps);
    result->faults = NULL;
    result->rejoins = NULL;
    result->takeovers = NULL;
    result->gaps = NULL;
    result->updates = NULL;
    result->curves = NULL;
    result->checkpoints = NULL;
    result->reports = NULL;
    result->update_count = 0;
    result->report_count = 0;
    result->curve_count = 0;
    result->checkpoint_count = 0;
    result->fault_count = 0;
    result->rejoin_count = 0;
    result->takeover_count = 0;
    result->gap_count = 0;
}
