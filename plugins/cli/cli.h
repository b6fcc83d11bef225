/*
 * cli.h: what the files of plugins/cli share: a command, its flags, and its errors.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include <hull/hull.h>

#include "api/cli.h"
#include "api/routes.h"

struct cli;
struct flag;
struct json_value;
struct command;

/* --- flags: flags.c -------------------------------------------------------------------------- */

/* What a flag sets, at its offset in the options of the command. */
enum flag_kind {
    FLAG_BOOL,     /* bool */
    FLAG_OPT_BOOL, /* struct hull_opt_bool */
    FLAG_STRING,   /* const char * */
    FLAG_INT,      /* int64_t */
    FLAG_OPT_INT,  /* struct hull_opt_int */
    FLAG_LIST,     /* struct hull_strv */
    FLAG_STRINGS,  /* struct hull_strv, from a,b */
    FLAG_MAP,      /* struct hull_map, from k=v */
    FLAG_BYTES,    /* int64_t, from 64m */
    FLAG_DURATION, /* int64_t, nanoseconds, from 1m30s */
    FLAG_CPUS,     /* int64_t, billionths, from 1.5 */
    FLAG_FILTER,   /* a STRVMAP, from k=v */
    FLAG_CUSTOM,   /* what the parse function does */
    FLAG_REFUSED,  /* known to docker, not supported yet */
    FLAG_REFUSED_BOOL,
};

/* Sets TARGET from VALUE; on an error false, with CLI->problem saying what is wrong with it. */
typedef bool flag_parse_fn(struct cli *cli, void *target, const char *value);
/* False, with CLI->problem: docker's command line would not take the value either. */
typedef bool flag_check_fn(struct cli *cli, const char *value);

struct flag {
    const char *name;
    char letter; /* 0: none */
    enum flag_kind kind;
    uint32_t offset;
    const char *help;
    const char *type;     /* shown in help instead of that of the kind */
    const char *fallback; /* the default: shown in help, and set */
    flag_parse_fn *parse; /* FLAG_CUSTOM */
    flag_check_fn *check; /* before it is parsed */
    bool hidden;          /* not in help */
    int since;            /* minor version of the API that has it; 0: all */
};

/* A row of a table of flags; further members as .type = "…". */
#define FLAG(name_, letter_, kind_, offset_, help_, ...)                                   \
    {                                                                                      \
        .name = name_, .letter = letter_, .kind = kind_, .offset = offset_, .help = help_, \
        ##__VA_ARGS__                                                                      \
    }

/* An address of IPv4 or IPv6. */
bool is_address(const char *text);
/* flag_checks.c: of one value each. */
flag_check_fn check_env, check_label, check_size, check_weight, check_bps, check_iops,
    check_device_rule, check_sysctl, check_link, check_dns, check_domain, check_attach,
    check_network;
/* Parse ARGS by the flags of the command: fills CLI->options, argv and argc. False: said why. */
bool flags_parse(struct cli *cli, const struct hull_strv *args);
/* As docker shows it in help: "string", "list", "" for a switch. */
const char *flag_type(const struct flag *flag);
/* True when the flag NAME was given. */
bool flag_given(const struct cli *cli, const char *name);

/* --- commands: commands.c -------------------------------------------------------------------- */

#define ANY_NUMBER 1000000

/* Runs a command; returns the exit status. */
typedef int command_fn(struct cli *cli);

struct command {
    const char *names; /* "ps|container ls|container list": all paths, in the order of help */
    const char *args;  /* "CONTAINER [CONTAINER...]" */
    const char *args2; /* a second form of them; NULL: none */
    const char *help;
    int min, max;             /* arguments */
    const struct flag *flags; /* ended by an empty row; NULL: none */
    size_t options_size;
    command_fn *run;
    bool bare;   /* its usage doesn't speak of its flags, as docker's */
    bool stops;  /* flags end at the first argument */
    int failure; /* exit status of what fails before the daemon has run anything; 0: 1 */
};
extern const struct command commands[];
extern const size_t command_count;
struct group {
    const char *name;
    const char *help;
};
extern const struct group groups[];
extern const size_t group_count;

/* The command at the words ARGS begins with; *RET_WORDS says how many, *RET_NAME which path. */
const struct command *command_find(struct hull_arena *arena, const struct hull_strv *args,
                                   size_t *ret_words, const char **ret_name);
const struct group *group_find(const char *name);
/* What the command TYPED of docker's would need that is not there yet, or NULL. */
const char *command_not_yet(const char *typed);

/* --- running: cli.c -------------------------------------------------------------------------- */

struct cli {
    struct hull_call *call;
    struct hull_arena *arena;
    const struct cli_run_request *request;
    const struct command *command;
    const char *name; /* "container ls", as it was typed */
    void *options;
    size_t argc;
    const char **argv;
    struct hull_strv given; /* flags */
    const char *problem;    /* of a flag's value */
};

