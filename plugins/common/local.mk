# plugins/common: an archive; the linker leaves out of a plugin what the plugin does not use.
noinst_LTLIBRARIES += plugins/common/libcommon.la
plugins_common_libcommon_la_SOURCES = plugins/common/json.c plugins/common/json_lists.c \
	plugins/common/json_encode.c plugins/common/json_scan.c plugins/common/json_value.c \
	plugins/common/json.h plugins/common/json_decode.h plugins/common/json_scan.h
plugins_common_libcommon_la_CFLAGS = $(PLUGIN_CFLAGS)

plugins_common_libcommon_la_SOURCES += plugins/common/units.c plugins/common/units.h \
	plugins/common/table.c plugins/common/table.h plugins/common/template.h \
	plugins/common/template_int.h plugins/common/template_parse.c plugins/common/template_eval.c \
	plugins/common/template_func.c
plugins_common_libcommon_la_SOURCES += plugins/common/reference.c plugins/common/reference.h
if HAVE_NETTLE
plugins_common_libcommon_la_SOURCES += plugins/common/digest.c plugins/common/digest.h
plugins_common_libcommon_la_CFLAGS += $(NETTLE_CFLAGS)
endif
plugins_common_libcommon_la_SOURCES += plugins/common/compress.c plugins/common/compress.h \
	plugins/common/compress_int.h plugins/common/compress_more.c
plugins_common_libcommon_la_SOURCES += plugins/common/idmap.c plugins/common/idmap.h plugins/common/ids.c plugins/common/ids.h \
	plugins/common/names.c plugins/common/names.h plugins/common/quota.c plugins/common/quota.h plugins/common/subids.c plugins/common/subids.h plugins/common/signals.c plugins/common/signals.h \
	plugins/common/timefmt.c plugins/common/timefmt.h plugins/common/truth.c plugins/common/truth.h plugins/common/filters.c plugins/common/filters.h
plugins_common_libcommon_la_SOURCES += plugins/common/address.c plugins/common/address.h \
	plugins/common/fwmark.c plugins/common/fwmark.h \
	plugins/common/netlink.c plugins/common/netlink.h plugins/common/netif.c plugins/common/netif.h \
	plugins/common/netgone.c plugins/common/netgone.h \
	plugins/common/netjoin.c plugins/common/netjoin.h plugins/common/netbridge.c plugins/common/netbridge.h plugins/common/netns.c plugins/common/netns.h plugins/common/resolv.c plugins/common/resolv.h
plugins_common_libcommon_la_SOURCES += plugins/common/root.c plugins/common/root_tree.c \
	plugins/common/root.h plugins/common/jail.c plugins/common/jail.h plugins/common/tar_read.c \
	plugins/common/tar_read.h plugins/common/tar_pax.c plugins/common/tar_sparse.c \
	plugins/common/tar_write.c plugins/common/tar.h
plugins_common_libcommon_la_SOURCES += plugins/common/layers.c plugins/common/layers_methods.c plugins/common/layers_own.h plugins/common/layers_tree.c \
	plugins/common/layers.h plugins/common/layers_changes.c plugins/common/layers_changes.h
plugins_common_libcommon_la_SOURCES += plugins/common/instance.c plugins/common/instance.h plugins/common/hash.h plugins/common/hashtable.h
plugins_common_libcommon_la_SOURCES += plugins/common/detach.c plugins/common/detach.h
plugins_common_libcommon_la_SOURCES += plugins/common/http_client.c plugins/common/http_client.h
plugins_common_libcommon_la_SOURCES += plugins/common/plugin_client.c plugins/common/plugin_client.h \
	plugins/common/plugin_find.c plugins/common/plugin_find.h
plugins_common_libcommon_la_SOURCES += plugins/common/wire_encode.c plugins/common/wire_decode.c \
	plugins/common/wire.h plugins/common/wire_int.h plugins/common/show.c plugins/common/show.h
plugins_common_libcommon_la_SOURCES += plugins/common/helper.c plugins/common/helper.h
plugins_common_libcommon_la_SOURCES += plugins/common/log_forward.c plugins/common/log_forward.h \
	plugins/common/log_socket.c plugins/common/log_socket.h
plugins_common_libcommon_la_SOURCES += plugins/common/patience.c plugins/common/patience.h
plugins_common_libcommon_la_SOURCES += plugins/common/plain.c plugins/common/plain.h
plugins_common_libcommon_la_SOURCES += plugins/common/failpoint.c plugins/common/failpoint.h
plugins_common_libcommon_la_SOURCES += plugins/common/platform.c plugins/common/platform.h
plugins_common_libcommon_la_SOURCES += plugins/common/base64.c plugins/common/base64.h
plugins_common_libcommon_la_SOURCES += plugins/common/volume_uses.c plugins/common/volume_uses.h
