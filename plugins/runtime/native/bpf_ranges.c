/*
 * bpf_ranges.c: a seccomp program's comparisons of the system call's number, as a search in a
 * sorted list of ranges.
 *
 * Where the program loads the number, a run of jumps follows that depend on nothing else. It goes
 * the same way for all numbers between two of the constants in those jumps, so that one try for
 * each such interval tells where all numbers end up, whatever shape the jumps have. Neighbours
 * with the same end are one range, and the run is replaced by a balanced tree over the ranges. All
 * other instructions are copied.
 *
 * Jumps go forward only, and a conditional one by 255 at most. So the new program is written from
 * its end to its beginning: what a jump leads to is there already, and its distance known.
 */
#include "plugins/runtime/native/bpf_ranges.h"

#include <stdlib.h>
#include <string.h>

#define NOWHERE SIZE_MAX
#define JUMP_MAX 255

struct range {
    uint32_t first;
    size_t end; /* the instruction that follows the run, for numbers from first on */
};

struct writer {
    struct hull_arena *arena;
    const struct sock_filter *code;
    size_t count;
    struct sock_filter *out; /* backwards: the last instruction is out[0] */
    size_t length, capacity;
    size_t *stones; /* for each of out the latest stepping stone to it, or NOWHERE */
    size_t *places; /* of each instruction of code in out, or NOWHERE */
};

/* --- reading --------------------------------------------------------------------------------- */

static bool is_load_of_number(const struct sock_filter *in)
{
    return in->code == (BPF_LD | BPF_W | BPF_ABS) && in->k == 0;
}

static bool is_comparison(const struct sock_filter *in)
{
    return in->code == (BPF_JMP | BPF_JEQ | BPF_K) || in->code == (BPF_JMP | BPF_JGT | BPF_K) ||
           in->code == (BPF_JMP | BPF_JGE | BPF_K);
}

static bool is_return(const struct sock_filter *in)
{
    return in->code == (BPF_RET | BPF_K);
}

static bool is_jump(const struct sock_filter *in)
{
    return in->code == (BPF_JMP | BPF_JA);
}

static bool is_known(const struct sock_filter *in)
{
    return is_comparison(in) || is_return(in) || is_jump(in) ||
           in->code == (BPF_JMP | BPF_JSET | BPF_K) || in->code == (BPF_LD | BPF_W | BPF_ABS) ||
           in->code == (BPF_ALU | BPF_AND | BPF_K);
}

/* What the writer relies on, and the kernel asks for as well. */
static bool is_sound(const struct sock_filter *code, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sock_filter *in = &code[i];
        size_t left = count - i - 1, far = in->jt > in->jf ? in->jt : in->jf;
        bool conditional = BPF_CLASS(in->code) == BPF_JMP && !is_jump(in);
        if (!is_known(in) || (conditional && far >= left) || (is_jump(in) && in->k >= left) ||
            (left == 0 && !is_return(in)))
            return false;
    }
    return count > 0;
}

static size_t step(const struct sock_filter *code, size_t at, uint32_t number)
{
    const struct sock_filter *in = &code[at];
    if (is_jump(in))
        return at + 1 + in->k;
    bool holds = in->code == (BPF_JMP | BPF_JEQ | BPF_K)   ? number == in->k
                 : in->code == (BPF_JMP | BPF_JGT | BPF_K) ? number > in->k
                                                           : number >= in->k;
    return at + 1 + (holds ? in->jt : in->jf);
}

/* Where the run that begins at AT ends for NUMBER. */
static size_t follow(const struct sock_filter *code, size_t at, uint32_t number)
{
    while (is_comparison(&code[at]) || is_jump(&code[at]))
        at = step(code, at, number);
    return at;
}

static bool same_end(const struct sock_filter *code, size_t a, size_t b)
{
    return a == b || (is_return(&code[a]) && is_return(&code[b]) && code[a].k == code[b].k);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* The numbers at which one of the comparisons of the whole program can change its mind, sorted.
 * Those of other runs do no harm. */
static size_t find_borders(const struct writer *w, uint32_t *borders)
{
    size_t n = 0;
    borders[n++] = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (!is_comparison(&w->code[i]))
            continue;
        borders[n++] = w->code[i].k;
        if (w->code[i].k < UINT32_MAX)
            borders[n++] = w->code[i].k + 1;
    }
    qsort(borders, n, sizeof(*borders), by_value);
    return n;
}

/* The ranges of the run that begins at AT. */
static size_t find_ranges(const struct writer *w, size_t at, struct range **ret)
{
    uint32_t *borders = HULL_NEW_ARRAY(w->arena, uint32_t, 2 * w->count + 1);
    size_t border_count = find_borders(w, borders), n = 0;
    struct range *ranges = HULL_NEW_ARRAY(w->arena, struct range, border_count);
    for (size_t i = 0; i < border_count; i++) {
        size_t end = follow(w->code, at, borders[i]);
        if (n == 0 || !same_end(w->code, ranges[n - 1].end, end))
            ranges[n++] = (struct range){borders[i], end};
    }
    *ret = ranges;
    return n;
}

/* --- writing --------------------------------------------------------------------------------- */

