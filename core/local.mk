# core: libhull.so. Only names that begin with hull_ leave it.
lib_LTLIBRARIES += core/libhull.la
core_libhull_la_SOURCES = core/arena.c core/arena.h core/base.c core/call.c core/cond.c \
	core/config.c core/core.h core/daemon.c core/debug.c core/error.c core/fiber.c core/load.c \
	core/log.c core/loop.c core/message.c core/options.c core/plugin.c \
	core/plugin.h core/problem.c core/sanitizer.h core/send.c \
	core/stack.c core/stack.h core/start.c core/stream.c core/stream.h core/stream_copy.c \
	core/stream_fd.c core/stream_pair.c core/switch.c core/switch.h core/task.c core/text.c \
	core/topic.c core/wait.c core/work.c
core_libhull_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
core_libhull_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -export-symbols-regex '^hull_' \
	-Wl,-z,nodelete $(PLUGIN_ZDEFS) -Wl,--as-needed
core_libhull_la_LIBADD = $(EVENT_LIBS) $(LTDL_LIBS) -lpthread -ldl

# What a program without the core (hull-shim) links as sources: values, arenas, messages, and
# their binary form, which is no part of the core.
CORE_STATIC = core/arena.c core/arena.h core/base.c core/message.c core/problem.c \
	core/sanitizer.h core/text.c plugins/common/wire_encode.c plugins/common/wire_decode.c \
	plugins/common/wire.h plugins/common/wire_int.h
