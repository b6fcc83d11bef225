# plugins/engine/container: see the top of Makefile.am
engine_LTLIBRARIES += plugins/engine/container.la
plugins_engine_container_la_SOURCES = \
	plugins/engine/container/archive.c plugins/engine/container/archive_mounts.c plugins/engine/container/archive_mounts.h plugins/engine/container/attach.c \
	plugins/engine/container/bind_mode.c plugins/engine/container/bind_mode.h \
	plugins/engine/container/bind_source.c plugins/engine/container/bind_source.h \
	plugins/engine/container/cdi_apply.c plugins/engine/container/cdi_apply.h \
	plugins/engine/container/links.c plugins/engine/container/links.h \
	plugins/engine/container/security.c plugins/engine/container/spec_devices.c \
	plugins/engine/container/caps.c plugins/engine/container/caps.h \
	plugins/engine/container/commit.c plugins/engine/container/config.c plugins/engine/container/container.c \
	plugins/engine/container/connect.c plugins/engine/container/create.c plugins/engine/container/ct.h \
	plugins/engine/container/doc.c plugins/engine/container/doc.h \
	plugins/engine/container/exit.c plugins/engine/container/files.c \
	plugins/engine/container/files.h plugins/engine/container/gate.c plugins/engine/container/gate.h \
	plugins/engine/container/health.c \
	plugins/engine/container/health_net.c plugins/engine/container/health_net.h \
	plugins/engine/container/inspect.c plugins/engine/container/kept.c plugins/engine/container/list.c \
	plugins/engine/container/logging.c plugins/engine/container/logs.c plugins/engine/container/mounts.c \
	plugins/engine/container/populate.c plugins/engine/container/populate.h \
	plugins/engine/container/registry.c plugins/engine/container/remove.c \
	plugins/engine/container/restore.c plugins/engine/container/runtimes.c plugins/engine/container/runtimes.h plugins/engine/container/seccomp.c \
	plugins/engine/container/seccomp.h plugins/engine/container/spec.c \
	plugins/engine/container/spec.h plugins/engine/container/spec_mounts.c \
	plugins/engine/container/spec_resources.c plugins/engine/container/start.c \
	plugins/engine/container/stats.c plugins/engine/container/stop.c \
	plugins/engine/container/summary.c plugins/engine/container/summary.h \
	plugins/engine/container/timed.c plugins/engine/container/timed.h \
	plugins/engine/container/tokens.c plugins/engine/container/tokens.h \
	plugins/engine/container/top.c plugins/engine/container/top_ps.c plugins/engine/container/top_ps.h plugins/engine/container/userns.c plugins/engine/container/userns.h plugins/engine/container/update.c plugins/engine/container/validate.c \
	plugins/engine/container/volumes.c plugins/engine/container/wait.c
plugins_engine_container_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_engine_container_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_engine_container_la_LIBADD = $(PLUGIN_LIBADD)
