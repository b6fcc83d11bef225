# plugins/engine/image: see the top of Makefile.am
if HAVE_NETTLE
engine_LTLIBRARIES += plugins/engine/image.la
plugins_engine_image_la_SOURCES = plugins/engine/image/image.c plugins/engine/image/commit.c plugins/engine/image/docs.c plugins/engine/image/damaged.c \
	plugins/engine/image/claims.c plugins/engine/image/store.c plugins/engine/image/archive.c \
	plugins/engine/image/session.c plugins/engine/image/load.c plugins/engine/image/load_docker.c \
	plugins/engine/image/load_oci.c plugins/engine/image/unpack.c \
	plugins/engine/image/list.c plugins/engine/image/inspect.c \
	plugins/engine/image/remove.c plugins/engine/image/prune.c plugins/engine/image/tag.c \
	plugins/engine/image/platform.c plugins/engine/image/save.c plugins/engine/image/save_tar.c \
	plugins/engine/image/import.c plugins/engine/image/changes.c plugins/engine/image/changes_words.c \
	plugins/engine/image/changes.h plugins/engine/image/save.h \
	plugins/engine/image/remove.h plugins/engine/image/engine.h \
	plugins/engine/image/docs.h plugins/engine/image/archive.h
plugins_engine_image_la_CFLAGS = $(PLUGIN_CFLAGS) $(NETTLE_CFLAGS) $(ISAL_CFLAGS) $(ZSTD_CFLAGS)
plugins_engine_image_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_engine_image_la_LIBADD = $(PLUGIN_LIBADD) $(NETTLE_LIBS) $(COMPRESS_LIBS)
endif
