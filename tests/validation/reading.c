// SPDX-License-Identifier: GPL-3.0-or-later
#include "reading.h"

#include <assert.h>

#define NEVER INT32_MAX

struct site {
    int learnt;      // the cycle in which it got the update; NEVER
    int count;       // calls held against the rumour
    bool infective;  // was so at the start of the cycle
    bool useful;     // pull: one of this cycle's answers was news
    bool useless;    // pull: one was not
};

struct epidemic {
    enum reading reading;
    int k;
    int site_count;
    struct site sites[READING_SITES_MAX];
    int known;
    int copies;
    int cycle;
    uint64_t random;
};

// Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014: SplitMix64.
static uint64_t draw(uint64_t *state)
{
    uint64_t mixed = *state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return mixed ^ mixed >> 31;
}

// Uniform among the others, to 1 in 2^22.
static struct site *partner_of(struct epidemic *epidemic, int caller)
{
    uint64_t others = (uint64_t)epidemic->site_count - 1;
    int partner = (int)((draw(&epidemic->random) >> 32) * others >> 32);
    return &epidemic->sites[partner + (partner >= caller)];
}

// A copy goes to `receiver`; whether it is news there.
static bool send_copy(struct epidemic *epidemic, struct site *receiver)
{
    bool known = receiver->learnt != NEVER;
    bool news =
        epidemic->reading == READING_IN_SEQUENCE ? !known : receiver->learnt >= epidemic->cycle;
    epidemic->copies++;
    if (!known) {
        receiver->learnt = epidemic->cycle;
        epidemic->known++;
    }
    return news;
}

static void judge(const struct epidemic *epidemic, struct site *sender, bool news)
{
    if (!news) {
        sender->count++;
    } else if (epidemic->reading != READING_WITHOUT_RESET) {
        sender->count = 0;
    }
}

static void push_cycle(struct epidemic *epidemic)
{
    for (int caller = 0; caller < epidemic->site_count; caller++) {
        struct site *sender = &epidemic->sites[caller];
        if (sender->infective) {
            judge(epidemic, sender, send_copy(epidemic, partner_of(epidemic, caller)));
        }
    }
}

static void pull_cycle(struct epidemic *epidemic)
{
    for (int caller = 0; caller < epidemic->site_count; caller++) {
        struct site *sender = partner_of(epidemic, caller);
        if (sender->infective) {
            bool news = send_copy(epidemic, &epidemic->sites[caller]);
            sender->useful |= news;
            sender->useless |= !news;
        }
    }
    for (int i = 0; i < epidemic->site_count; i++) {
        struct site *sender = &epidemic->sites[i];
        if (sender->useful || sender->useless) {
            judge(epidemic, sender, sender->useful);
        }
        sender->useful = sender->useless = false;
    }
}

// Who has got it in this cycle calls, or answers, from the next on. Returns how many do.
static int end_cycle(struct epidemic *epidemic)
{
    int infective = 0;
    for (int i = 0; i < epidemic->site_count; i++) {
        struct site *site = &epidemic->sites[i];
        site->infective = site->learnt != NEVER && site->count < epidemic->k;
        infective += site->infective;
    }
    return infective;
}

struct reading_run reading_simulate(enum reading reading, bool pull, int sites, int k,
                                    uint64_t seed)
{
    assert(sites >= 2 && sites <= READING_SITES_MAX);
    struct epidemic epidemic = {.reading = reading, .k = k, .site_count = sites, .known = 1};
    epidemic.random = seed * 0xD1342543DE82EF95u;  // seeds 0, 1, 2 ... start far apart
    epidemic.sites[0].infective = true;            // from a user, before the first cycle
    for (int site = 1; site < sites; site++) {
        epidemic.sites[site].learnt = NEVER;
    }
    int last_cycle = 0;
    do {
        int known = epidemic.known;
        epidemic.cycle++;
        if (pull) {
            pull_cycle(&epidemic);
        } else {
            push_cycle(&epidemic);
        }
        last_cycle = epidemic.known > known ? epidemic.cycle : last_cycle;
    } while (end_cycle(&epidemic) > 0);
    return (struct reading_run){
        .residue = (double)(sites - epidemic.known) / sites,
        .traffic = (double)epidemic.copies / sites,
        .last_cycle = last_cycle,
    };
}
