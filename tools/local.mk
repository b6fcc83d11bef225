# tools: the programs' mains. Ready for use with the first source of each:
#
# bin_PROGRAMS += tools/hull
# tools_hull_SOURCES = tools/hull.c
# tools_hull_CFLAGS = $(PROGRAM_CFLAGS)
# tools_hull_LDFLAGS = $(PROGRAM_LDFLAGS)
# tools_hull_LDADD = core/libhull.la api/libhull-api.la
#
# sbin_PROGRAMS += tools/hulld
# tools_hulld_SOURCES = tools/hulld.c
# tools_hulld_CFLAGS = $(PROGRAM_CFLAGS)
# tools_hulld_LDFLAGS = $(PROGRAM_LDFLAGS)
# tools_hulld_LDADD = core/libhull.la api/libhull-api.la
#
# hullexec_PROGRAMS += tools/hull-init
# tools_hull_init_SOURCES = tools/hull-init.c
# tools_hull_init_CFLAGS = $(STATIC_CFLAGS)
# tools_hull_init_LINK = $(STATIC_LINK)
#
# if HAVE_ARCHIVE
# hullexec_PROGRAMS += tools/hull-jail
# tools_hull_jail_SOURCES = tools/hull-jail.c
# if JAIL_STATIC
# tools_hull_jail_CFLAGS = $(STATIC_CFLAGS) $(ARCHIVE_CFLAGS)
# tools_hull_jail_LINK = $(STATIC_LINK)
# tools_hull_jail_LDADD = $(JAIL_STATIC_LIBS)
# else
# tools_hull_jail_CFLAGS = $(PROGRAM_CFLAGS) $(ARCHIVE_CFLAGS)
# tools_hull_jail_LDFLAGS = $(PROGRAM_LDFLAGS)
# tools_hull_jail_LDADD = $(ARCHIVE_LIBS)
# endif
# endif
