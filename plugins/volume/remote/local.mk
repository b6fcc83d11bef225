# plugins/volume/remote: volume drivers that are plugins of somebody else.
volume_LTLIBRARIES += plugins/volume/remote.la
plugins_volume_remote_la_SOURCES = plugins/volume/remote/driver.c plugins/volume/remote/protocol.c \
	plugins/volume/remote/protocol.h
plugins_volume_remote_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_volume_remote_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_volume_remote_la_LIBADD = $(PLUGIN_LIBADD)
