# plugins/network/bridge: a Linux bridge per network and a veth pair per container.
network_LTLIBRARIES += plugins/network/bridge.la
plugins_network_bridge_la_SOURCES = plugins/network/bridge/bridge.c plugins/network/bridge/link.c \
	plugins/network/bridge/link.h
plugins_network_bridge_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_network_bridge_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_network_bridge_la_LIBADD = $(PLUGIN_LIBADD)
