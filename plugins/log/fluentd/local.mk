# plugins/log/fluentd: see the top of Makefile.am
log_LTLIBRARIES += plugins/log/fluentd.la
plugins_log_fluentd_la_SOURCES = plugins/log/fluentd/fluentd.c plugins/log/fluentd/format.c \
	plugins/log/fluentd/format.h
plugins_log_fluentd_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_log_fluentd_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_log_fluentd_la_LIBADD = $(PLUGIN_LIBADD)
