# plugins/support/dns: names inside user-defined networks.
support_LTLIBRARIES += plugins/support/dns.la
plugins_support_dns_la_SOURCES = plugins/support/dns/dns.c plugins/support/dns/answers.c plugins/support/dns/cache.c \
	plugins/support/dns/cache.h plugins/support/dns/names.c plugins/support/dns/names.h \
	plugins/support/dns/packet.c plugins/support/dns/packet.h plugins/support/dns/server.c \
	plugins/support/dns/server.h plugins/support/dns/servers.c plugins/support/dns/sockets.c \
	plugins/support/dns/tcp.c plugins/support/dns/upstream.c plugins/support/dns/upstream_tcp.c
plugins_support_dns_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_support_dns_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_support_dns_la_LIBADD = $(PLUGIN_LIBADD)
