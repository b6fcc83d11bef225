# plugins/state/sqlite: see the top of Makefile.am
if HAVE_SQLITE
state_LTLIBRARIES += plugins/state/sqlite.la
plugins_state_sqlite_la_SOURCES = plugins/state/sqlite/sqlite.c plugins/state/sqlite/open.c \
	plugins/state/sqlite/write.c plugins/state/sqlite/sqlite.h
plugins_state_sqlite_la_CFLAGS = $(PLUGIN_CFLAGS) $(SQLITE_CFLAGS)
plugins_state_sqlite_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_state_sqlite_la_LIBADD = $(PLUGIN_LIBADD) $(SQLITE_LIBS)
endif
