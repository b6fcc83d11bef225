# plugins/engine/volume: named volumes, whatever driver keeps them.
engine_LTLIBRARIES += plugins/engine/volume.la
plugins_engine_volume_la_SOURCES = plugins/engine/volume/volume.c \
	plugins/engine/volume/registry.c plugins/engine/volume/drivers.c \
	plugins/engine/volume/list.c plugins/engine/volume/restore.c \
	plugins/engine/volume/volume_plugin.h
plugins_engine_volume_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_engine_volume_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_engine_volume_la_LIBADD = $(PLUGIN_LIBADD)
