// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes on the wire by pair class and by kind of message, and what hosts use of what they have.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "blocks.h"
#include "resources.h"

static const char *units[SIM_RESOURCE_COUNT] = {
    [SIM_CPU] = "",    [SIM_PACKETS] = " packets/s",       [SIM_BANDWIDTH] = "",
    [SIM_MEMORY] = "", [SIM_CONNECTIONS] = " connections",
};

static struct sim_word mean_bytes(uint64_t sum, const struct sim_summary *summary)
{
    uint32_t runs = summary->run_count > 0 ? summary->run_count : 1;
    return sim_word_count((sum + runs / 2) / runs);
}

static uint64_t of_pair(const struct sim_summary *summary, uint32_t pair)
{
    uint64_t bytes = 0;
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        bytes += sim_traffic_wire_bytes(&summary->traffic[kind][pair]);
    }
    return bytes;
}

static uint64_t of_kind(const struct sim_summary *summary, uint32_t kind)
{
    uint64_t bytes = 0;
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        bytes += sim_traffic_wire_bytes(&summary->traffic[kind][pair]);
    }
    return bytes;
}

static void print_line(const struct sim_page *page, const char *text)
{
    fputs("  ", page->output);
    sim_page_paragraph(page, 2, 4, text);
}

static void print_pairs(const struct sim_page *page, const struct sim_summary *summary)
{
    char text[512] = "";
    uint64_t outside = 0;
    sim_words_append(text, sizeof text, "on the wire, bytes:");
    const char *separator = " ";
    for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
        uint64_t bytes = of_pair(summary, pair);
        outside += pair == SIM_SAME_HOST ? 0 : bytes;
        if (bytes > 0) {
            sim_words_append(text, sizeof text, "%s%s %s", separator,
                             sim_pair_class_name((enum sim_pair_class)pair),
                             mean_bytes(bytes, summary).text);
            separator = ", ";
        }
    }
    sim_words_append(text, sizeof text, "; %s leave a host", mean_bytes(outside, summary).text);
    print_line(page, text);
}

static void print_kinds(const struct sim_page *page, const struct sim_summary *summary)
{
    char text[1024] = "";
    const char *separator = " ";
    sim_words_append(text, sizeof text, "of these");
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        uint64_t bytes = of_kind(summary, kind);
        if (bytes > 0) {
            sim_words_append(text, sizeof text, "%s%s %s", separator, sim_message_name(kind),
                             mean_bytes(bytes, summary).text);
            separator = ", ";
        }
    }
    print_line(page, text);
}

static struct sim_word metric(const struct sim_summary *summary, enum sim_metric_id id)
{
    double mean = summary->statistics[id].mean;
    return isnan(mean) ? sim_word_number(mean) : sim_word_count((uint64_t)llround(mean));
}

static void print_parts(const struct sim_page *page, const struct sim_summary *summary)
{
    char text[512] = "";
    sim_words_append(text, sizeof text, "digests: %s of the encoded bytes",
                     metric(summary, SIM_DIGEST_BYTES).text);
    print_line(page, text);
    text[0] = '\0';
    sim_words_append(text, sizeof text,
                     "idle: %s of the encoded bytes, in messages that brought nothing and that "
                     "nothing answered",
                     metric(summary, SIM_IDLE_BYTES).text);
    print_line(page, text);
    if (summary->statistics[SIM_HANDSHAKES].max > 0) {
        text[0] = '\0';
        sim_words_append(text, sizeof text, "handshakes: %s, %s bytes",
                         metric(summary, SIM_HANDSHAKES).text,
                         metric(summary, SIM_HANDSHAKE_BYTES).text);
        print_line(page, text);
    }
    if (summary->statistics[SIM_SAVED_BYTES].max > 0) {
        text[0] = '\0';
        sim_words_append(text, sizeof text, "compression: %s of the encoded bytes saved",
                         metric(summary, SIM_SAVED_BYTES).text);
        print_line(page, text);
    }
}

