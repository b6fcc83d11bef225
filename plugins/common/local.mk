# plugins/common: an archive; the linker leaves out of a plugin what the plugin does not use.
noinst_LTLIBRARIES += plugins/common/libcommon.la
plugins_common_libcommon_la_SOURCES =
plugins_common_libcommon_la_CFLAGS = $(PLUGIN_CFLAGS)
