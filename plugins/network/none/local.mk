# plugins/network/none
network_LTLIBRARIES += plugins/network/none.la
plugins_network_none_la_SOURCES = plugins/network/none/none.c
plugins_network_none_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_network_none_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_network_none_la_LIBADD = $(PLUGIN_LIBADD)
