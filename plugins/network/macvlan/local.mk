# plugins/network/macvlan: containers as peers of the host's neighbours.
network_LTLIBRARIES += plugins/network/macvlan.la
plugins_network_macvlan_la_SOURCES = plugins/network/macvlan/macvlan.c \
	plugins/network/macvlan/parent.c plugins/network/macvlan/parent.h
plugins_network_macvlan_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_network_macvlan_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_network_macvlan_la_LIBADD = $(PLUGIN_LIBADD)
