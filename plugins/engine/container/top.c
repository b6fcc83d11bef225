/*
 * top.c: the processes of a container, as ps shows them. For what people ask of it most ("-ef",
 * "aux", "-o columns") no ps is run: it is read from /proc. top_ps.c has the rest.
 */
#include "ct.h"

#include "top_ps.h"

#include "json.h"
#include "runtime.h"

#include <ctype.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct process {
    int64_t pid, ppid, uid, tty, threads, group, session, foreground, nice;
    unsigned long long ticks, start_ticks, vsz_kb, rss_kb;
    char state, comm[64];
    char *command;
};

struct context {
    struct hull_arena *arena;
    struct process process;
    int64_t boot_s, now_s, memory_kb, hertz;
};

/* --- reading ---------------------------------------------------------------------------------- */

static char *read_proc(struct hull_arena *arena, int64_t pid, const char *name, size_t *ret_length)
{
    HULL_AUTO_FD fd =
        open(hull_arena_printf(arena, "/proc/%lld/%s", (long long)pid, name), O_RDONLY | O_CLOEXEC);
    char *text = hull_arena_alloc(arena, 4096);
    ssize_t got = fd < 0 ? -1 : read(fd, text, 4095);

    *ret_length = got > 0 ? (size_t)got : 0;
    return got > 0 ? text : NULL;
}

static int64_t boot_time(void)
{
    struct timespec real, boot;

    clock_gettime(CLOCK_REALTIME, &real);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return real.tv_sec - boot.tv_sec;
}

static bool read_stat(struct hull_arena *arena, struct process *p)
{
    size_t length;
    char *text = read_proc(arena, p->pid, "stat", &length);
    char *open = text ? strchr(text, '(') : NULL, *close = text ? strrchr(text, ')') : NULL;
    unsigned long long user = 0, system = 0;
    long long ppid = 0, tty = 0, threads = 0, rss = 0, group = 0, session = 0, front = 0, nice = 0;

    if (!open || !close || close < open)
        return false;
    snprintf(p->comm, sizeof(p->comm), "%.*s", (int)(close - open - 1), open + 1);
    if (sscanf(close + 2,
               "%c %lld %lld %lld %lld %lld %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %lld %lld "
               "%*d %llu %llu %lld",
               &p->state, &ppid, &group, &session, &tty, &front, &user, &system, &nice, &threads,
               &p->start_ticks, &p->vsz_kb, &rss) != 13)
        return false;
    p->group = group;
    p->session = session;
    p->foreground = front;
    p->nice = nice;
    p->ppid = ppid;
    p->tty = tty;
    p->threads = threads;
    p->ticks = user + system;
    p->vsz_kb /= 1024;
    p->rss_kb = (unsigned long long)rss * (unsigned long long)(sysconf(_SC_PAGESIZE) / 1024);
    return true;
}

static bool read_process(struct hull_arena *arena, struct process *p)
{
    size_t length;
    const char *uid, *text;
    char *command;

    if (!read_stat(arena, p))
        return false;
    text = read_proc(arena, p->pid, "status", &length);
    uid = text ? strstr(text, "\nUid:") : NULL;
    p->uid = uid ? strtoll(uid + 5, NULL, 10) : 0;
    command = read_proc(arena, p->pid, "cmdline", &length);
    while (length > 0 && command[length - 1] == '\0')
        length--;
    for (size_t i = 0; i < length; i++)
        if (command[i] == '\0')
            command[i] = ' ';
    p->command = length > 0 ? command : hull_arena_printf(arena, "[%s]", p->comm);
    return true;
}

/* --- columns ---------------------------------------------------------------------------------- */

/* The host's name for a uid, from its own file: never from the network. */
static const char *user_name(struct context *c)
{
    FILE *file = fopen("/etc/passwd", "re");
    const struct passwd *entry;
    char *name = NULL;

    while (file && !name && (entry = fgetpwent(file)))
        if ((int64_t)entry->pw_uid == c->process.uid)
            name = hull_arena_strdup(c->arena, entry->pw_name);
    if (file)
        fclose(file);
    return name ? name : hull_arena_printf(c->arena, "%lld", (long long)c->process.uid);
}

static const char *col_user(struct context *c)
{
    return user_name(c);
}

static const char *number(struct context *c, long long value)
{
    return hull_arena_printf(c->arena, "%lld", value);
}

static const char *col_pid(struct context *c)
{
    return number(c, c->process.pid);
}

static const char *col_ppid(struct context *c)
{
    return number(c, c->process.ppid);
}

static const char *col_uid(struct context *c)
{
    return number(c, c->process.uid);
}

static int64_t age_s(const struct context *c)
{
    int64_t age = c->now_s - c->boot_s - (int64_t)c->process.start_ticks / c->hertz;

    return age > 0 ? age : 1;
}

static double cpu_percent(const struct context *c)
{
    return 100.0 * (double)c->process.ticks / (double)c->hertz / (double)age_s(c);
}