/* Print the error of a failed call, with docker's prefix when it is the daemon's; returns 1. */
int cli_failed(struct cli *cli, int rc);
/* The same text without printing. */
const char *cli_error_text(struct cli *cli, int rc);
/* Print an error of the command line's own, as "hull: …"; returns 1. */
int cli_complain(struct cli *cli, const char *fmt, ...) HULL_PRINTF(2, 3);
/* For a flag's value: CLI->problem is the text; returns false. */
bool cli_problem(struct cli *cli, const char *fmt, ...) HULL_PRINTF(2, 3);
/* Ask on the terminal; true for yes. */
bool cli_confirm(struct cli *cli, const char *warning);
/* "{{…}}" of KEY in config.json, NULL when it has none. */
const char *cli_config(struct cli *cli, const char *key);
/* The file config.json as a tree; NULL when there is none. */
const struct json_value *cli_config_file(struct cli *cli);
/* 1 when the daemon's API is older than 1.MINOR, 0 when it is not; or an error. Yields. */
int cli_daemon_before(struct cli *cli, int minor, const char **ret_version) HULL_CHECKED;

/* KEY=VALUE into MAP; the value is "" when TEXT has no =. */
void cli_set_pair(struct cli *cli, struct hull_map *map, const char *text);
/* FN for each argument; all are tried; the exit status. */
int cli_each(struct cli *cli, int (*fn)(struct cli *cli, const char *name));

/* Exit status of what can't be started: 126, 127 or 125, by docker's reading of the text. */
int cli_start_status(const char *text);

/* --- usage: usage.c -------------------------------------------------------------------------- */

void usage_top(void);
void usage_group(const struct group *group);
void usage_command(const struct cli *cli);
/* "Usage:  hull rm [OPTIONS] CONTAINER…" */
char *usage_line(const struct cli *cli);
/* MESSAGE, the usage line and a hint at --help, to standard error. */
void usage_error(const struct cli *cli, const char *message, const char *hint);

/* --- output: output.c ------------------------------------------------------------------------ */

/* One value of a row by name, as text; NULL when there is no such placeholder. */
struct column {
    const char *name;   /* "ID" */
    const char *header; /* "CONTAINER ID" */
    const char *(*text)(struct cli *cli, const void *row);
    bool hidden; /* not in {{json .}} */
};
struct listing {
    const struct column *columns; /* ended by an empty row */
    const char *table;            /* the default format */
    const char *quiet;            /* the format for -q */
    const char *config;           /* key in config.json, "psFormat" */
    const char *type;             /* Go's name of a row's type, which errors of templates name */
    const char *raw, *raw_quiet;  /* the format "raw", and with -q; NULL: there is none */
};
/* Print COUNT rows of SIZE bytes at ROWS in FORMAT (NULL: the default). Exit status. */
int output_list(struct cli *cli, const struct listing *listing, const char *format, bool quiet,
                const void *rows, size_t count, size_t size);
/* Complain of a FORMAT that no row could be shown in; false then. */
bool output_list_check(struct cli *cli, const struct listing *listing, const char *format);
/* The same to text, without escaping. */
int output_list_text(struct cli *cli, const struct listing *listing, const char *format, bool quiet,
                     const void *rows, size_t count, size_t size, struct hull_text *out);
/* VALUE by a Go template, with a line feed. Exit status. */
int output_template(struct cli *cli, const char *format, const struct json_value *value);
/* What docker's command line shows as a struct of Go, for its errors. */
struct output_type {
    const char *name; /* of the template; NULL: none */
    const char *type; /* "system.versionInfo" */
    const struct template_type *members;
    bool bare; /* as rows of lists are: JSON escapes <, > and &, no line feed follows */
};
/* The same for a value that is a struct there. */
int output_struct(struct cli *cli, const char *format, const struct json_value *value,
                  const struct output_type *type);
/* What is wrong with FORMAT for such a value, or NULL. */
const char *output_problem(struct cli *cli, const char *format, const struct json_value *value,
                           const struct output_type *type);
/* A row as {{json .}} shows it. */
struct json_value *output_row(struct cli *cli, const struct listing *listing, const void *row);
/* Write TEXT; control characters are escaped when standard output is a terminal. */
void output_text(const char *text, size_t length);
/* The same for FILE. */
void output_to(FILE *file, const char *text, size_t length);
/* PATH from the root, "./" in front left out. */
char *cli_absolute(struct cli *cli, const char *path);
/* Let templates see in VALUE, a MESSAGE as JSON, what that leaves out. */
void output_marks(struct hull_arena *arena, const struct hull_message *message,
                  struct json_value *value);
