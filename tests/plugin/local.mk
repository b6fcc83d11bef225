# tests/plugin: see the top of Makefile.am

if HAVE_NFTABLES
check_PROGRAMS += tests/plugin/test-network
TESTS += tests/plugin/test-network
tests_plugin_test_network_SOURCES = tests/plugin/test-network.c tests/plugin/net.h
tests_plugin_test_network_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_network_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_network_LDADD = $(TEST_LIBADD)
endif

# One suite for all storage drivers.
check_PROGRAMS += tests/plugin/test-storage-overlay tests/plugin/test-storage-vfs
TESTS += tests/plugin/test-storage-overlay tests/plugin/test-storage-vfs
tests_plugin_test_storage_overlay_SOURCES = tests/plugin/test-storage.c
tests_plugin_test_storage_overlay_CFLAGS = $(TEST_CFLAGS) -DSTORAGE_PORT='"storage/overlay"'
tests_plugin_test_storage_overlay_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_storage_overlay_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(CJSON_LIBS)
tests_plugin_test_storage_vfs_SOURCES = tests/plugin/test-storage.c
tests_plugin_test_storage_vfs_CFLAGS = $(TEST_CFLAGS) -DSTORAGE_PORT='"storage/vfs"'
tests_plugin_test_storage_vfs_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_storage_vfs_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(CJSON_LIBS)
