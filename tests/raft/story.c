// SPDX-License-Identifier: GPL-3.0-or-later
#include "story.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

#define LINE_BYTES 200

struct story {
    char (*lines)[LINE_BYTES];
    uint32_t lines_max;
    uint64_t count;
};

struct story *story_create(uint32_t lines_max)
{
    struct story *story = lab_zeroed(1, sizeof *story);
    story->lines = lab_zeroed(lines_max, LINE_BYTES);
    story->lines_max = lines_max;
    return story;
}

void story_destroy(struct story *story)
{
    free(story->lines);
    free(story);
}

void story_print(const struct story *story, FILE *file)
{
    uint64_t first = story->count > story->lines_max ? story->count - story->lines_max : 0;
    if (first > 0) {
        fprintf(file, "... %lu lines\n", first);
    }
    for (uint64_t i = first; i < story->count; i++) {
        fprintf(file, "%s\n", story->lines[i % story->lines_max]);
    }
}

static char *new_line(struct story *story)
{
    char *line = story->lines[story->count++ % story->lines_max];
    line[0] = '\0';
    return line;
}

__attribute__((format(printf, 2, 3))) static void add(char *line, const char *format, ...)
{
    size_t used = strlen(line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + used, LINE_BYTES - used, format, arguments);
    va_end(arguments);
}

static char *begin(struct story *story, const struct lab *lab)
{
    char *line = new_line(story);
    add(line, "%5lu.%03lu ms  ", lab->now_ns / LAB_MS, lab->now_ns % LAB_MS / LAB_US);
    return line;
}

void story_tell(struct story *story, const struct lab *lab, const char *format, ...)
{
    char *line = begin(story, lab);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + strlen(line), LINE_BYTES - strlen(line), format, arguments);
    va_end(arguments);
}

static int name(uint32_t server)
{
    return server == MESH_NODE_NONE ? '-' : 'A' + (int)server;
}

static void add_places(char *line, uint32_t places)
{
    for (; places != 0; places &= places - 1) {
        add(line, "%c", name((uint32_t)__builtin_ctz(places)));
    }
}

// ---- What messages say ----

static void add_entry(char *line, uint64_t index, const struct mesh_raft_entry *entry)
{
    struct mesh_raft_members members;
    add(line, " %lu/%lu", index, entry->term);
    switch ((enum mesh_raft_kind)entry->kind) {
    case MESH_RAFT_NOOP: add(line, " no-op"); break;
    case MESH_RAFT_COMMAND: add(line, " command %lu", entry->data[0]); break;
    case MESH_RAFT_BRIDGES:
        add(line, " bridges ");
        add_places(line, (uint32_t)entry->data[0]);
        break;
    case MESH_RAFT_MEMBERS:
        members = mesh_raft_members_of(entry->data[0]);
        add(line, " members ");
        add_places(line, members.voters);
        add(line, members.learners == 0 ? "" : ", learners ");
        add_places(line, members.learners);
        break;
    default: break;
    }
}

static void add_append(char *line, const struct mesh_message *message)
{
    const struct mesh_raft_head *head = mesh_raft_heard(message);
    add(line, message->update_count == 0 ? "HEARTBEAT %lu" : "APPEND %lu", head->round);
    add(line, " of term %lu behind %lu/%lu", head->term, head->index, head->index_term);
    for (uint32_t i = 0; i < message->update_count; i++) {
        add(line, "%s", i == 0 ? ":" : ",");
        add_entry(line, head->index + 1 + i, mesh_raft_carried(message, i));
    }
    add(line, ", committed %lu", head->commit);
    if (head->life != 0) {
        add(line, ", life %u is cleared", head->life);
    }
}

static void add_append_reply(char *line, const struct mesh_message *message)
{
    const struct mesh_raft_head *head = mesh_raft_heard(message);
    const char *forgot = (head->flags & MESH_RAFT_FORGOT) != 0 ? ", having forgotten all" : "";
    if ((head->flags & MESH_RAFT_GRANTED) != 0) {
        add(line, "OK %lu in term %lu: stored to %lu, received to %lu%s", head->round, head->term,
            head->index, head->commit, forgot);
    } else {
        add(line, "NO %lu in term %lu: not behind %lu; hint %lu/%lu%s", head->round, head->term,
            head->commit, head->index, head->index_term, forgot);
    }
}

static void add_message(char *line, const struct mesh_message *message)
{
    const struct mesh_raft_head *head = mesh_raft_heard(message);
    const char *pre = (head->flags & MESH_RAFT_PRE) != 0 ? "PRE-" : "";
    switch ((enum mesh_message_kind)message->kind) {
    case MESH_MESSAGE_RAFT_VOTE:
        add(line, "%sVOTE for term %lu, log ends at %lu/%lu%s", pre, head->term, head->index,
            head->index_term,
            (head->flags & MESH_RAFT_HANDOVER) != 0 ? ", the leader wants it" : "");
        break;
    case MESH_MESSAGE_RAFT_VOTE_REPLY:
        add(line, "%s%s in term %lu", pre, (head->flags & MESH_RAFT_GRANTED) != 0 ? "YES" : "NO",
            head->term);
        break;
    case MESH_MESSAGE_RAFT_APPEND: add_append(line, message); break;
    case MESH_MESSAGE_RAFT_APPEND_REPLY: add_append_reply(line, message); break;
    case MESH_MESSAGE_RAFT_SNAPSHOT:
        add(line, "SNAPSHOT of term %lu to %lu/%lu, bytes %u to %u of %u", head->term, head->index,
            head->index_term, head->offset, head->offset + head->bytes, head->total);
        break;
    case MESH_MESSAGE_RAFT_SNAPSHOT_REPLY:
        add(line, "MORE of snapshot %lu from byte %u on", head->index, head->total);
        break;
    case MESH_MESSAGE_RAFT_TIMEOUT_NOW:
        add(line, "LEAD NOW, in my place of term %lu", head->term);
        break;
    default: break;
    }
}

