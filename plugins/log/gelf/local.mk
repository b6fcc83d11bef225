# plugins/log/gelf: see the top of Makefile.am
if HAVE_ZLIB
log_LTLIBRARIES += plugins/log/gelf.la
plugins_log_gelf_la_SOURCES = plugins/log/gelf/gelf.c plugins/log/gelf/format.c \
	plugins/log/gelf/format.h
plugins_log_gelf_la_CFLAGS = $(PLUGIN_CFLAGS) $(ZLIB_CFLAGS)
plugins_log_gelf_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_log_gelf_la_LIBADD = $(PLUGIN_LIBADD) $(ZLIB_LIBS)
endif
