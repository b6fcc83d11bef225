# plugins/engine/events: what happened, for whoever asks.
engine_LTLIBRARIES += plugins/engine/events.la
plugins_engine_events_la_SOURCES = plugins/engine/events/events.c \
	plugins/engine/events/match.c plugins/engine/events/match.h
plugins_engine_events_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_engine_events_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_engine_events_la_LIBADD = $(PLUGIN_LIBADD)