static uint64_t broken_in(const struct sim_summary *summary, bool altered)
{
    uint64_t count = 0;
    for (uint32_t kind = 0; kind < MESH_MESSAGE_KIND_COUNT; kind++) {
        for (uint32_t pair = 0; pair < SIM_PAIR_CLASS_COUNT; pair++) {
            const struct sim_traffic *traffic = &summary->traffic[kind][pair];
            count += altered ? traffic->altered : traffic->corrupted;
        }
    }
    return count;
}

static void print_broken(const struct sim_page *page, const struct sim_summary *summary)
{
    uint64_t altered = broken_in(summary, true);
    uint64_t thrown = broken_in(summary, false);
    char text[512] = "";
    if (altered + thrown == 0) {
        return;
    }
    sim_words_append(text, sizeof text, "broken on their way: %s noticed and thrown away",
                     sim_word_count(thrown).text);
    if (altered > 0) {
        sim_words_append(text, sizeof text,
                         ", %s NOT NOTICED on their way; refused by nodes: %s messages",
                         sim_word_count(altered).text, metric(summary, SIM_REFUSED_MESSAGES).text);
    }
    print_line(page, text);
}

static void print_waits(const struct sim_page *page, const struct sim_scenario *scenario,
                        const struct sim_summary *summary)
{
    char text[512] = "";
    if (scenario->network.cores_per_host == 0) {
        return;
    }
    sim_words_append(text, sizeof text,
                     "processors, %" PRIu32 " a host: what arrives waits for one, on average "
                     "%.6g ms, at most %.6g ms",
                     scenario->network.cores_per_host, summary->statistics[SIM_CPU_WAIT_MS].mean,
                     summary->statistics[SIM_CPU_WAIT_MAX_MS].max);
    print_line(page, text);
}

static void append_use(char *text, size_t capacity, const struct sim_tier_use *use,
                       enum sim_resource resource)
{
    double share = sim_tier_share(use, resource);
    if (isnan(share)) {
        sim_words_append(text, capacity, "%s%s", sim_word_count(use->peak[resource]).text,
                         units[resource]);
    } else {
        sim_words_append(text, capacity, "%s %s", sim_resource_name(resource),
                         sim_word_percent(share).text);
    }
}

static void print_tier(const struct sim_page *page, const struct sim_scenario *scenario,
                       const struct sim_tier_use *use, enum sim_tier tier)
{
    char text[512] = "";
    sim_words_append(text, sizeof text,
                     "%s hosts: %" PRIu32 " x %s; the fullest, at its peak: ", sim_tier_name(tier),
                     use->hosts, scenario->instances[tier].name);
    for (enum sim_resource resource = 0; resource < SIM_RESOURCE_COUNT; resource++) {
        sim_words_append(text, sizeof text, "%s", resource == 0 ? "" : ", ");
        append_use(text, sizeof text, use, resource);
    }
    struct sim_saturation first = sim_saturation_of(use);
    if (first.resource == SIM_RESOURCE_COUNT) {
        sim_words_append(text, sizeof text, "; nothing saturates");
    } else if (first.share > 1) {
        sim_words_append(text, sizeof text, "; %s is over its limit by %sx, and is not slowed down",
                         sim_resource_name(first.resource), sim_word_number(first.share).text);
    } else {
        sim_words_append(text, sizeof text, "; %s saturates first, at %sx this load",
                         sim_resource_name(first.resource), sim_word_number(first.factor).text);
    }
    print_line(page, text);
}

void sim_block_resources(const struct sim_page *page, const struct sim_finding *finding)
{
    const struct sim_summary *summary = &finding->summary;
    print_pairs(page, summary);
    print_kinds(page, summary);
    print_parts(page, summary);
    print_broken(page, summary);
    print_waits(page, finding->cell->scenario, summary);
    for (enum sim_tier tier = 0; tier < SIM_TIER_COUNT; tier++) {
        if (summary->tiers[tier].hosts > 0) {
            print_tier(page, finding->cell->scenario, &summary->tiers[tier], tier);
        }
    }
}
