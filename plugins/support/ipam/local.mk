# plugins/support/ipam: pools and addresses.
support_LTLIBRARIES += plugins/support/ipam.la
plugins_support_ipam_la_SOURCES = plugins/support/ipam/ipam.c plugins/support/ipam/pool.c \
	plugins/support/ipam/pool.h
plugins_support_ipam_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_support_ipam_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_support_ipam_la_LIBADD = $(PLUGIN_LIBADD)
