# plugins/log/local: see the top of Makefile.am
log_LTLIBRARIES += plugins/log/local.la
plugins_log_local_la_SOURCES = plugins/log/local/local.c
plugins_log_local_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_log_local_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_log_local_la_LIBADD = $(PLUGIN_LIBADD)
