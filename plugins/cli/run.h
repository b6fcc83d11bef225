/*
 * run.h: the options of run and create, and the request that is made of them.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "plugins/cli/cli.h"

struct run_options {
    /* What flags set directly. */
    struct container_create_request create;
    /* What is worked out after all flags are known. */
    struct hull_strv env, env_files, labels, label_files, publish, expose, volumes, tmpfs, networks,
        network_aliases, links, linklocal_ips, devices, attach, log_opts, blkio_weight, read_bps,
        write_bps, read_iops, write_iops, security, storage_opts;
    const char *ip, *ip6, *mac, *entrypoint, *restart, *pull, *cidfile, *detach_keys, *health_cmd,
        *health_tcp, *health_http, *health_on_failure;
    int64_t health_interval, health_timeout, health_retries, health_start_period,
        health_start_interval;
    bool detach, sig_proxy, quiet, no_healthcheck, untrusted, api_socket;
};
extern const struct flag run_flags[];
extern const struct flag create_flags[];

/* Fill OPTIONS->create from the rest; false: said why. */
bool run_finish(struct cli *cli, struct run_options *options);

/* Each adds to the request; false with CLI->problem. */
bool run_ports(struct cli *cli, struct run_options *options);
bool run_mounts(struct cli *cli, struct run_options *options);
bool run_networks(struct cli *cli, struct run_options *options);
bool run_resources(struct cli *cli, struct run_options *options);
bool run_security(struct cli *cli, struct run_options *options);
/* The fields of a line of comma-separated values: one in double quotes may hold commas, and ""
 * for a quote. False with CLI->problem. */
bool run_csv(struct cli *cli, const char *text, struct hull_strv *ret);
/* Those lines of the file NAME, of variables or labels, that are neither blank nor comments. */
bool run_read_lines(struct cli *cli, const char *name, struct hull_strv *ret);
/* NAME=value, or NAME for that of our environment; lines of FILES first. */
bool run_env(struct cli *cli, const struct hull_strv *files, const struct hull_strv *values,
             struct hull_strv *ret);
/* --ulimit name=soft[:hard], appended to the list of struct ulimit at TARGET. */
flag_parse_fn run_ulimit;
/* --mount, appended to the list of struct mount_spec at TARGET. */
flag_parse_fn run_mount;
/* --gpus, appended to the list of struct device_request at TARGET. */
flag_parse_fn run_gpus;
/* --add-host name:address, appended to the list at TARGET. */
flag_parse_fn run_add_host;
/* "no", "on-failure:3" */
bool run_restart(struct cli *cli, const char *text, struct restart_policy *ret);
/* TEXT is a whole number, and nothing else. */
bool run_number(const char *text, int64_t *ret);
/* Split TEXT at each SEPARATOR. */
struct hull_strv split_text(struct cli *cli, const char *text, char separator);

#endif
