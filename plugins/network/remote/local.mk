# plugins/network/remote: network and IPAM drivers that are plugins of somebody else.
network_LTLIBRARIES += plugins/network/remote.la
plugins_network_remote_la_SOURCES = plugins/network/remote/remote.c \
	plugins/network/remote/addresses.c plugins/network/remote/endpoint.c \
	plugins/network/remote/leave.c plugins/network/remote/link.c plugins/network/remote/network.c \
	plugins/network/remote/owed.c plugins/network/remote/ports.c \
	plugins/network/remote/protocol.c plugins/network/remote/replay.c \
	plugins/network/remote/protocol.h \
	plugins/network/remote/remote.h
plugins_network_remote_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_network_remote_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_network_remote_la_LIBADD = $(PLUGIN_LIBADD)
