# plugins/network/cni: networks made by CNI plugins.
network_LTLIBRARIES += plugins/network/cni.la
plugins_network_cni_la_SOURCES = plugins/network/cni/cni.c plugins/network/cni/cni.h \
	plugins/network/cni/conf.c plugins/network/cni/conf.h plugins/network/cni/exec.c \
	plugins/network/cni/files.c plugins/network/cni/offers.c plugins/network/cni/restore.c plugins/network/cni/result.c \
	plugins/network/cni/run.c
plugins_network_cni_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_network_cni_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_network_cni_la_LIBADD = $(PLUGIN_LIBADD)
