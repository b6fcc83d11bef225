# plugins/runtime/common: what runtimes with a hull-shim are made of; each has a copy.
noinst_LTLIBRARIES += plugins/runtime/common/libshimmed.la
plugins_runtime_common_libshimmed_la_SOURCES = plugins/runtime/common/cgroup.c \
	plugins/runtime/common/cgroup_file.c plugins/runtime/common/cgroup_freeze.c \
	plugins/runtime/common/cgroup_parents.c \
	plugins/runtime/common/client.c plugins/runtime/common/container.c \
	plugins/runtime/common/create.c plugins/runtime/common/features.c \
	plugins/runtime/common/launch.c plugins/runtime/common/manage.c \
	plugins/runtime/common/policy.c plugins/runtime/common/policy.h \
	plugins/runtime/common/shimmed.h plugins/runtime/common/stats.c \
	tools/shim/packet.c tools/shim/packet.h \
	tools/shim/plan.c tools/shim/plan.h tools/shim/protocol.h
plugins_runtime_common_libshimmed_la_CPPFLAGS = $(AM_CPPFLAGS) -DHULL_PKGDATADIR='"$(pkgdatadir)"'
plugins_runtime_common_libshimmed_la_CFLAGS = $(PLUGIN_CFLAGS)

# The default system call policy, where HULL_LIBEXEC finds it before it is installed.
pkgdata_DATA = tools/seccomp-default.json
CLEANFILES += tools/seccomp-default.json
tools/seccomp-default.json: plugins/runtime/common/seccomp-default.json
	$(AM_V_GEN)$(MKDIR_P) tools && cp $< $@
