# tools/shim: hull-shim, static. What it uses of core and api is compiled into it once more.
hullexec_PROGRAMS += tools/hull-shim
tools_hull_shim_SOURCES = tools/shim/main.c tools/shim/child.c tools/shim/control.c \
	tools/shim/devices.c tools/shim/filesystems.c tools/shim/foreign.c tools/shim/identity.c tools/shim/launch.c \
	tools/shim/leave.c tools/shim/log.c tools/shim/loop.c tools/shim/mount_options.c tools/shim/mounts.c \
	tools/shim/output.c tools/shim/packet.c tools/shim/packet.h tools/shim/plan.c tools/shim/plan.h tools/shim/protect.c \
	tools/shim/protocol.h tools/shim/resolve.c tools/shim/shim.h tools/shim/source.c tools/shim/spawn.c tools/shim/stdio.c \
	tools/shim/sysctl.c tools/shim/tables.c tools/shim/target.c tools/shim/userns.c \
	tools/shim/userns_ids.c tools/shim/userns_mounts.c tools/shim/users.c \
	tools/shim/util.c plugins/common/plain.c $(CORE_STATIC)
tools_hull_shim_CFLAGS = $(STATIC_CFLAGS)
tools_hull_shim_LINK = $(STATIC_LINK)

# tools/hull-shim-oci: the same, but an OCI runtime makes the process.
hullexec_PROGRAMS += tools/hull-shim-oci
tools_hull_shim_oci_SOURCES = tools/shim/main.c tools/shim/bundle.c tools/shim/bundle_userns.c \
	tools/shim/control.c tools/shim/devices.c tools/shim/filesystems.c tools/shim/foreign.c tools/shim/identity.c tools/shim/launch.c tools/shim/leave.c tools/shim/log.c tools/shim/loop.c \
	tools/shim/mount_options.c tools/shim/oci.c tools/shim/output.c tools/shim/packet.c \
	tools/shim/packet.h tools/shim/plan.c tools/shim/plan.h tools/shim/protocol.h tools/shim/resolve.c \
	tools/shim/runtime_error.c tools/shim/runtime_error.h tools/shim/shim.h tools/shim/source.c tools/shim/stdio.c \
	tools/shim/tables.c tools/shim/target.c tools/shim/userns_ids.c tools/shim/userns_mounts.c tools/shim/users.c \
	tools/shim/util.c plugins/common/json.c \
	plugins/common/json_encode.c plugins/common/json_lists.c plugins/common/json_scan.c \
	plugins/common/plain.c $(CORE_STATIC)
tools_hull_shim_oci_CFLAGS = $(STATIC_CFLAGS)
tools_hull_shim_oci_LINK = $(STATIC_LINK)
