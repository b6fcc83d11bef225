# plugins/runtime/native
runtime_LTLIBRARIES += plugins/runtime/native.la
plugins_runtime_native_la_SOURCES = plugins/runtime/native/native.c plugins/runtime/native/bpf.c \
	plugins/runtime/native/bpf_ranges.c plugins/runtime/native/bpf_ranges.h \
	plugins/runtime/native/cgroup_devices.c plugins/runtime/native/cgroup_limits.c \
	plugins/runtime/native/native.h plugins/runtime/native/seccomp.c \
	plugins/runtime/native/seccomp_file.c
plugins_runtime_native_la_CFLAGS = $(PLUGIN_CFLAGS) $(SECCOMP_CFLAGS)
plugins_runtime_native_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_runtime_native_la_LIBADD = plugins/runtime/common/libshimmed.la $(PLUGIN_LIBADD) \
	$(SECCOMP_LIBS)
EXTRA_plugins_runtime_native_la_DEPENDENCIES = tools/seccomp-default.json
