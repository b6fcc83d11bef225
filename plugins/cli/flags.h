/*
 * flags.h: the options of commands and their flags: the rows are in command_flags.c.
 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include "plugins/cli/cli.h"

struct stop_options {
    const char *signal;
    struct hull_opt_int timeout;
};
struct kill_options {
    const char *signal;
};
struct rm_options {
    bool volumes, force, link;
};
struct logs_options {
    bool follow, timestamps, details, truncate;
    const char *since, *until, *tail;
};
struct output_options {
    const char *output, *platform;
};
struct update_options {
    struct container_update_request update;
    const char *restart;
};
struct prune_options {
    struct prune_request request;
    bool force, all, volumes;
};
/* ls of all kinds. */
struct list_options {
    struct container_list_request request; /* its filters serve all */
    bool quiet, no_trunc, latest, digests;
    const char *format;
};
struct inspect_options {
    const char *format, *type, *platform;
    bool size, verbose;
};
struct format_options {
    const char *format, *platform;
    bool all, no_stream, no_trunc, quiet, human, verbose;
    struct events_request events;
};
struct commit_options {
    const char *author, *message;
    struct hull_strv changes;
    bool pause;
};
struct image_options {
    bool force, no_prune, quiet, all_tags, untrusted;
    const char *input, *message, *platform;
    struct hull_strv changes, platforms;
};
struct network_options {
    struct network_create_request create;
    struct config_reference config_from;
    const char *driver;
    struct hull_strv subnets, gateways, ranges, labels;
    struct hull_map aux;
    const char *ipam_driver;
    struct hull_map ipam_opts;
    bool force;
    /* connect */
    struct hull_strv aliases, links, linklocal_ips;
    const char *ip, *ip6;
    struct hull_strv driver_opts;
    int64_t gw_priority;
};
struct volume_options {
    struct volume_create_options create;
    struct hull_strv labels;
    bool force;
};
struct start_options {
    bool attach, interactive;
    const char *detach_keys, *checkpoint;
    bool sig_proxy;
};
struct attach_options {
    const char *detach_keys;
    bool no_stdin, sig_proxy;
};
struct exec_options {
    bool detach, interactive, tty, privileged;
    const char *detach_keys, *user, *workdir;
    struct hull_strv env, env_files;
};
struct cp_options {
    bool archive, follow_link, quiet;
};

/* A stream of the bytes of FD, which is closed with it unless it is a standard descriptor. */
struct hull_stream *file_stream(int fd);
/* Bytes of STREAM (taken) to the file NAME, or to standard output when it is NULL. Exit status. */
int save_stream(struct cli *cli, struct hull_stream *stream, const char *name);
/* 0 when a file NAME can be written; else 1, with "failed to WHAT: …" printed. */
int check_output(struct cli *cli, const char *what, const char *name);
/* *TEXT, a date or a duration, as the daemon takes it; NULL stays. False: CLI->problem says why. */
bool moment(struct cli *cli, const char **text);
/* "k=v" and "k" to a map. */
void add_labels(struct cli *cli, const struct hull_strv *from, struct hull_map *to);

extern const struct flag stop_flags[], restart_flags[], kill_flags[], rm_flags[], logs_flags[],
    export_flags[], update_flags[], prune_flags[], image_prune_flags[], volume_prune_flags[],
    system_prune_flags[], ps_flags[], images_flags[], network_ls_flags[], volume_ls_flags[],
    inspect_flags[], image_inspect_flags[], any_inspect_flags[], container_inspect_flags[],
    format_flags[], stats_flags[], events_flags[], df_flags[], history_flags[], rmi_flags[],
    load_flags[], save_flags[], import_flags[], commit_flags[], pull_flags[],
    network_create_flags[], network_rm_flags[], connect_flags[], disconnect_flags[],
    network_inspect_flags[], volume_create_flags[], volume_rm_flags[], cp_flags[], start_flags[],
    attach_flags[], exec_flags[], debug_flags[];
#endif
