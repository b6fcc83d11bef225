# plugins/support/content: see the top of Makefile.am
if HAVE_NETTLE
support_LTLIBRARIES += plugins/support/content.la
plugins_support_content_la_SOURCES = plugins/support/content/content.c \
	plugins/support/content/ingest.c plugins/support/content/layout.c \
	plugins/support/content/content_store.h
plugins_support_content_la_CFLAGS = $(PLUGIN_CFLAGS) $(NETTLE_CFLAGS)
plugins_support_content_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_support_content_la_LIBADD = $(PLUGIN_LIBADD) $(NETTLE_LIBS)
endif
