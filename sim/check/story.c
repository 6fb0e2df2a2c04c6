// SPDX-License-Identifier: GPL-3.0-or-later
#include "story.h"

#include <inttypes.h>

#include "mesh/raft.h"

void sim_story_note(struct sim_story *story, const struct sim_raft_note *note)
{
    story->notes[story->count++ % SIM_STORY_NOTES] = *note;
}

static const char *entry_name(uint8_t kind)
{
    static const char *const names[MESH_RAFT_KIND_COUNT] = {
        [MESH_RAFT_NOOP] = "no-op",
        [MESH_RAFT_MEMBERS] = "members",
        [MESH_RAFT_COMMAND] = "command",
        [MESH_RAFT_BRIDGES] = "bridges",
    };
    return kind < MESH_RAFT_KIND_COUNT ? names[kind] : "unknown";
}

static void tell_role(const struct sim_raft_note *note, FILE *output)
{
    static const char *const names[] = {
        [MESH_RAFT_FOLLOWER] = "follows",
        [MESH_RAFT_PRECANDIDATE] = "asks whether it could win, still",
        [MESH_RAFT_CANDIDATE] = "stands for election",
        [MESH_RAFT_LEADER] = "LEADS",
    };
    fprintf(output, "%s in term %" PRIu64, names[note->content & 3], note->term);
    if (note->content == MESH_RAFT_FOLLOWER && note->other != MESH_NODE_NONE) {
        fprintf(output, ", node %" PRIu64, note->other);
    }
}

static void tell(const struct sim_raft_note *note, FILE *output)
{
    fprintf(output, "  %8" PRIu64 ".%03" PRIu64 " ms  node %-8" PRIu32 " ", note->time_ns / 1000000,
            note->time_ns / 1000 % 1000, note->node);
    switch ((enum sim_raft_note_kind)note->kind) {
    case SIM_RAFT_STARTED:
        fprintf(output, "starts in term %" PRIu64 ", its log ends at %" PRIu64 "%s", note->term,
                note->index, note->content != 0 ? ", its disk is lost" : "");
        break;
    case SIM_RAFT_CRASHED: fprintf(output, "crashes in term %" PRIu64, note->term); break;
    case SIM_RAFT_ROLE: tell_role(note, output); break;
    case SIM_RAFT_CUT: fprintf(output, "its log ends at %" PRIu64 " now", note->index); break;
    case SIM_RAFT_ENTRY:
        fprintf(output,
                "has entry %" PRIu64 " of term %" PRIu64 " (%s) behind one of term %" PRIu64,
                note->index, note->term, entry_name(note->entry_kind), note->other);
        break;
    case SIM_RAFT_COMMITTED:
        fprintf(output, "applies entry %" PRIu64 " of term %" PRIu64 " (%s), in term %" PRIu64,
                note->index, note->term, entry_name(note->entry_kind), note->other);
        break;
    case SIM_RAFT_RESTORED:
        fprintf(output, "has a snapshot up to %" PRIu64 " of term %" PRIu64, note->index,
                note->term);
        break;
    case SIM_RAFT_BRIDGE:
        fprintf(output, "is %s active bridge", note->content != 0 ? "an" : "no longer an");
        break;
    case SIM_RAFT_EXCHANGED: fprintf(output, "hears from another region"); break;
    case SIM_RAFT_ASKED: fprintf(output, "is asked for read %" PRIu64, note->index); break;
    case SIM_RAFT_ANSWERED:
        fprintf(output, "answers read %" PRIu64 " as of entry %" PRIu64 ", having applied %" PRIu64,
                note->index, note->content, note->other);
        break;
    case SIM_RAFT_NOTE_COUNT: break;
    }
    fputc('\n', output);
}

void sim_story_tell(const struct sim_story *story, FILE *output)
{
    uint64_t first = story->count > SIM_STORY_NOTES ? story->count - SIM_STORY_NOTES : 0;
    for (uint64_t i = first; i < story->count; i++) {
        tell(&story->notes[i % SIM_STORY_NOTES], output);
    }
}
