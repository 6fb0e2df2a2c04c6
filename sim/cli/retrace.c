// SPDX-License-Identifier: GPL-3.0-or-later
#include "retrace.h"

#include <inttypes.h>

#include "text.h"

// One repetition under way. A checkpoint is compared when the next window has begun: the run's last
// one may come at the same time, and takes its place.
struct following {
    struct sim_retrace *retrace;
    const struct sim_recorded_repetition *recorded;
    uint32_t next;  // checkpoint to be compared
    bool cut;       // ends before the recorded repetition does
    uint64_t equal_until_ns;
    bool has_pending;
    struct sim_checkpoint pending;
};

static void diverge(struct following *following, const struct sim_checkpoint *recorded,
                    const struct sim_checkpoint *now)
{
    struct sim_divergence *divergence = &following->retrace->divergence;
    *divergence = (struct sim_divergence){
        .found = true,
        .repetition = following->recorded->repetition,
        .ordinal = following->next,
        .recorded_count = following->recorded->checkpoint_count,
        .has_recorded = recorded != NULL,
        .has_now = now != NULL,
    };
    if (recorded != NULL) {
        divergence->recorded = *recorded;
    }
    if (now != NULL) {
        divergence->now = *now;
    }
    divergence->equal_until_ns = following->equal_until_ns;
}

static void compare_pending(struct following *following)
{
    const struct sim_recorded_repetition *recorded = following->recorded;
    const struct sim_checkpoint *now = &following->pending;
    if (!following->has_pending || following->retrace->divergence.found ||
        (following->cut && now->time_ns >= recorded->simulated_ns)) {
        return;
    }
    following->has_pending = false;
    const struct sim_checkpoint *then = following->next < recorded->checkpoint_count
                                            ? &recorded->checkpoints[following->next]
                                            : NULL;
    if (then == NULL || then->time_ns != now->time_ns || then->events != now->events ||
        then->fingerprint != now->fingerprint) {
        diverge(following, then, now);
        return;
    }
    following->next++;
    following->equal_until_ns = now->time_ns;
    following->retrace->compared++;
}

static void see_checkpoint(void *context, const struct sim_checkpoint *checkpoint, bool last)
{
    struct following *following = context;
    if (last && following->cut) {
        return;  // where the run was cut; the recorded one went on
    }
    if (following->pending.time_ns != checkpoint->time_ns) {
        compare_pending(following);
    }
    following->pending = *checkpoint;
    following->has_pending = true;
}

static bool see_window(void *context, uint64_t time_ns)
{
    struct following *following = context;
    const struct sim_watcher *watcher = following->retrace->watcher;
    if (following->pending.time_ns < time_ns) {
        compare_pending(following);
    }
    bool enough =
        watcher != NULL && watcher->window != NULL && watcher->window(watcher->context, time_ns);
    return enough || following->retrace->divergence.found;
}

static void see_changes(void *context, const struct sim_world *world,
                        const struct mesh_table *table, const uint32_t *write_of_lane,
                        const struct sim_change *changes, uint32_t count)
{
    const struct sim_watcher *watcher = ((struct following *)context)->retrace->watcher;
    if (watcher != NULL && watcher->changes != NULL) {
        watcher->changes(watcher->context, world, table, write_of_lane, changes, count);
    }
}

static void see_transitions(void *context, const struct sim_transition *transitions, uint32_t count)
{
    const struct sim_watcher *watcher = ((struct following *)context)->retrace->watcher;
    if (watcher != NULL && watcher->transitions != NULL) {
        watcher->transitions(watcher->context, transitions, count);
    }
}

static void see_ruled(void *context, const struct sim_rule *rule)
{
    const struct sim_watcher *watcher = ((struct following *)context)->retrace->watcher;
    if (watcher != NULL && watcher->ruled != NULL) {
        watcher->ruled(watcher->context, rule);
    }
}

static void see_notes(void *context, const struct sim_note *notes, uint32_t count)
{
    const struct sim_watcher *watcher = ((struct following *)context)->retrace->watcher;
    if (watcher != NULL && watcher->notes != NULL) {
        watcher->notes(watcher->context, notes, count);
    }
}

bool sim_retrace_run(struct sim_retrace *retrace, uint32_t repetition, struct sim_result *result,
                     struct sim_error *error)
{
    const struct sim_recorded_repetition *recorded = &retrace->recording->repetitions[repetition];
    struct following following = {
        .retrace = retrace,
        .recorded = recorded,
        .cut = retrace->until_ns > 0 && retrace->until_ns < recorded->simulated_ns,
    };
    const struct sim_watcher watcher = {
        .context = &following,
        .changes = see_changes,
        .transitions = see_transitions,
        .ruled = see_ruled,
        .notes = retrace->watcher != NULL && retrace->watcher->notes != NULL ? see_notes : NULL,
        .checkpoint = see_checkpoint,
        .window = see_window,
    };
    struct sim_run_options options = retrace->options;
    options.watcher = &watcher;
    options.until_ns = following.cut           ? retrace->until_ns
                       : recorded->interrupted ? recorded->simulated_ns
                                               : 0;
    if (!sim_run(retrace->scenario, repetition, &options, result, error)) {
        if (!result->invalid) {
            return false;
        }
        *error = (struct sim_error){0};  // it is the run that it was
    }
    if (options.interrupted != NULL && *options.interrupted) {
        return true;
    }
    compare_pending(&following);
    if (!following.cut && !retrace->divergence.found &&
        following.next < recorded->checkpoint_count) {
        diverge(&following, &recorded->checkpoints[following.next], NULL);
    }
    return true;
}

static void append_checkpoint(const char *when, bool exists,
                              const struct sim_checkpoint *checkpoint, char *text, size_t capacity)
{
    if (!exists) {
        sim_words_append(text, capacity, "; %s it had ended", when);
        return;
    }
    sim_words_append(text, capacity, "; %s %s events and %016" PRIx64, when,
                     sim_word_count(checkpoint->events).text, checkpoint->fingerprint);
}

void sim_divergence_append(const struct sim_divergence *divergence, char *text, size_t capacity)
{
    const struct sim_checkpoint *at =
        divergence->has_recorded ? &divergence->recorded : &divergence->now;
    sim_words_append(text, capacity,
                     "checkpoint %" PRIu32 " of %" PRIu32 ", at %s ms of "
                     "repetition %" PRIu32,
                     divergence->ordinal + 1, divergence->recorded_count,
                     sim_word_exact_ms(at->time_ns).text, divergence->repetition);
    append_checkpoint("recorded", divergence->has_recorded, &divergence->recorded, text, capacity);
    if (divergence->has_recorded && divergence->has_now &&
        divergence->recorded.time_ns != divergence->now.time_ns) {
        sim_words_append(text, capacity, "; now at %s ms",
                         sim_word_exact_ms(divergence->now.time_ns).text);
    }
    append_checkpoint("now", divergence->has_now, &divergence->now, text, capacity);
    if (divergence->ordinal > 0) {
        sim_words_append(text, capacity, "; equal up to %s ms",
                         sim_word_exact_ms(divergence->equal_until_ns).text);
    }
}
