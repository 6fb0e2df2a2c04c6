// SPDX-License-Identifier: GPL-3.0-or-later
// What hosts do, added up by hand.
#include <criterion/criterion.h>
#include <inttypes.h>

#include "fixture.h"

// Two nodes on two hosts push nothing to each other, ten times a second, for three seconds. A push
// of no update has 21 bytes; UDP adds 28. Sending takes 120 + 800 ns, receiving 120 + 210.
Test(account, two_hosts_that_push_are_as_by_hand)
{
    struct shape shape = {.nodes = 2,
                          .fanout = 1,
                          .hosts = 2,
                          .latency = {SIM_CONSTANT, 1 * MS, 1 * MS},
                          .until_ns = 3000 * MS,
                          .seed = 11};
    struct outcome outcome;
    shape_run(&shape, SIM_QUEUE_WINDOWS, &outcome);
    cr_expect(outcome.counted_ns == outcome.reached_ns);
    for (uint32_t host = 0; host < 2; host++) {
        const struct sim_host_use *use = &outcome.hosts[host];
        cr_expect(use->work.bytes_out == 30 * 49 && use->work.bytes_in == 30 * 49);
        cr_expect(use->work.packets == 60);
        cr_expect(use->work.cpu_ps == 30 * UINT64_C(1250000), "%" PRIu64, use->work.cpu_ps);
        cr_expect(use->peak[SIM_PACKETS] == 20 && use->peak[SIM_BANDWIDTH] == 8 * 490);
        cr_expect(use->peak[SIM_CPU] == 12500);
        cr_expect(use->peak[SIM_CONNECTIONS] == 0, "datagrams have none");
    }
    outcome_finish(&outcome);
}

// On one host nothing reaches the network card; work is the same.
Test(account, what_stays_on_a_host_is_no_traffic_of_it)
{
    struct shape shape = {.nodes = 2,
                          .fanout = 1,
                          .latency = {SIM_CONSTANT, 1 * MS, 1 * MS},
                          .until_ns = 3000 * MS,
                          .seed = 11};
    struct outcome outcome;
    shape_run(&shape, SIM_QUEUE_WINDOWS, &outcome);
    const struct sim_host_work *work = &outcome.hosts[0].work;
    cr_expect(work->bytes_out == 0 && work->bytes_in == 0 && work->packets == 0);
    cr_expect(work->cpu_ps == 60 * UINT64_C(1250000));
    outcome_finish(&outcome);
}

// One write, signed for 19 us, reaches one other node, which verifies it for 48.
Test(account, updates_are_signed_once_and_verified_once_by_each)
{
    struct shape shape = {.nodes = 2,
                          .fanout = 1,
                          .hosts = 2,
                          .latency = {SIM_CONSTANT, 1 * MS, 1 * MS},
                          .until_ns = 3000 * MS,
                          .seed = 11};
    struct outcome without;
    struct outcome with;
    shape_run(&shape, SIM_QUEUE_WINDOWS, &without);
    shape.writes = 1;
    shape_run(&shape, SIM_QUEUE_WINDOWS, &with);
    uint64_t sign_ps = with.hosts[0].work.cpu_ps - without.hosts[0].work.cpu_ps;
    uint64_t verify_ps = with.hosts[1].work.cpu_ps - without.hosts[1].work.cpu_ps;
    cr_expect(sign_ps == 19000000 && verify_ps == 48000000, "%" PRIu64 " and %" PRIu64, sign_ps,
              verify_ps);
    outcome_finish(&without);
    outcome_finish(&with);
}

// Warm, each of three nodes has two peers. Cold, they come to have them.
Test(account, connections_are_counted_at_both_ends)
{
    struct shape shape = {.nodes = 3,
                          .fanout = 2,
                          .hosts = 3,
                          .latency = {SIM_CONSTANT, 1 * MS, 1 * MS},
                          .until_ns = 2000 * MS,
                          .carrier = 1 + SIM_QUIC};
    for (int cold = 0; cold < 2; cold++) {
        struct outcome outcome;
        shape.connections.cold = cold != 0;
        shape_run(&shape, SIM_QUEUE_WINDOWS, &outcome);
        for (uint32_t host = 0; host < 3; host++) {
            cr_expect(outcome.hosts[host].peak[SIM_CONNECTIONS] == 2, "host %u, cold %d", host,
                      cold);
        }
        outcome_finish(&outcome);
    }
}

// Nobody writes: every OPEN of 37 bytes that arrives is unanswered. Once somebody has, those in
// which something was new are not idle.
Test(account, an_exchange_that_carried_nothing_is_idle)
{
    struct shape shape = {.nodes = 20,
                          .mode = MESH_PUSH_PULL,
                          .latency = {SIM_CONSTANT, 1 * MS, 1 * MS},
                          .until_ns = 1000 * MS};
    struct outcome outcome;
    shape_run(&shape, SIM_QUEUE_WINDOWS, &outcome);
    struct sim_counters open = outcome_sum(&outcome, MESH_MESSAGE_OPEN);
    cr_expect(open.idle == open.delivered && open.idle_bytes == 37 * open.idle);
    cr_expect(open.digest_bytes == open.bytes);
    outcome_finish(&outcome);
    shape.writes = 30;
    shape.write_every_ns = 20 * MS;
    shape_run(&shape, SIM_QUEUE_WINDOWS, &outcome);
    open = outcome_sum(&outcome, MESH_MESSAGE_OPEN);
    struct sim_counters answer = outcome_sum(&outcome, MESH_MESSAGE_ANSWER);
    cr_expect(open.idle > 0 && open.idle + answer.messages <= open.delivered);
    cr_expect(answer.idle == 0, "an answer opens nothing");
    outcome_finish(&outcome);
}
