# plugins/runtime/native
runtime_LTLIBRARIES += plugins/runtime/native.la
plugins_runtime_native_la_SOURCES = plugins/runtime/native/native.c plugins/runtime/native/bpf.c \
	plugins/runtime/native/bpf_ranges.c plugins/runtime/native/bpf_ranges.h \
	plugins/runtime/native/cgroup.c plugins/runtime/native/cgroup_devices.c \
	plugins/runtime/native/cgroup_file.c plugins/runtime/native/cgroup_freeze.c plugins/runtime/native/cgroup_limits.c \
	plugins/runtime/native/client.c plugins/runtime/native/container.c \
	plugins/runtime/native/create.c plugins/runtime/native/create.h \
	plugins/runtime/native/launch.c plugins/runtime/native/manage.c \
	plugins/runtime/native/native.h plugins/runtime/native/policy.c \
	plugins/runtime/native/policy.h plugins/runtime/native/seccomp.c plugins/runtime/native/seccomp_file.c \
	plugins/runtime/native/stats.c tools/shim/packet.c tools/shim/packet.h \
	tools/shim/plan.c tools/shim/plan.h tools/shim/protocol.h
plugins_runtime_native_la_CPPFLAGS = $(AM_CPPFLAGS) -DHULL_PKGDATADIR='"$(pkgdatadir)"'
plugins_runtime_native_la_CFLAGS = $(PLUGIN_CFLAGS) $(SECCOMP_CFLAGS)
plugins_runtime_native_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_runtime_native_la_LIBADD = $(PLUGIN_LIBADD) $(SECCOMP_LIBS)
EXTRA_plugins_runtime_native_la_DEPENDENCIES = tools/seccomp-default.json

# The default system call policy, where HULL_LIBEXEC finds it before it is installed.
pkgdata_DATA = tools/seccomp-default.json
CLEANFILES += tools/seccomp-default.json
tools/seccomp-default.json: plugins/runtime/native/seccomp-default.json
	$(AM_V_GEN)$(MKDIR_P) tools && cp $< $@
