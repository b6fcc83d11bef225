# tests/plugin: see the top of Makefile.am

if HAVE_NFTABLES
check_PROGRAMS += tests/plugin/test-network
TESTS += tests/plugin/test-network
tests_plugin_test_network_SOURCES = tests/plugin/test-network.c tests/plugin/net.h
tests_plugin_test_network_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_network_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_network_LDADD = $(TEST_LIBADD)
endif
