# plugins/support/authz: authorization plugins by docker's protocol.
support_LTLIBRARIES += plugins/support/authz.la
plugins_support_authz_la_SOURCES = plugins/support/authz/authz.c
plugins_support_authz_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_support_authz_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_support_authz_la_LIBADD = $(PLUGIN_LIBADD)
