# plugins/support/cdi: devices by the names of their vendors.
if HAVE_YAML
support_LTLIBRARIES += plugins/support/cdi.la
plugins_support_cdi_la_SOURCES = plugins/support/cdi/cdi.c plugins/support/cdi/yaml_json.c \
	plugins/support/cdi/yaml_json.h
plugins_support_cdi_la_CFLAGS = $(PLUGIN_CFLAGS) $(YAML_CFLAGS)
plugins_support_cdi_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_support_cdi_la_LIBADD = $(PLUGIN_LIBADD) $(YAML_LIBS)
endif
