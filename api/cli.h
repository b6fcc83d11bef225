/*
 * cli.h: the service "cli": the command line, as a plugin.
 */
#ifndef HULL_API_CLI_H
#define HULL_API_CLI_H

#include <hull/call.h>

#define CLI_RUN_REQUEST_FIELDS(F, T)                                                               \
    F(T, STRV, _, args, "args", 0, "The command and what follows, without options of hull itself") \
    F(T, STRING, _, host, "host", 0, "The daemon's address, for messages")                         \
    F(T, STRING, _, config_dir, "config-dir", 0, "Folder of config.json")
HULL_MESSAGE(cli_run_request, CLI_RUN_REQUEST_FIELDS)
#define CLI_RUN_REPLY_FIELDS(F, T) F(T, INT, _, status, "status", 0, "Exit status")
HULL_MESSAGE(cli_run_reply, CLI_RUN_REPLY_FIELDS)
HULL_METHOD(cli, run, cli_run_request, cli_run_reply, 0)

#endif
