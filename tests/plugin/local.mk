# tests/plugin: see the top of Makefile.am

if HAVE_NFTABLES
check_PROGRAMS += tests/plugin/test-network
TESTS += tests/plugin/test-network
tests_plugin_test_network_SOURCES = tests/plugin/test-network.c tests/plugin/net.h
tests_plugin_test_network_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_network_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_network_LDADD = $(TEST_LIBADD)
endif

# hull-jail against the tars of corpus_gen.py.
TESTS += tests/plugin/test-jail.py

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

# Plugins on the disk. The toys are modules that are built for the tests only.
#
# The toy at port toy/sleepy is tests/plugin/toys/toy/sleepy.la.
toy_cflags = $(PLUGIN_CFLAGS) -I$(top_srcdir)/tests/plugin/toys
toy_header = tests/plugin/toys/toys.h
# -rpath makes a shared object of what is not installed; the lazy one may lack symbols.
toy_lazy_link = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
toy_link = $(toy_lazy_link) $(PLUGIN_ZDEFS)

check_LTLIBRARIES += tests/plugin/toys/echo.la \
	tests/plugin/toys/toy/relay.la \
	tests/plugin/toys/toy/sleepy.la \
	tests/plugin/toys/toy/old-abi.la \
	tests/plugin/toys/toy/orphan.la \
	tests/plugin/toys/toy/unresolved.la \
	tests/plugin/toys/toy/no-table.la \
	tests/plugin/toys/toy/wrong-port.la \
	tests/plugin/toys/toy/failing.la \
	tests/plugin/toys/toy/ring-a.la \
	tests/plugin/toys/toy/ring-b.la

tests_plugin_toys_echo_la_SOURCES = tests/plugin/toys/echo.c $(toy_header)
tests_plugin_toys_echo_la_CFLAGS = $(toy_cflags)
tests_plugin_toys_echo_la_LDFLAGS = $(toy_link)
tests_plugin_toys_echo_la_LIBADD = core/libhull.la

tests_plugin_toys_toy_relay_la_SOURCES = tests/plugin/toys/relay.c $(toy_header)
tests_plugin_toys_toy_relay_la_CFLAGS = $(toy_cflags)
tests_plugin_toys_toy_relay_la_LDFLAGS = $(toy_link)
tests_plugin_toys_toy_relay_la_LIBADD = core/libhull.la

tests_plugin_toys_toy_sleepy_la_SOURCES = tests/plugin/toys/sleepy.c $(toy_header)
tests_plugin_toys_toy_sleepy_la_CFLAGS = $(toy_cflags)
tests_plugin_toys_toy_sleepy_la_LDFLAGS = $(toy_link)
tests_plugin_toys_toy_sleepy_la_LIBADD = core/libhull.la

tests_plugin_toys_toy_old_abi_la_SOURCES = tests/plugin/toys/broken.c $(toy_header)
tests_plugin_toys_toy_old_abi_la_CFLAGS = $(toy_cflags) -DTOY_OLD_ABI
tests_plugin_toys_toy_old_abi_la_LDFLAGS = $(toy_link)
tests_plugin_toys_toy_old_abi_la_LIBADD = core/libhull.la

tests_plugin_toys_toy_orphan_la_SOURCES = tests/plugin/toys/broken.c $(toy_header)
tests_plugin_toys_toy_orphan_la_CFLAGS = $(toy_cflags) -DTOY_ORPHAN
tests_plugin_toys_toy_orphan_la_LDFLAGS = $(toy_link)
tests_plugin_toys_toy_orphan_la_LIBADD = core/libhull.la

tests_plugin_toys_toy_unresolved_la_SOURCES = tests/plugin/toys/broken.c $(toy_header)
tests_plugin_toys_toy_unresolved_la_CFLAGS = $(toy_cflags) -DTOY_UNRESOLVED
tests_plugin_toys_toy_unresolved_la_LDFLAGS = $(toy_lazy_link)
tests_plugin_toys_toy_unresolved_la_LIBADD = core/libhull.la

tests_plugin_toys_toy_no_table_la_SOURCES = tests/plugin/toys/broken.c $(toy_header)
tests_plugin_toys_toy_no_table_la_CFLAGS = $(toy_cflags) -DTOY_NO_TABLE
tests_plugin_toys_toy_no_table_la_LDFLAGS = $(toy_link)
tests_plugin_toys_toy_no_table_la_LIBADD = core/libhull.la

tests_plugin_toys_toy_wrong_port_la_SOURCES = tests/plugin/toys/broken.c $(toy_header)
tests_plugin_toys_toy_wrong_port_la_CFLAGS = $(toy_cflags) -DTOY_WRONG_PORT
tests_plugin_toys_toy_wrong_port_la_LDFLAGS = $(toy_link)
tests_plugin_toys_toy_wrong_port_la_LIBADD = core/libhull.la

