/*
 * hulld.h: what the files of the daemon's main program share.
 */
#ifndef HULLD_HULLD_H
#define HULLD_HULLD_H

#include <stdio.h>

#include <hull/hull.h>

#include "api/config.h"

#define HULLD_FIELDS_MAX 128

/* The command line, and what comes of it. */
struct hulld {
    struct hull_arena *arena;
    struct daemon_config config;
    bool from_flag[HULLD_FIELDS_MAX]; /* by the field's index in daemon_config_message */
    const char *config_file;          /* NULL: the default one, which need not exist */
    bool help, version, validate;
    unsigned reloads; /* asked for and not done */
    int pid_fd;       /* locked for as long as the daemon runs */
};

/* Read the command line. 0, or -HULL_INVALID with PROBLEM filled. */
int hulld_flags(struct hulld *hulld, int argc, char **argv, struct hull_problem *problem);
/* Print all options. */
void hulld_usage(FILE *out);

/* Where the configuration file is, or would be. */
const char *hulld_config_path(const struct hulld *hulld);
/* Read the configuration file into FILE; a missing default file is an empty one. RET_GIVEN, unless
 * NULL, says of each field of daemon_config_message whether the file has it. */
int hulld_config_read(struct hulld *hulld, struct daemon_config *ret_file,
                      bool ret_given[HULLD_FIELDS_MAX], struct hull_problem *problem);
/* Take over what FILE says; a setting that was a flag as well is an error that names both. */
int hulld_config_merge(struct hulld *hulld, const struct daemon_config *file,
                       struct hull_problem *problem);
/* -HULL_INVALID with the settings NAMES that are there twice; 0 when that is empty. */
int hulld_config_both(const struct hull_text *names, struct hull_problem *problem) HULL_CHECKED;
/* Fill in what was left out, and refuse what can't be done. */
int hulld_config_finish(struct hulld *hulld, struct hull_problem *problem);

/* The level that CONFIG asks for. */
enum hull_level hulld_log_level(const struct daemon_config *config);
/* Read the file again and take over what can change while the daemon runs; a file that can't be
 * taken over whole changes nothing, and the log says why. Returns at once. */
void hulld_reload(struct hulld *hulld);

/* Make the folders, take the lock and write the pid file. */
int hulld_root_prepare(struct hulld *hulld, struct hull_problem *problem);
/* Remove the pid file. */
void hulld_root_leave(struct hulld *hulld);

#endif
