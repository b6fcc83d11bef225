# plugins/remote: see the top of Makefile.am
plugin_LTLIBRARIES += plugins/remote.la
plugins_remote_la_SOURCES = plugins/remote/connect.c plugins/remote/encode.c \
	plugins/remote/remote.c plugins/remote/remote.h
plugins_remote_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_remote_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_remote_la_LIBADD = $(PLUGIN_LIBADD)
