# tools/shim: hull-shim, static. What it uses of core and api is compiled into it once more.
hullexec_PROGRAMS += tools/hull-shim
tools_hull_shim_SOURCES = tools/shim/main.c tools/shim/child.c tools/shim/control.c \
	tools/shim/devices.c tools/shim/filesystems.c tools/shim/foreign.c tools/shim/identity.c tools/shim/launch.c \
	tools/shim/log.c tools/shim/loop.c tools/shim/mount_options.c tools/shim/mounts.c \
	tools/shim/output.c tools/shim/packet.c tools/shim/packet.h tools/shim/plan.c tools/shim/plan.h tools/shim/protect.c \
	tools/shim/protocol.h tools/shim/resolve.c tools/shim/shim.h tools/shim/spawn.c \
	tools/shim/sysctl.c tools/shim/tables.c tools/shim/users.c tools/shim/util.c \
	$(CORE_STATIC)
tools_hull_shim_CFLAGS = $(STATIC_CFLAGS)
tools_hull_shim_LINK = $(STATIC_LINK)