static size_t put(struct writer *w, struct sock_filter in)
{
    if (w->length == w->capacity) {
        size_t more = w->capacity == 0 ? 256 : 2 * w->capacity;
        struct sock_filter *out = HULL_NEW_ARRAY(w->arena, struct sock_filter, more);
        size_t *stones = HULL_NEW_ARRAY(w->arena, size_t, more);
        if (w->length > 0) {
            memcpy(out, w->out, w->length * sizeof(*out));
            memcpy(stones, w->stones, w->length * sizeof(*stones));
        }
        w->out = out;
        w->stones = stones;
        w->capacity = more;
    }
    w->out[w->length] = in;
    w->stones[w->length] = NOWHERE;
    return w->length++;
}

/* How many instructions are between PLACE and the next one to be written, if that comes after
 * EXTRA others. */
static size_t distance(const struct writer *w, size_t place, size_t extra)
{
    return w->length + extra - place - 1;
}

/* PLACE, or a stepping stone to it that a conditional jump can reach. */
static size_t reach(struct writer *w, size_t place)
{
    size_t stone = w->stones[place];
    /* The other way of the same jump may need one, too. */
    if (distance(w, place, 1) <= JUMP_MAX)
        return place;
    if (stone != NOWHERE && distance(w, stone, 1) <= JUMP_MAX)
        return stone;
    stone = is_return(&w->out[place])
                ? put(w, w->out[place])
                : put(w, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA,
                                                      (uint32_t)distance(w, place, 0)));
    w->stones[place] = stone;
    return stone;
}

static size_t put_branch(struct writer *w, uint16_t code, uint32_t k, size_t yes, size_t no)
{
    yes = reach(w, yes);
    no = reach(w, no);
    return put(w, (struct sock_filter)BPF_JUMP(code, k, (uint8_t)distance(w, yes, 0),
                                               (uint8_t)distance(w, no, 0)));
}

/* IN, which goes on to what is at PLACE. */
static size_t put_before(struct writer *w, struct sock_filter in, size_t place)
{
    size_t gap = distance(w, place, 0);
    if (gap > 0)
        put(w, is_return(&w->out[place])
                   ? w->out[place]
                   : (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)gap));
    return put(w, in);
}

/* The search among COUNT ranges. */
static size_t put_search(struct writer *w, const struct range *ranges, size_t count)
{
    if (count == 1)
        return w->places[ranges[0].end];
    size_t half = count / 2;
    size_t above = put_search(w, ranges + half, count - half);
    size_t below = put_search(w, ranges, half);
    return put_branch(w, BPF_JMP | BPF_JGE | BPF_K, ranges[half].first, above, below);
}

/* --- the whole ------------------------------------------------------------------------------- */

/* Which instructions go into the new program. Jumps go forward: who leads to one comes before. */
static void mark(const struct writer *w, bool *used)
{
    used[0] = true;
    for (size_t at = 0; at < w->count; at++) {
        const struct sock_filter *in = &w->code[at];
        struct range *ranges;
        if (!used[at] || is_return(in))
            continue;
        if (is_load_of_number(in)) {
            size_t count = find_ranges(w, at + 1, &ranges);
            for (size_t i = 0; i < count; i++)
                used[ranges[i].end] = true;
        } else if (is_jump(in)) {
            used[at + 1 + in->k] = true;
        } else if (BPF_CLASS(in->code) == BPF_JMP) {
            used[at + 1 + in->jt] = used[at + 1 + in->jf] = true;
        } else {
            used[at + 1] = true;
        }
    }
}

/* Write the instruction at AT, before all that it leads to; its place. */
static size_t copy(struct writer *w, size_t at)
{
    const struct sock_filter *in = &w->code[at];
    struct range *ranges;
    if (is_return(in))
        return put(w, *in);
    if (is_jump(in))
        return w->places[at + 1 + in->k];
    if (BPF_CLASS(in->code) == BPF_JMP)
        return put_branch(w, in->code, in->k, w->places[at + 1 + in->jt],
                          w->places[at + 1 + in->jf]);
    if (!is_load_of_number(in))
        return put_before(w, *in, w->places[at + 1]);
    size_t count = find_ranges(w, at + 1, &ranges);
    return put_before(w, *in, put_search(w, ranges, count));
}

bool bpf_ranges(struct hull_arena *arena, const struct sock_filter *code, size_t count,
                struct sock_filter **ret_code, size_t *ret_count)
{
    if (!is_sound(code, count))
        return false;
    struct writer w = {.arena = arena, .code = code, .count = count};
    bool *used = HULL_NEW_ARRAY(arena, bool, count);
    w.places = HULL_NEW_ARRAY(arena, size_t, count);
    mark(&w, used);
    for (size_t at = count; at-- > 0;)
        w.places[at] = used[at] ? copy(&w, at) : NOWHERE;
    if (w.places[0] != w.length - 1 || w.length >= count)
        return false;
    *ret_code = HULL_NEW_ARRAY(arena, struct sock_filter, w.length);
    for (size_t i = 0; i < w.length; i++)
        (*ret_code)[i] = w.out[w.length - 1 - i];
    *ret_count = w.length;
    return true;
}