static const char *col_c(struct context *c)
{
    return number(c, (long long)cpu_percent(c));
}

static const char *col_pcpu(struct context *c)
{
    return hull_arena_printf(c->arena, "%.1f", cpu_percent(c));
}

static const char *col_pmem(struct context *c)
{
    return hull_arena_printf(c->arena, "%.1f",
                             c->memory_kb ? 100.0 * (double)c->process.rss_kb / (double)c->memory_kb
                                          : 0.0);
}

static const char *col_vsz(struct context *c)
{
    return number(c, (long long)c->process.vsz_kb);
}

static const char *col_rss(struct context *c)
{
    return number(c, (long long)c->process.rss_kb);
}

static const char *col_nlwp(struct context *c)
{
    return number(c, c->process.threads);
}

static const char *col_tty(struct context *c)
{
    int64_t major = c->process.tty >> 8 & 0xfff, minor = c->process.tty & 0xff;

    if (c->process.tty == 0)
        return "?";
    minor |= c->process.tty >> 12 & 0xfff00;
    if (major >= 136 && major <= 143)
        return hull_arena_printf(c->arena, "pts/%lld", (long long)((major - 136) * 256 + minor));
    return hull_arena_printf(c->arena, "tty%lld", (long long)minor);
}

static const char *col_state(struct context *c)
{
    return hull_arena_printf(c->arena, "%c", c->process.state);
}

static const char *col_stat(struct context *c)
{
    const struct process *p = &c->process;

    return hull_arena_printf(c->arena, "%c%s%s%s%s", p->state,
                             p->nice < 0   ? "<"
                             : p->nice > 0 ? "N"
                                           : "",
                             p->session == p->pid ? "s" : "", p->threads > 1 ? "l" : "",
                             p->foreground == p->group ? "+" : "");
}

static const char *col_stime(struct context *c)
{
    time_t start = c->now_s - age_s(c);
    struct tm tm, today;
    char text[16];

    localtime_r(&start, &tm);
    start = c->now_s;
    localtime_r(&start, &today);
    strftime(text, sizeof(text),
             tm.tm_year == today.tm_year && tm.tm_yday == today.tm_yday ? "%H:%M" : "%b%d", &tm);
    return hull_arena_strdup(c->arena, text);
}

static const char *col_time(struct context *c)
{
    long long seconds = (long long)c->process.ticks / c->hertz;

    return hull_arena_printf(c->arena, "%02lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
                             seconds % 60);
}

static const char *col_bsd_time(struct context *c)
{
    long long seconds = (long long)c->process.ticks / c->hertz;

    return hull_arena_printf(c->arena, "%lld:%02lld", seconds / 60, seconds % 60);
}

static const char *col_etime(struct context *c)
{
    long long seconds = age_s(c);

    if (seconds >= 3600)
        return hull_arena_printf(c->arena, "%02lld:%02lld:%02lld", seconds / 3600,
                                 seconds / 60 % 60, seconds % 60);
    return hull_arena_printf(c->arena, "%02lld:%02lld", seconds / 60, seconds % 60);
}

static const char *col_command(struct context *c)
{
    return c->process.command;
}

static const char *col_comm(struct context *c)
{
    return hull_arena_strdup(c->arena, c->process.comm);
}

static const struct column {
    const char *name, *title;
    const char *(*value)(struct context *c);
} columns[] = {
    {"user", "USER", col_user},
    {"euser", "EUSER", col_user},
    {"ruser", "RUSER", col_user},
    {"uid", "UID", col_uid},
    {"euid", "EUID", col_uid},
    {"pid", "PID", col_pid},
    {"ppid", "PPID", col_ppid},
    {"c", "C", col_c},
    {"pcpu", "%CPU", col_pcpu},
    {"%cpu", "%CPU", col_pcpu},
    {"pmem", "%MEM", col_pmem},
    {"%mem", "%MEM", col_pmem},
    {"vsz", "VSZ", col_vsz},
    {"rss", "RSS", col_rss},
    {"nlwp", "NLWP", col_nlwp},
    {"tty", "TT", col_tty},
    {"tname", "TTY", col_tty},
    {"stat", "STAT", col_stat},
    {"s", "S", col_state},
    {"state", "S", col_state},
    {"stime", "STIME", col_stime},
    {"start", "STARTED", col_stime},
    {"time", "TIME", col_time},
    {"etime", "ELAPSED", col_etime},
    {"cmd", "CMD", col_command},
    {"args", "COMMAND", col_command},
    {"command", "COMMAND", col_command},
    {"comm", "COMMAND", col_comm},
    {"ucmd", "CMD", col_comm},
};