/* MESSAGE's value as a tree, for templates. */
struct json_value *output_value(struct cli *cli, const struct hull_message *message,
                                const void *value);

/* --- terminals and streams: tty.c, attach.c -------------------------------------------------- */

struct terminal;
bool tty_is(int fd);
void tty_size(int64_t *ret_rows, int64_t *ret_columns);
/* Standard input raw until tty_restore(); nothing when it is no terminal. */
void tty_raw(void);
void tty_restore(void);

/* Bytes to descriptor FD; waits for it without holding up other fibers. Yields. */
int io_write(struct hull_call *call, int fd, const void *data, size_t size) HULL_CHECKED;
/* Bytes from descriptor FD; 0 is the end. Yields. */
ssize_t io_read(struct hull_call *call, int fd, void *data, size_t size) HULL_CHECKED;
/* All of STREAM to FD. Yields. */
int io_copy_out(struct hull_call *call, struct hull_stream *stream, int fd) HULL_CHECKED;
/* Frames of STREAM to standard output and error. Yields. */
int io_demultiplex(struct hull_call *call, struct hull_stream *stream) HULL_CHECKED;

/* Standard streams connected to a stream of a container. */
struct session {
    struct hull_stream *stream;
    bool tty;
    bool input, output, errors;
    const char *detach_keys; /* NULL: from config.json, or docker's */
    /* Where the terminal's size goes. */
    const char *id;
    bool exec;
    bool sig_proxy; /* signals of ours are passed on to container ID */
    /* Run once when input and output are connected; may be NULL. */
    int (*connected)(struct cli *cli, void *arg);
    void *arg;
    bool detached; /* result: the detach keys were typed */
};
/* Connect them until the end of the stream. Takes the stream. Yields. */
int session_run(struct cli *cli, struct session *session) HULL_CHECKED;
/* Tell the daemon the size of the terminal. Yields. */
void session_resize(struct cli *cli, const struct session *session);
/* Tell it another size, for `connected`: a program draws its screen again only when the size that
 * it hears of next is new to it. Yields. */
int session_wake(struct cli *cli, void *session) HULL_CHECKED;

/* --- the commands ---------------------------------------------------------------------------- */

/* One a line, for people; the tool would wrap it anew each time. */
/* clang-format off */
#define CLI_COMMANDS(X) \
    X(container_run) \
    X(container_create) \
    X(container_exec) \
    X(container_attach) \
    X(container_start) \
    X(container_stop) \
    X(container_restart) \
    X(container_kill) \
    X(container_wait) \
    X(container_rm) \
    X(container_pause) \
    X(container_unpause) \
    X(container_ls) \
    X(container_inspect) \
    X(container_logs) \
    X(container_rename) \
    X(container_port) \
    X(container_top) \
    X(container_stats) \
    X(container_diff) \
    X(container_export) \
    X(container_update) \
    X(container_prune) \
    X(container_cp) \
    X(container_commit) \
    X(image_ls) \
    X(image_rm) \
    X(image_inspect) \
    X(image_tag) \
    X(image_history) \
    X(image_prune) \
    X(image_load) \
    X(image_save) \
    X(image_import) \
    X(image_pull) \
    X(network_ls) \
    X(network_inspect) \
    X(network_create) \
    X(network_rm) \
    X(network_connect) \
    X(network_disconnect) \
    X(network_prune) \
    X(volume_ls) \
    X(volume_create) \
    X(volume_inspect) \
    X(volume_rm) \
    X(volume_prune) \
    X(inspect) \
    X(version) \
    X(system_info) \
    X(system_events) \
    X(system_df) \
    X(system_prune) \
    X(system_dial_stdio) \
    X(network_explain) \
    X(debug_failpoints) \
    X(debug_fibers) \
    X(debug_plugins) \
    X(debug_trace)
/* clang-format on */
#define CLI_COMMAND_DECLARE(name) command_fn cmd_##name;
CLI_COMMANDS(CLI_COMMAND_DECLARE)

/* Print what could stand for the last of WORDS. */
void complete(struct cli *cli, const struct hull_strv *words);
/* What --platform says as the daemon takes it, in place; false: CLI->problem says what is wrong. */
bool cli_platform(struct cli *cli, const char **text);
/* False when signatures of images are asked for, which nothing here can check: CLI->problem. */
bool cli_untrusted(struct cli *cli, bool disabled);
/* Pull IMAGE, with progress on descriptor FD. Yields. */
int pull_image(struct cli *cli, const char *image, const char *platform, int fd, bool quiet);
/* Print what PRUNE methods return. */
void print_reclaimed(int64_t bytes);
/* Images without a name ONLY, or all that nobody uses, beside what the filters say. */
void prune_dangling(struct cli *cli, struct prune_request *request, bool only);
const char *short_id(struct cli *cli, const char *id);

#endif
