# plugins/log/journald: see the top of Makefile.am
log_LTLIBRARIES += plugins/log/journald.la
plugins_log_journald_la_SOURCES = plugins/log/journald/journald.c plugins/log/journald/format.c \
	plugins/log/journald/format.h
plugins_log_journald_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_log_journald_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_log_journald_la_LIBADD = $(PLUGIN_LIBADD)
