# plugins/support/tls: TLS over streams.
if HAVE_OPENSSL
support_LTLIBRARIES += plugins/support/tls.la
plugins_support_tls_la_SOURCES = plugins/support/tls/tls.c plugins/support/tls/stream.c \
	plugins/support/tls/tls_plugin.h
plugins_support_tls_la_CFLAGS = $(PLUGIN_CFLAGS) $(OPENSSL_CFLAGS)
plugins_support_tls_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_support_tls_la_LIBADD = $(PLUGIN_LIBADD) $(OPENSSL_LIBS)
endif
