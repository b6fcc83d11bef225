# plugins/log/syslog: see the top of Makefile.am
log_LTLIBRARIES += plugins/log/syslog.la
plugins_log_syslog_la_SOURCES = plugins/log/syslog/syslog.c plugins/log/syslog/format.c \
	plugins/log/syslog/format.h
plugins_log_syslog_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_log_syslog_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_log_syslog_la_LIBADD = $(PLUGIN_LIBADD)