tests_plugin_toys_toy_failing_la_SOURCES = tests/plugin/toys/broken.c $(toy_header)
tests_plugin_toys_toy_failing_la_CFLAGS = $(toy_cflags) -DTOY_FAILING
tests_plugin_toys_toy_failing_la_LDFLAGS = $(toy_link)
tests_plugin_toys_toy_failing_la_LIBADD = core/libhull.la

tests_plugin_toys_toy_ring_a_la_SOURCES = tests/plugin/toys/broken.c $(toy_header)
tests_plugin_toys_toy_ring_a_la_CFLAGS = $(toy_cflags) -DTOY_RING_A
tests_plugin_toys_toy_ring_a_la_LDFLAGS = $(toy_link)
tests_plugin_toys_toy_ring_a_la_LIBADD = core/libhull.la

tests_plugin_toys_toy_ring_b_la_SOURCES = tests/plugin/toys/broken.c $(toy_header)
tests_plugin_toys_toy_ring_b_la_CFLAGS = $(toy_cflags) -DTOY_RING_B
tests_plugin_toys_toy_ring_b_la_LDFLAGS = $(toy_link)
tests_plugin_toys_toy_ring_b_la_LIBADD = core/libhull.la

check_PROGRAMS += tests/plugin/test-plugins
TESTS += tests/plugin/test-plugins
tests_plugin_test_plugins_SOURCES = tests/plugin/test-plugins.c tests/unit/tap.h $(toy_header)
tests_plugin_test_plugins_CFLAGS = $(TEST_CFLAGS) -I$(top_srcdir)/tests/plugin
tests_plugin_test_plugins_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_plugins_LDADD = core/libhull.la

check_PROGRAMS += tests/plugin/test-runtime-native tests/plugin/test-runtime-hostile
TESTS += tests/plugin/test-runtime-native tests/plugin/test-runtime-hostile
tests_plugin_test_runtime_native_SOURCES = tests/plugin/test-runtime-native.c tests/plugin/box.h
tests_plugin_test_runtime_native_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_runtime_native_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_runtime_native_LDADD = $(TEST_LIBADD)
tests_plugin_test_runtime_hostile_SOURCES = tests/plugin/test-runtime-hostile.c tests/plugin/box.h
tests_plugin_test_runtime_hostile_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_runtime_hostile_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_runtime_hostile_LDADD = $(TEST_LIBADD)
# The same suite for runtime/oci with two runtimes.
check_PROGRAMS += tests/plugin/test-runtime-runc
TESTS += tests/plugin/test-runtime-runc
tests_plugin_test_runtime_runc_SOURCES = tests/plugin/test-runtime-native.c tests/plugin/box.h
tests_plugin_test_runtime_runc_CFLAGS = $(TEST_CFLAGS) -DBOX_PROGRAM='"runc"'
tests_plugin_test_runtime_runc_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_runtime_runc_LDADD = $(TEST_LIBADD)
check_PROGRAMS += tests/plugin/test-runtime-crun
TESTS += tests/plugin/test-runtime-crun
tests_plugin_test_runtime_crun_SOURCES = tests/plugin/test-runtime-native.c tests/plugin/box.h
tests_plugin_test_runtime_crun_CFLAGS = $(TEST_CFLAGS) -DBOX_PROGRAM='"crun"'
tests_plugin_test_runtime_crun_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_runtime_crun_LDADD = $(TEST_LIBADD)

if HAVE_SQLITE
check_PROGRAMS += tests/plugin/test-state
TESTS += tests/plugin/test-state
tests_plugin_test_state_SOURCES = tests/plugin/test-state.c
tests_plugin_test_state_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_state_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_state_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)
endif
if HAVE_NETTLE
check_PROGRAMS += tests/plugin/test-content
TESTS += tests/plugin/test-content
tests_plugin_test_content_SOURCES = tests/plugin/test-content.c
tests_plugin_test_content_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_content_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_content_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)
endif

check_PROGRAMS += tests/plugin/test-container
TESTS += tests/plugin/test-container
tests_plugin_test_container_SOURCES = tests/plugin/test-container.c tests/plugin/world.h
tests_plugin_test_container_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_container_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_container_LDADD = $(TEST_LIBADD)

check_PROGRAMS += tests/plugin/test-device-rules
TESTS += tests/plugin/test-device-rules
tests_plugin_test_device_rules_SOURCES = tests/plugin/test-device-rules.c \
	plugins/runtime/native/cgroup_devices.c
tests_plugin_test_device_rules_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_device_rules_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_device_rules_LDADD = $(TEST_LIBADD)

TESTS += tests/plugin/example.sh
EXTRA_DIST += tests/plugin/example.sh tests/plugin/example.c include/README.md \
	include/example/plain.c include/example/wire.c include/example/Makefile

