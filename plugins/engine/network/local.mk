# plugins/engine/network: the service "network".
engine_LTLIBRARIES += plugins/engine/network.la
plugins_engine_network_la_SOURCES = plugins/engine/network/network.c \
	plugins/engine/network/config_only.c plugins/engine/network/create.c plugins/engine/network/driver.c plugins/engine/network/endpoint.c plugins/engine/network/endpoint_check.c plugins/engine/network/endpoint_opts.c \
	plugins/engine/network/explain.c plugins/engine/network/forwarding.c plugins/engine/network/guard.c plugins/engine/network/host.c plugins/engine/network/join.c plugins/engine/network/join.h plugins/engine/network/live.c \
	plugins/engine/network/names.c plugins/engine/network/pools_lock.c plugins/engine/network/ports.c plugins/engine/network/restore.c \
	plugins/engine/network/sandbox.c plugins/engine/network/store.c plugins/engine/network/way_out.c plugins/engine/network/net.h
plugins_engine_network_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_engine_network_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_engine_network_la_LIBADD = $(PLUGIN_LIBADD)
