# core: libhull.so. Only names that begin with hull_ leave it.
lib_LTLIBRARIES += core/libhull.la
core_libhull_la_SOURCES = core/arena.c core/arena.h core/base.c core/call.c core/cond.c \
	core/config.c core/core.h core/daemon.c core/debug.c core/error.c core/fiber.c core/load.c \
	core/log.c core/loop.c core/message.c core/message.h core/options.c core/plugin.c \
	core/plugin.h core/problem.c core/process.c core/sanitizer.h core/send.c core/show.c \
	core/stack.c core/stack.h core/start.c core/stream.c core/stream.h core/stream_copy.c \
	core/stream_fd.c core/stream_pair.c core/switch.c core/switch.h core/task.c core/text.c \
	core/timer.c core/topic.c core/unwire.c core/wait.c core/wire.c core/wire.h core/work.c
core_libhull_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
core_libhull_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -export-symbols-regex '^hull_' \
	-Wl,-z,nodelete $(PLUGIN_ZDEFS) -Wl,--as-needed
core_libhull_la_LIBADD = $(EVENT_LIBS) $(LTDL_LIBS) -lpthread -ldl

# What a program without the core (hull-shim) links as sources: values, arenas, messages, wire.
CORE_STATIC = core/arena.c core/arena.h core/base.c core/message.c core/message.h \
	core/problem.c core/sanitizer.h core/text.c core/unwire.c core/wire.c core/wire.h
