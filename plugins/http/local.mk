# plugins/http: the Engine API over HTTP/1.1.
plugin_LTLIBRARIES += plugins/http.la
plugins_http_la_SOURCES = plugins/http/http.c plugins/http/http.h plugins/http/listen.c \
	plugins/http/accept.c \
	plugins/http/conn.c plugins/http/head.c plugins/http/head.h plugins/http/body.c \
	plugins/http/route.c plugins/http/decode.c plugins/http/reply.c plugins/http/dispatch.c \
	plugins/http/hijack.c plugins/http/websocket.c plugins/http/frame.c plugins/http/frame.h plugins/http/authz.c \
	plugins/http/versions.c plugins/http/versions_in.c
plugins_http_la_CFLAGS = $(PLUGIN_CFLAGS)
plugins_http_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_http_la_LIBADD = $(PLUGIN_LIBADD)
