# plugins/network/host
network_LTLIBRARIES += plugins/network/host.la
plugins_network_host_la_SOURCES = plugins/network/host/host.c
plugins_network_host_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_network_host_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_network_host_la_LIBADD = $(PLUGIN_LIBADD)