# The client of plugins written by others.
check_PROGRAMS += tests/plugin/test-plugin-client
TESTS += tests/plugin/test-plugin-client
tests_plugin_test_plugin_client_SOURCES = tests/plugin/test-plugin-client.c
tests_plugin_test_plugin_client_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_plugin_client_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_plugin_client_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(CJSON_LIBS)

# One suite for all network drivers.
if HAVE_NFTABLES
netdriver_tests = tests/plugin/test-netdriver-bridge tests/plugin/test-netdriver-macvlan \
	tests/plugin/test-netdriver-none tests/plugin/test-netdriver-host \
	tests/plugin/test-netdriver-remote tests/plugin/test-netdriver-cni
EXTRA_DIST += tests/plugin/netplugin.py tests/plugin/pluginserver.py
netdriver_sources = tests/plugin/test-netdriver.c tests/plugin/driver_cases.h tests/plugin/net.h
check_PROGRAMS += $(netdriver_tests)
TESTS += $(netdriver_tests)
# For a driver outside of the tree: see example.sh.
check_PROGRAMS += tests/plugin/test-netdriver-wire
tests_plugin_test_netdriver_wire_SOURCES = $(netdriver_sources)
tests_plugin_test_netdriver_wire_CFLAGS = $(TEST_CFLAGS) -DDRIVER='"wire"'
tests_plugin_test_netdriver_wire_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_netdriver_wire_LDADD = $(TEST_LIBADD)
tests_plugin_test_netdriver_bridge_SOURCES = $(netdriver_sources)
tests_plugin_test_netdriver_bridge_CFLAGS = $(TEST_CFLAGS) -DDRIVER='"bridge"'
tests_plugin_test_netdriver_bridge_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_netdriver_bridge_LDADD = $(TEST_LIBADD)
tests_plugin_test_netdriver_macvlan_SOURCES = $(netdriver_sources)
tests_plugin_test_netdriver_macvlan_CFLAGS = $(TEST_CFLAGS) -DDRIVER='"macvlan"'
tests_plugin_test_netdriver_macvlan_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_netdriver_macvlan_LDADD = $(TEST_LIBADD)
tests_plugin_test_netdriver_none_SOURCES = $(netdriver_sources)
tests_plugin_test_netdriver_none_CFLAGS = $(TEST_CFLAGS) -DDRIVER='"none"'
tests_plugin_test_netdriver_none_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_netdriver_none_LDADD = $(TEST_LIBADD)
tests_plugin_test_netdriver_remote_SOURCES = $(netdriver_sources)
tests_plugin_test_netdriver_remote_CFLAGS = $(TEST_CFLAGS) -DDRIVER='"remote"'
tests_plugin_test_netdriver_remote_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_netdriver_remote_LDADD = $(TEST_LIBADD)
tests_plugin_test_netdriver_cni_SOURCES = $(netdriver_sources)
tests_plugin_test_netdriver_cni_CFLAGS = $(TEST_CFLAGS) -DDRIVER='"cni"'
tests_plugin_test_netdriver_cni_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_netdriver_cni_LDADD = $(TEST_LIBADD)
tests_plugin_test_netdriver_host_SOURCES = $(netdriver_sources)
tests_plugin_test_netdriver_host_CFLAGS = $(TEST_CFLAGS) -DDRIVER='"host"'
tests_plugin_test_netdriver_host_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_netdriver_host_LDADD = $(TEST_LIBADD)
endif

check_PROGRAMS += tests/plugin/test-dns
TESTS += tests/plugin/test-dns
tests_plugin_test_dns_SOURCES = tests/plugin/test-dns.c tests/plugin/net.h \
	plugins/support/dns/packet.c
tests_plugin_test_dns_CFLAGS = $(TEST_CFLAGS)
tests_plugin_test_dns_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_dns_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(CJSON_LIBS)

# One suite for all volume drivers.
if HAVE_SQLITE
voldriver_tests = tests/plugin/test-voldriver-local tests/plugin/test-voldriver-remote
check_PROGRAMS += $(voldriver_tests)
TESTS += $(voldriver_tests)
tests_plugin_test_voldriver_local_SOURCES = tests/plugin/test-voldriver.c
tests_plugin_test_voldriver_local_CFLAGS = $(TEST_CFLAGS) -DDRIVER='"local"'
tests_plugin_test_voldriver_local_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_voldriver_local_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)
tests_plugin_test_voldriver_remote_SOURCES = tests/plugin/test-voldriver.c
tests_plugin_test_voldriver_remote_CFLAGS = $(TEST_CFLAGS) -DDRIVER='"remote"'
tests_plugin_test_voldriver_remote_LDFLAGS = $(TEST_LDFLAGS)
tests_plugin_test_voldriver_remote_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)
endif
