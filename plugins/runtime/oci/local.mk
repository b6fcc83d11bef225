# plugins/runtime/oci: runtimes of others.
runtime_LTLIBRARIES += plugins/runtime/oci.la
plugins_runtime_oci_la_SOURCES = plugins/runtime/oci/oci.c plugins/runtime/oci/command.c \
	plugins/runtime/oci/record.c plugins/runtime/oci/oci.h tools/shim/runtime_error.c \
	tools/shim/runtime_error.h
plugins_runtime_oci_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_runtime_oci_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_runtime_oci_la_LIBADD = plugins/runtime/common/libshimmed.la $(PLUGIN_LIBADD)
