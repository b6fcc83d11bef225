# plugins/volume/local: volumes that are folders of this host, or what is mounted there.
volume_LTLIBRARIES += plugins/volume/local.la
plugins_volume_local_la_SOURCES = plugins/volume/local/driver.c plugins/volume/local/folder.c \
	plugins/volume/local/options.c plugins/volume/local/mount.c plugins/volume/local/local.h
plugins_volume_local_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_volume_local_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_volume_local_la_LIBADD = $(PLUGIN_LIBADD) -lm
