# plugins/cli: linked into the program hull (tools/local.mk).
CLI_SOURCES = plugins/cli/cli.c plugins/cli/cli.h plugins/cli/command_flags.c \
	plugins/cli/commands.c plugins/cli/container.c plugins/cli/container_run.c \
	plugins/cli/complete.c plugins/cli/cp.c plugins/cli/cp.h plugins/cli/cp_tar.c plugins/cli/debug.c plugins/cli/df.c \
	plugins/cli/env_file.c plugins/cli/flag_checks.c plugins/cli/flags.c plugins/cli/flags.h plugins/cli/image.c plugins/cli/inspect.c \
	plugins/cli/io.c plugins/cli/list_containers.c plugins/cli/list_images.c plugins/cli/lists.c \
	plugins/cli/network.c plugins/cli/network_explain.c plugins/cli/output.c plugins/cli/output_marks.c plugins/cli/rows.h plugins/cli/run.h \
	plugins/cli/run_config.c plugins/cli/run_networks.c plugins/cli/run_resources.c \
	plugins/cli/run_flags.c plugins/cli/run_parse.c plugins/cli/run_security.c \
	plugins/cli/session.c plugins/cli/stats.c plugins/cli/system.c plugins/cli/usage.c
