# plugins/engine/exec: further processes in a running container.
engine_LTLIBRARIES += plugins/engine/exec.la
plugins_engine_exec_la_SOURCES = plugins/engine/exec/exec.c plugins/engine/exec/exec_plugin.h
plugins_engine_exec_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_engine_exec_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_engine_exec_la_LIBADD = $(PLUGIN_LIBADD)