static const struct column full_format[] = {
    {NULL, "UID", col_user},  {NULL, "PID", col_pid},     {NULL, "PPID", col_ppid},
    {NULL, "C", col_c},       {NULL, "STIME", col_stime}, {NULL, "TTY", col_tty},
    {NULL, "TIME", col_time}, {NULL, "CMD", col_command}, {NULL, NULL, NULL},
};
static const struct column plain_format[] = {
    {NULL, "PID", col_pid},  {NULL, "TTY", col_tty}, {NULL, "TIME", col_time},
    {NULL, "CMD", col_comm}, {NULL, NULL, NULL},
};
static const struct column bsd_format[] = {
    {NULL, "USER", col_user},     {NULL, "PID", col_pid},         {NULL, "%CPU", col_pcpu},
    {NULL, "%MEM", col_pmem},     {NULL, "VSZ", col_vsz},         {NULL, "RSS", col_rss},
    {NULL, "TTY", col_tty},       {NULL, "STAT", col_stat},       {NULL, "START", col_stime},
    {NULL, "TIME", col_bsd_time}, {NULL, "COMMAND", col_command}, {NULL, NULL, NULL},
};

/* --- options ---------------------------------------------------------------------------------- */

/* False: there is one that only ps knows. */
static bool add_columns(char *list, struct column *chosen, size_t *n)
{
    char *name;

    while ((name = strsep(&list, ", "))) {
        char *title = strchr(name, '=');
        size_t at = 0;

        if (!*name)
            continue;
        if (title)
            *title++ = '\0';
        while (at < HULL_COUNT(columns) && strcmp(name, columns[at].name) != 0)
            at++;
        if (at == HULL_COUNT(columns) || *n == 32)
            return false;
        chosen[*n] = columns[at];
        if (title)
            chosen[*n].title = title;
        (*n)++;
    }
    return true;
}

/* False: only ps knows what ARGS mean. */
static bool parse_args(struct hull_call *call, const char *args, const struct column **ret)
{
    struct column *chosen = hull_arena_array(hull_call_arena(call), 33, sizeof(*chosen));
    char *rest = hull_strdup(call, args), *word;
    bool full = false, bsd = false;
    size_t n = 0;

    while ((word = strsep(&rest, " "))) {
        bool dash = *word == '-';
        char *list = NULL;

        if (!*word)
            continue;
        if (strcmp(word, "-o") == 0 || strcmp(word, "o") == 0 || strcmp(word, "-eo") == 0 ||
            strcmp(word, "-axo") == 0 || strcmp(word, "axo") == 0)
            list = strsep(&rest, " ");
        else if (strncmp(word, "-o", 2) == 0)
            list = word + 2;
        if (list) {
            if (!add_columns(list, chosen, &n))
                return false;
            continue;
        }
        if (word[dash + strspn(word + dash, dash ? "eAaf" : "aux")] != '\0')
            return false;
        full |= dash && strchr(word, 'f');
        bsd |= !dash && strchr(word, 'u');
    }
    *ret = n > 0 ? chosen : bsd ? bsd_format : full ? full_format : plain_format;
    return true;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void add_row(struct context *c, const struct column *format, struct hull_text *out)
{
    bool first = true;

    hull_text_puts(out, out->data[out->length - 1] == '[' ? "[" : ",[");
    for (; format->title; format++, first = false) {
        const char *value = format->value(c);

        if (!first)
            hull_text_puts(out, ",");
        json_quote(out, value, strlen(value));
    }
    hull_text_puts(out, "]");
}

static int answer(struct hull_call *call, const struct column *format,
                  const struct runtime_pids_reply *pids, struct container_top_reply *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_text out = HULL_TEXT(arena);
    struct context context = {.arena = arena, .boot_s = boot_time(), .now_s = time(NULL)};

    context.hertz = sysconf(_SC_CLK_TCK);
    context.memory_kb = sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 1024);
    for (const struct column *column = format; column->title; column++)
        hull_strv_add(arena, &ret->titles, column->title);
    hull_text_puts(&out, "[");
    for (size_t i = 0; i < pids->pids.n; i++) {
        context.process = (struct process){.pid = pids->pids.v[i]};
        if (read_process(arena, &context.process))
            add_row(&context, format, &out);
    }
    hull_text_puts(&out, "]");
    ret->processes = out.data;
    return 0;
}

int ct_handle_top(struct hull_call *call, const struct container_top_request *request,
                  struct container_top_reply *ret)
{
    const char *args = request->ps_args && *request->ps_args ? request->ps_args : "-ef";
    const struct column *format = NULL;
    struct runtime_pids_reply pids;
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc < 0)
        return rc;
    if (!ct_is_running(ct))
        return hull_fail(call, HULL_CONFLICT, "container %s is not running", ct->doc.id);
    rc =
        runtime_pids(call, ct->doc.runtime, &(struct runtime_process_ref){.id = ct->doc.id}, &pids);
    if (rc < 0)
        return rc;
    rc = parse_args(call, args, &format) ? answer(call, format, &pids, ret)
                                         : top_ps(call, args, &pids.pids, ret);
    if (rc == 0)
        ct_event(call, ct, "top", NULL);
    return rc;
}
