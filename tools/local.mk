# tools: the programs' mains.
# hull starts for each command, and half of that time would go to mapping and relocating shared
# libraries: the core and the two plugins that every command needs are linked in. A plugin that it
# loads (support/tls) finds the core in the program, by its exported names.
bin_PROGRAMS += tools/hull
tools_hull_SOURCES = tools/hull.c $(CLI_SOURCES) $(REMOTE_SOURCES) $(core_libhull_la_SOURCES) \
	$(api_libhull_api_la_SOURCES)
tools_hull_CFLAGS = $(PROGRAM_CFLAGS) -fvisibility=hidden -ffunction-sections -fdata-sections
tools_hull_LDFLAGS = $(PROGRAM_LDFLAGS) -Wl,--gc-sections -Wl,--export-dynamic-symbol='hull_*'
tools_hull_LDADD = plugins/common/libcommon.la $(CJSON_LIBS) $(HULL_STARTUP_LIBS) \
	-lpthread -ldl

sbin_PROGRAMS += tools/hulld/hulld
tools_hulld_hulld_SOURCES = tools/hulld/main.c tools/hulld/flags.c tools/hulld/config_file.c \
	tools/hulld/root.c tools/hulld/reload.c tools/hulld/hulld.h tools/sanitized.h
tools_hulld_hulld_CFLAGS = $(PROGRAM_CFLAGS)
tools_hulld_hulld_LDFLAGS = $(PROGRAM_LDFLAGS)
tools_hulld_hulld_LDADD = core/libhull.la api/libhull-api.la plugins/common/libcommon.la \
	$(CJSON_LIBS)

hullexec_PROGRAMS += tools/hull-init
tools_hull_init_SOURCES = tools/init.c
tools_hull_init_CFLAGS = $(STATIC_CFLAGS)
tools_hull_init_LINK = $(STATIC_LINK)

# Static always: it runs where a container's files are. Of libraries it has what decompresses.
hullexec_PROGRAMS += tools/hull-jail
tools_hull_jail_SOURCES = tools/jail/main.c tools/jail/enter.c tools/jail/seccomp.c \
	tools/jail/place.c tools/jail/whiteout.c tools/jail/entry.c tools/jail/unpack.c \
	tools/jail/pack.c tools/jail/jail-int.h \
	plugins/common/root.c plugins/common/root_tree.c plugins/common/tar_read.c \
	plugins/common/tar_pax.c plugins/common/tar_sparse.c plugins/common/tar_write.c \
	plugins/common/compress.c plugins/common/compress_more.c plugins/common/compress_int.h \
	$(CORE_STATIC)
tools_hull_jail_CFLAGS = $(STATIC_CFLAGS) -DCOMPRESS_STATIC
tools_hull_jail_LDADD = $(JAIL_COMPRESS_LIBS)
tools_hull_jail_LINK = $(STATIC_LINK)
