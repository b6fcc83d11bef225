# plugins/storage/overlay: see the top of Makefile.am
storage_LTLIBRARIES += plugins/storage/overlay.la
plugins_storage_overlay_la_SOURCES = plugins/storage/overlay/overlay.c \
	plugins/storage/overlay/mount.c plugins/storage/overlay/idmapped.c plugins/storage/overlay/changes.c \
	plugins/storage/overlay/overlay.h
plugins_storage_overlay_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_storage_overlay_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_storage_overlay_la_LIBADD = $(PLUGIN_LIBADD)
