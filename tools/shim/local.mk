# tools/shim: hull-shim, static. What it uses of core and api is compiled into it once more. Ready
# for use with the first source:
#
# hullexec_PROGRAMS += tools/hull-shim
# tools_hull_shim_SOURCES = tools/shim/main.c core/arena.c core/wire.c
# tools_hull_shim_CFLAGS = $(STATIC_CFLAGS)
# tools_hull_shim_LINK = $(STATIC_LINK)
