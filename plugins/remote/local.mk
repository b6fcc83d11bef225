# plugins/remote: linked into the program hull (tools/local.mk).
REMOTE_SOURCES = plugins/remote/connect.c plugins/remote/encode.c \
	plugins/remote/remote.c plugins/remote/remote.h