// ---- What came of it ----

static const char *const roles[] = {"a follower", "a pre-candidate", "a candidate", "the leader"};

static const char *const refusals[] = {
    [MESH_RAFT_NOT_LEADER] = "it does not lead",
    [MESH_RAFT_TRANSFERRING] = "leadership is on its way",
    [MESH_RAFT_FULL] = "it is full",
    [MESH_RAFT_UNSETTLED] = "something is not committed yet",
    [MESH_RAFT_POINTLESS] = "it would change nothing, or must not be",
    [MESH_RAFT_TOO_SLOW] = "it took too long",
    [MESH_RAFT_DEPOSED] = "it leads no more",
};

static void add_send(char *line, const struct lab *lab, const struct mesh_record *record)
{
    add(line, "to ");
    for (uint32_t i = 0; i < record->send.target_count; i++) {
        add(line, "%c", name(lab->output.targets[record->send.target_first + i]));
    }
    add(line, ": ");
    add_message(line, record->send.message);
}

static void add_persist(char *line, const struct mesh_raft *raft, const struct mesh_record *record)
{
    add(line, "writes #%u: term %lu, vote %c", record->raft_persist.number, raft->term,
        name(raft->vote));
    if (record->raft_persist.snapshot) {
        add(line, ", snapshot to %lu/%lu", raft->snapshot.index, raft->snapshot.term);
    }
    if (record->raft_persist.count > 0) {
        add(line, ", entries %lu to %lu", record->raft_persist.index_first,
            record->raft_persist.index_first + record->raft_persist.count - 1);
    }
}

static void add_record(char *line, const struct lab *lab, const struct mesh_event *event,
                       const struct mesh_record *record)
{
    switch ((enum mesh_record_kind)record->kind) {
    case MESH_RECORD_SEND: add_send(line, lab, record); break;
    case MESH_RECORD_RAFT_ROLE:
        add(line, "is %s in term %lu", roles[record->raft_role.role], record->raft_role.term);
        if (record->raft_role.role == MESH_RAFT_FOLLOWER) {
            add(line, record->raft_role.leader == MESH_NODE_NONE ? " of nobody" : " of %c",
                name(record->raft_role.leader));
        }
        break;
    case MESH_RECORD_RAFT_ACCEPT:
        add(line, "takes it as entry %lu of term %lu", record->raft_accept.index,
            record->raft_accept.term);
        break;
    case MESH_RECORD_RAFT_REFUSE:
        add(line, "refuses: %s", refusals[record->raft_refuse.reason]);
        break;
    case MESH_RECORD_RAFT_RESTORE:
        add(line, "takes over the state as of %lu", record->raft_restore.index);
        break;
    case MESH_RECORD_RAFT_COMMIT:
        add(line, "applies %lu to %lu", record->raft_commit.index_first,
            record->raft_commit.index_first + record->raft_commit.count - 1);
        break;
    case MESH_RECORD_RAFT_READ:
        add(line, "answers read %lu as of entry %lu", record->raft_read.number,
            record->raft_read.index);
        break;
    case MESH_RECORD_RAFT_PERSIST: add_persist(line, &lab->rafts[event->node], record); break;
    case MESH_RECORD_RAFT_TIMER:
        add(line, "waits until %lu.%03lu ms", record->raft_timer.at_ns / LAB_MS,
            record->raft_timer.at_ns % LAB_MS / LAB_US);
        break;
    case MESH_RECORD_REJECT: add(line, "rejects it"); break;
    default: add(line, "does something else"); break;
    }
}

static void add_event(char *line, const struct lab *lab, const struct mesh_event *event)
{
    static const char *const changes[] = {"add", "add as learner", "remove", "demote"};
    const struct mesh_raft *raft = &lab->rafts[event->node];
    add(line, "%c  ", name(event->node));
    switch ((enum mesh_event_kind)event->kind) {
    case MESH_EVENT_RECEIVE:
        add(line, "hears %c: ", name(event->message->source));
        add_message(line, event->message);
        break;
    case MESH_EVENT_RAFT_START:
        add(line, "starts in term %lu, vote %c, snapshot to %lu, log to %lu%s", raft->term,
            name(raft->vote), raft->snapshot.index, raft->last,
            raft->forgot ? ", having lost its disk" : "");
        break;
    case MESH_EVENT_RAFT_TIMER: add(line, "is woken"); break;
    case MESH_EVENT_RAFT_STORED: add(line, "has written #%lu", event->number); break;
    case MESH_EVENT_RAFT_PROPOSE: add(line, "is asked to take a command"); break;
    case MESH_EVENT_RAFT_READ: add(line, "is asked read %lu", event->number); break;
    case MESH_EVENT_RAFT_CHANGE:
        add(line, "is asked to %s %c", changes[event->change.kind], name(event->change.node));
        break;
    case MESH_EVENT_RAFT_TRANSFER: add(line, "is asked to let %c lead", name(event->peer)); break;
    case MESH_EVENT_RAFT_COMPACT:
        add(line, "makes a snapshot of what it has applied, to %lu", event->compact->index);
        break;
    default: break;
    }
}

void story_step(struct story *story, const struct lab *lab, const struct mesh_event *event)
{
    add_event(begin(story, lab), lab, event);
    for (uint32_t i = 0; i < lab->output.record_count; i++) {
        char *line = new_line(story);
        add(line, "                ");
        add_record(line, lab, event, &lab->output.records[i]);
    }
}
