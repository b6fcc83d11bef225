# core: libhull.so. Only names that begin with hull_ leave it. Ready for use with the first source:
#
# lib_LTLIBRARIES += core/libhull.la
# core_libhull_la_SOURCES = core/arena.c
# core_libhull_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
# core_libhull_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -export-symbols-regex '^hull_' \
# 	-Wl,-z,nodelete $(PLUGIN_ZDEFS) -Wl,--as-needed
# core_libhull_la_LIBADD = $(EVENT_LIBS) $(LTDL_LIBS)
