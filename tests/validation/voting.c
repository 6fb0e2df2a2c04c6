// SPDX-License-Identifier: GPL-3.0-or-later
#include "voting.h"

#include <assert.h>

#define MESSAGES_MAX 4096

struct voter {
    int term;
    int vote;  // in this term; -1: none
    int votes;
    int entries;
    bool stands;
    double due_ms;
};

struct message {
    double due_ms;
    int from;
    int to;
    int term;
    int entries;
    bool answer;
    bool granted;
};

struct election {
    const struct voting *voting;
    struct voter voters[VOTING_SERVERS_MAX];
    struct message messages[MESSAGES_MAX];
    int message_count;
    double now_ms;
    uint64_t random;
};

// SplitMix64, as in reading.c.
static uint64_t draw(struct election *election)
{
    uint64_t mixed = election->random += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return mixed ^ mixed >> 31;
}

static double between(struct election *election, double low, double high)
{
    return low + (high - low) * (double)(draw(election) >> 11) / (double)(UINT64_C(1) << 53);
}

static double patience_ms(struct election *election)
{
    const struct voting *voting = election->voting;
    return election->now_ms + between(election, voting->timeout_ms_min, voting->timeout_ms_max);
}

static void send(struct election *election, struct message message)
{
    const struct voting *voting = election->voting;
    assert(election->message_count < MESSAGES_MAX);
    message.due_ms =
        election->now_ms + between(election, voting->latency_ms_min, voting->latency_ms_max);
    election->messages[election->message_count++] = message;
}

static void stand(struct election *election, int server)
{
    struct voter *voter = &election->voters[server];
    voter->term++;
    voter->vote = server;
    voter->votes = 1;
    voter->stands = true;
    voter->due_ms = patience_ms(election);
    for (int other = election->voting->failed; other < election->voting->servers; other++) {
        if (other != server) {
            send(election,
                 (struct message){
                     .from = server, .to = other, .term = voter->term, .entries = voter->entries});
        }
    }
}

// A higher term ends a candidacy; the timer runs on.
static void hear_term(struct voter *voter, int term)
{
    if (term > voter->term) {
        voter->term = term;
        voter->vote = -1;
        voter->stands = false;
    }
}

static void hear(struct election *election, const struct message *message)
{
    struct voter *voter = &election->voters[message->to];
    hear_term(voter, message->term);
    if (message->answer) {
        voter->votes += voter->stands && message->granted && message->term == voter->term;
        return;
    }
    bool granted = message->term == voter->term &&
                   (voter->vote == -1 || voter->vote == message->from) &&
                   message->entries >= voter->entries;
    if (granted) {
        voter->vote = message->from;
        voter->due_ms = patience_ms(election);
    }
    send(election, (struct message){.from = message->to,
                                    .to = message->from,
                                    .term = voter->term,
                                    .answer = true,
                                    .granted = granted});
}

// Who is the next to lose patience, and which message comes next; -1: none is under way.
static void find_next(const struct election *election, int *server, int *message)
{
    *server = election->voting->failed;
    *message = election->message_count == 0 ? -1 : 0;
    for (int i = *server; i < election->voting->servers; i++) {
        *server = election->voters[i].due_ms < election->voters[*server].due_ms ? i : *server;
    }
    for (int i = 1; i < election->message_count; i++) {
        bool sooner = election->messages[i].due_ms < election->messages[*message].due_ms;
        *message = sooner ? i : *message;
    }
}

static void prepare(struct election *election)
{
    const struct voting *voting = election->voting;
    for (int i = 0; i < voting->servers; i++) {
        election->voters[i] = (struct voter){.vote = -1, .entries = voting->logs_differ ? i : 0};
        election->voters[i].due_ms = patience_ms(election);
    }
    for (int i = voting->servers - 1; i > 0; i--) {  // Fisher and Yates
        int other = (int)(draw(election) % (uint64_t)(i + 1));
        int entries = election->voters[i].entries;
        election->voters[i].entries = election->voters[other].entries;
        election->voters[other].entries = entries;
    }
}

struct voting_end voting_hold(const struct voting *voting, uint64_t seed)
{
    assert(voting->servers <= VOTING_SERVERS_MAX && 2 * voting->failed < voting->servers);
    struct election election = {.voting = voting, .random = seed * 0xD1342543DE82EF95u};
    prepare(&election);
    for (;;) {
        int server;
        int next;
        find_next(&election, &server, &next);
        if (next < 0 || election.voters[server].due_ms < election.messages[next].due_ms) {
            election.now_ms = election.voters[server].due_ms;
            stand(&election, server);
            continue;
        }
        struct message message = election.messages[next];
        election.messages[next] = election.messages[--election.message_count];
        election.now_ms = message.due_ms;
        hear(&election, &message);
        if (2 * election.voters[message.to].votes > voting->servers &&
            election.voters[message.to].stands) {
            return (struct voting_end){election.now_ms, election.voters[message.to].term};
        }
    }
}
