# plugins/support/firewall: the daemon's nftables table.
if HAVE_NFTABLES
support_LTLIBRARIES += plugins/support/firewall.la
plugins_support_firewall_la_SOURCES = plugins/support/firewall/firewall.c \
	plugins/support/firewall/admin.c plugins/support/firewall/ask.c plugins/support/firewall/ask.h \
	plugins/support/firewall/explain.c plugins/support/firewall/explain.h \
	plugins/support/firewall/claim.c plugins/support/firewall/conntrack.c \
	plugins/support/firewall/elements.c plugins/support/firewall/guard.c \
	plugins/support/firewall/nft.c plugins/support/firewall/nft.h \
	plugins/support/firewall/table.c plugins/support/firewall/watch.c plugins/support/firewall/fw.h
plugins_support_firewall_la_CFLAGS = $(PLUGIN_CFLAGS) $(NFTABLES_CFLAGS)
plugins_support_firewall_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_support_firewall_la_LIBADD = $(PLUGIN_LIBADD)
endif
