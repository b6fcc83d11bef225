# plugins/engine/system: what the engine says of itself.
engine_LTLIBRARIES += plugins/engine/system.la
plugins_engine_system_la_SOURCES = plugins/engine/system/system.c plugins/engine/system/info.c \
	plugins/engine/system/reload.c plugins/engine/system/system_plugin.h
plugins_engine_system_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_engine_system_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_engine_system_la_LIBADD = $(PLUGIN_LIBADD)
