# plugins/log/json-file: see the top of Makefile.am
log_LTLIBRARIES += plugins/log/json-file.la
plugins_log_json_file_la_SOURCES = plugins/log/json-file/json_file.c \
	plugins/log/json-file/compact.c plugins/log/json-file/compact.h \
	plugins/log/json-file/compact_file.c plugins/log/json-file/file.c \
	plugins/log/json-file/file.h plugins/log/json-file/gzip.c plugins/log/json-file/gzip.h \
	plugins/log/json-file/line.c plugins/log/json-file/reader.c plugins/log/json-file/reader.h \
	plugins/log/json-file/truncate.c plugins/log/json-file/truncate.h
plugins_log_json_file_la_CFLAGS = $(PLUGIN_CFLAGS) $(ZLIB_CFLAGS)
plugins_log_json_file_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_log_json_file_la_LIBADD = $(PLUGIN_LIBADD) $(ZLIB_LIBS)
