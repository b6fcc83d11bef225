# api: libhull-api.so, the tables of the messages.
lib_LTLIBRARIES += api/libhull-api.la
api_libhull_api_la_SOURCES = api/tables.c api/event_publish.c
api_libhull_api_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
api_libhull_api_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 $(PLUGIN_ZDEFS) -Wl,--as-needed
api_libhull_api_la_LIBADD = core/libhull.la
