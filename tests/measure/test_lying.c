// SPDX-License-Identifier: GPL-3.0-or-later
// What lies change of convergence, beside the noise, by hand.
#include <criterion/criterion.h>

#include "lying.h"

#define MS UINT64_C(1000000)

// Two updates that take 10 and 20 ms without lies: mean 15, deviation 7.07, its standard error 5.
static uint64_t shift_of(uint64_t first_ms, uint64_t second_ns, bool *known)
{
    struct sim_update_result updates[] = {
        {.theta_ns = first_ms * MS, .calm_theta_ns = 10 * MS},
        {.theta_ns = second_ns, .calm_theta_ns = 20 * MS},
        {.theta_ns = 7 * MS, .calm_theta_ns = SIM_TIME_NEVER},
    };
    const struct sim_result result = {.updates = updates, .update_count = 3};
    struct sim_expectation expectation = {.text = "convergence_shift < 2"};
    const struct sim_liar liar = {.behaviour = SIM_FLOODING};
    const struct sim_scenario scenario = {
        .expectations = &expectation, .expectation_count = 1, .liars = &liar, .liar_count = 1};
    uint64_t sample = 0;
    *known = sim_shift_of(&scenario, &result, &sample);
    return sample;
}

Test(lying, a_shift_is_the_difference_of_means_in_standard_errors_of_the_calm_run)
{
    bool known;
    cr_expect(shift_of(10, 20 * MS, &known) == 0 && known);
    uint64_t shift = shift_of(15, 25 * MS, &known);  // 5 ms later: one standard error
    cr_expect(known && shift > SIM_PPB - 10 && shift < SIM_PPB + 10);
    shift = shift_of(5, 5 * MS, &known);  // 10 ms sooner on average: two
    cr_expect(known && shift > 2 * SIM_PPB - 10 && shift < 2 * SIM_PPB + 10);
}

Test(lying, an_update_that_lies_keep_from_converging_is_beyond_all_noise)
{
    bool known;
    cr_expect_eq(shift_of(15, SIM_TIME_NEVER, &known), SIM_TIME_NEVER);
    cr_expect(known);
}

Test(lying, who_cannot_be_told_from_the_honest_is_said_to_be_so_and_why)
{
    struct sim_scenario scenario = {.duration_ns = 1000 * MS,
                                    .guard = {.threshold_ppb = 500000000, .rate = 100}};
    struct sim_liar liar = {.behaviour = SIM_SILENT};
    cr_expect_str_eq(sim_liar_unseen(&scenario, &liar), "silence looks like loss");
    liar.behaviour = SIM_FORGING;
    cr_expect_str_eq(sim_liar_unseen(&scenario, &liar), "updates are not signed");
    scenario.network.signature_bytes = MESH_SIGNATURE_BYTES;
    cr_expect_null(sim_liar_unseen(&scenario, &liar));
    liar.behaviour = SIM_FLOODING;
    cr_expect_null(sim_liar_unseen(&scenario, &liar));
    scenario.guard.rate = 0;
    cr_expect_not_null(sim_liar_unseen(&scenario, &liar));
    scenario.guard.threshold_ppb = 0;
    liar.behaviour = SIM_CORRUPTING;
    cr_expect_str_eq(sim_liar_unseen(&scenario, &liar), "nobody's reputation is ever too low");
}
