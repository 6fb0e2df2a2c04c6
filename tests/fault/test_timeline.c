// SPDX-License-Identifier: GPL-3.0-or-later
#include <criterion/criterion.h>
#include <inttypes.h>

#include "timeline.h"

#define MS UINT64_C(1000000)
#define NEVER SIM_FAULT_NEVER

static struct sim_fault crash_at(uint64_t at_ns)
{
    return (struct sim_fault){
        .verb = SIM_FAULT_CRASH, .at_ns = at_ns, .until_ns = NEVER, .end_ns = NEVER};
}

static uint32_t take(const struct sim_fault *faults, uint32_t count, uint64_t end_ns,
                     struct sim_firing *firings, uint32_t most)
{
    struct sim_timeline timeline;
    uint32_t taken = 0;
    sim_timeline_init(&timeline, faults, count, 7);
    while (taken < most && sim_timeline_next(&timeline, end_ns, &firings[taken])) {
        taken++;
    }
    sim_timeline_finish(&timeline);
    return taken;
}

Test(timeline, firings_come_in_the_order_of_time_then_entry)
{
    struct sim_fault faults[3] = {crash_at(30 * MS), crash_at(10 * MS), crash_at(30 * MS)};
    faults[1].every_ns = 20 * MS;
    faults[1].times = 3;
    static const struct sim_firing wanted[] = {
        {10 * MS, 1, 0}, {30 * MS, 0, 0}, {30 * MS, 1, 1}, {30 * MS, 2, 0}, {50 * MS, 1, 2}};
    struct sim_firing got[10];
    uint32_t count = take(faults, 3, 1000 * MS, got, 10);
    cr_assert_eq(count, 5, "%u firings", count);
    for (uint32_t i = 0; i < 5; i++) {
        cr_expect(got[i].time_ns == wanted[i].time_ns && got[i].entry == wanted[i].entry &&
                      got[i].number == wanted[i].number,
                  "firing %u: entry %u, number %u at %" PRIu64, i, got[i].entry, got[i].number,
                  got[i].time_ns);
    }
}

Test(timeline, repeats_end_by_number_by_time_or_with_the_run)
{
    struct sim_firing got[100];
    struct sim_fault fault = crash_at(5 * MS);
    fault.every_ns = 10 * MS;
    cr_expect_eq(take(&fault, 1, 100 * MS, got, 100), 10, "at 5, 15, ... 95 ms");
    fault.end_ns = 45 * MS;
    cr_expect_eq(take(&fault, 1, 100 * MS, got, 100), 4, "at 5, 15, 25, 35: the end is outside");
    fault.times = 2;
    cr_expect_eq(take(&fault, 1, 100 * MS, got, 100), 2);
    cr_expect_eq(take(&fault, 1, 15 * MS, got, 100), 1, "the second is not before 15 ms");
}

Test(timeline, an_entry_is_gone_once_it_has_fired_for_the_last_time)
{
    struct sim_fault faults[] = {crash_at(5 * MS),
                                 {.verb = SIM_FAULT_RESTART, .at_ns = 9 * MS, .end_ns = NEVER}};
    struct sim_timeline timeline;
    struct sim_firing firing;
    sim_timeline_init(&timeline, faults, 2, 7);
    cr_expect(sim_timeline_has(&timeline, SIM_FAULT_CRASH));
    cr_assert(sim_timeline_next(&timeline, 6 * MS, &firing));
    cr_expect(!sim_timeline_has(&timeline, SIM_FAULT_CRASH));
    cr_expect(sim_timeline_has(&timeline, SIM_FAULT_RESTART));
    cr_expect(!sim_timeline_next(&timeline, 6 * MS, &firing));
    sim_timeline_finish(&timeline);
}

Test(timeline, a_mass_join_fires_at_the_start_when_those_who_will_join_are_taken_away)
{
    struct sim_fault fault = {
        .verb = SIM_FAULT_MASS_JOIN, .at_ns = 50 * MS, .until_ns = NEVER, .end_ns = NEVER};
    struct sim_firing got[3];
    cr_assert_eq(take(&fault, 1, 1000 * MS, got, 3), 1);
    cr_expect_eq(got[0].time_ns, 0);
}

// Of a Poisson process with a mean gap of 1 ms 10,000 are due in 10 s, with a deviation of 100; and
// the gaps' standard deviation is their mean.
Test(timeline, departures_are_a_poisson_process)
{
    struct sim_fault fault = {.verb = SIM_FAULT_CHURN,
                              .at_ns = 3 * MS,
                              .until_ns = 10003 * MS,
                              .end_ns = NEVER,
                              .gap_ns = 1 * MS};
    struct sim_timeline timeline;
    struct sim_firing firing;
    uint64_t last_ns = fault.at_ns;
    double sum = 0;
    double squares = 0;
    uint32_t count = 0;
    sim_timeline_init(&timeline, &fault, 1, 99);
    while (sim_timeline_next(&timeline, UINT64_MAX, &firing)) {
        double gap = 1e-6 * (double)(firing.time_ns - last_ns);
        cr_assert(firing.time_ns > last_ns && firing.time_ns < fault.until_ns);
        cr_assert_eq(firing.number, count);
        last_ns = firing.time_ns;
        sum += gap;
        squares += gap * gap;
        count++;
    }
    double mean = sum / count;
    double variance = squares / count - mean * mean;
    cr_expect(count > 9600 && count < 10400, "%u departures", count);
    cr_expect(mean > 0.96 && mean < 1.04, "mean gap %f ms", mean);
    cr_expect(variance > 0.9 && variance < 1.1, "variance of the gaps %f", variance);
    sim_timeline_finish(&timeline);
}
