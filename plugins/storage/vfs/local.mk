# plugins/storage/vfs: see the top of Makefile.am
storage_LTLIBRARIES += plugins/storage/vfs.la
plugins_storage_vfs_la_SOURCES = plugins/storage/vfs/vfs.c plugins/storage/vfs/copy.c \
	plugins/storage/vfs/changes.c plugins/storage/vfs/vfs.h
plugins_storage_vfs_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_storage_vfs_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_storage_vfs_la_LIBADD = $(PLUGIN_LIBADD)
