# tests/unit: the core, part by part. See tests/unit/tap.h.
check_PROGRAMS += tests/unit/test-arena \
	tests/unit/test-message \
	tests/unit/test-error \
	tests/unit/test-fiber \
	tests/unit/test-call \
	tests/unit/test-stream \
	tests/unit/test-topic \
	tests/unit/test-work \
	tests/unit/test-helper \
	tests/unit/test-wire \
	tests/unit/test-static
TESTS += tests/unit/test-arena \
	tests/unit/test-message \
	tests/unit/test-error \
	tests/unit/test-fiber \
	tests/unit/test-call \
	tests/unit/test-stream \
	tests/unit/test-topic \
	tests/unit/test-work \
	tests/unit/test-helper \
	tests/unit/test-wire \
	tests/unit/test-static
EXTRA_DIST += tests/README.md

tests_unit_test_arena_SOURCES = tests/unit/test-arena.c tests/unit/tap.h
tests_unit_test_arena_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_arena_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_arena_LDADD = core/libhull.la

tests_unit_test_message_SOURCES = tests/unit/test-message.c tests/unit/tap.h tests/unit/messages.h
tests_unit_test_message_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_message_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_message_LDADD = core/libhull.la

tests_unit_test_wire_SOURCES = tests/unit/test-wire.c tests/unit/tap.h tests/unit/messages.h
tests_unit_test_wire_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_wire_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_wire_LDADD = plugins/common/libcommon.la core/libhull.la

tests_unit_test_error_SOURCES = tests/unit/test-error.c tests/unit/tap.h
tests_unit_test_error_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_error_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_error_LDADD = core/libhull.la

tests_unit_test_fiber_SOURCES = tests/unit/test-fiber.c tests/unit/tap.h
tests_unit_test_fiber_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_fiber_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_fiber_LDADD = core/libhull.la

tests_unit_test_call_SOURCES = tests/unit/test-call.c tests/unit/tap.h
tests_unit_test_call_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_call_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_call_LDADD = core/libhull.la

tests_unit_test_stream_SOURCES = tests/unit/test-stream.c tests/unit/tap.h
tests_unit_test_stream_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_stream_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_stream_LDADD = core/libhull.la

tests_unit_test_topic_SOURCES = tests/unit/test-topic.c tests/unit/tap.h
tests_unit_test_topic_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_topic_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_topic_LDADD = core/libhull.la

tests_unit_test_work_SOURCES = tests/unit/test-work.c tests/unit/tap.h
tests_unit_test_work_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_work_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_work_LDADD = core/libhull.la

tests_unit_test_helper_SOURCES = tests/unit/test-helper.c tests/unit/tap.h
tests_unit_test_helper_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_helper_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_helper_LDADD = plugins/common/libcommon.la core/libhull.la

tests_unit_test_static_SOURCES = tests/unit/test-static.c $(CORE_STATIC)
tests_unit_test_static_CFLAGS = $(STATIC_CFLAGS)
tests_unit_test_static_LINK = $(STATIC_LINK)

check_PROGRAMS += tests/unit/test-reference
TESTS += tests/unit/test-reference
tests_unit_test_reference_SOURCES = tests/unit/test-reference.c tests/unit/tap.h
tests_unit_test_reference_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_reference_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_reference_LDADD = plugins/common/libcommon.la core/libhull.la

if HAVE_NETTLE
check_PROGRAMS += tests/unit/test-changes
TESTS += tests/unit/test-changes
tests_unit_test_changes_SOURCES = tests/unit/test-changes.c plugins/engine/image/changes.c \
	plugins/engine/image/changes_words.c
tests_unit_test_changes_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_changes_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_changes_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(CJSON_LIBS)
if HAVE_ZLIB
if HAVE_ZSTD
check_PROGRAMS += tests/unit/test-compress
TESTS += tests/unit/test-compress
tests_unit_test_compress_SOURCES = tests/unit/test-compress.c tests/unit/tap.h
tests_unit_test_compress_CFLAGS = $(TEST_CFLAGS) $(ZLIB_CFLAGS) $(ZSTD_CFLAGS)
tests_unit_test_compress_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_compress_LDADD = plugins/common/libcommon.la core/libhull.la $(NETTLE_LIBS) \
	$(COMPRESS_LIBS) $(ZLIB_LIBS)
endif
endif
endif

check_PROGRAMS += tests/unit/test-root
TESTS += tests/unit/test-root
tests_unit_test_root_SOURCES = tests/unit/test-root.c
tests_unit_test_root_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_root_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_root_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(CJSON_LIBS)

check_PROGRAMS += tests/unit/test-patience
TESTS += tests/unit/test-patience
tests_unit_test_patience_SOURCES = tests/unit/test-patience.c tests/unit/tap.h
tests_unit_test_patience_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_patience_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_patience_LDADD = plugins/common/libcommon.la core/libhull.la

check_PROGRAMS += tests/unit/test-gate
TESTS += tests/unit/test-gate
tests_unit_test_gate_SOURCES = tests/unit/test-gate.c tests/unit/tap.h \
	plugins/engine/container/gate.c plugins/engine/container/gate.h
tests_unit_test_gate_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_gate_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_gate_LDADD = core/libhull.la

check_PROGRAMS += tests/unit/test-plain
TESTS += tests/unit/test-plain
tests_unit_test_plain_SOURCES = tests/unit/test-plain.c
tests_unit_test_plain_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_plain_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_plain_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/unit/test-subids
TESTS += tests/unit/test-subids
tests_unit_test_subids_SOURCES = tests/unit/test-subids.c
tests_unit_test_subids_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_subids_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_subids_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/unit/test-users tests/unit/test-shim-log
TESTS += tests/unit/test-users tests/unit/test-shim-log
tests_unit_test_users_SOURCES = tests/unit/test-users.c tools/shim/users.c tools/shim/util.c
tests_unit_test_users_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_users_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_users_LDADD = $(TEST_LIBADD)
tests_unit_test_shim_log_SOURCES = tests/unit/test-shim-log.c tools/shim/log.c tools/shim/util.c \
	plugins/common/plain.c
tests_unit_test_shim_log_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_shim_log_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_shim_log_LDADD = $(TEST_LIBADD)

check_PROGRAMS += tests/unit/test-words
TESTS += tests/unit/test-words
tests_unit_test_words_SOURCES = tests/unit/test-words.c
tests_unit_test_words_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_words_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_words_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/unit/test-log-line
TESTS += tests/unit/test-log-line
tests_unit_test_log_line_SOURCES = tests/unit/test-log-line.c plugins/log/json-file/line.c \
	plugins/log/json-file/compact_file.c plugins/log/json-file/file.c \
	plugins/log/json-file/gzip.c plugins/log/json-file/reader.c
tests_unit_test_log_line_CFLAGS = $(TEST_CFLAGS) $(ZLIB_CFLAGS)
tests_unit_test_log_line_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_log_line_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(ZLIB_LIBS)

check_PROGRAMS += tests/unit/test-spec
TESTS += tests/unit/test-spec
tests_unit_test_spec_SOURCES = tests/unit/test-spec.c plugins/engine/container/spec.c \
	plugins/engine/container/spec_mounts.c plugins/engine/container/spec_resources.c \
	plugins/engine/container/spec_devices.c plugins/engine/container/security.c \
	plugins/engine/container/caps.c plugins/engine/container/tokens.c \
	plugins/engine/container/seccomp.c plugins/engine/container/bind_source.c
tests_unit_test_spec_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_spec_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_spec_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(CJSON_LIBS)

check_PROGRAMS += tests/unit/test-address tests/unit/test-ipam tests/unit/test-ports
TESTS += tests/unit/test-address tests/unit/test-ipam tests/unit/test-ports
tests_unit_test_address_SOURCES = tests/unit/test-address.c plugins/common/address.c
tests_unit_test_address_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_address_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_address_LDADD = $(TEST_LIBADD)
tests_unit_test_ipam_SOURCES = tests/unit/test-ipam.c plugins/support/ipam/pool.c \
	plugins/common/address.c
tests_unit_test_ipam_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_ipam_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_ipam_LDADD = $(TEST_LIBADD)
tests_unit_test_ports_SOURCES = tests/unit/test-ports.c plugins/engine/network/ports.c \
	plugins/common/address.c plugins/common/netif.c plugins/common/netlink.c plugins/common/netns.c
tests_unit_test_ports_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_ports_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_ports_LDADD = $(TEST_LIBADD)

check_PROGRAMS += tests/unit/test-units tests/unit/test-template
TESTS += tests/unit/test-units tests/unit/test-template
tests_unit_test_units_SOURCES = tests/unit/test-units.c
tests_unit_test_units_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_units_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_units_LDADD = plugins/common/libcommon.la core/libhull.la
tests_unit_test_template_SOURCES = tests/unit/test-template.c
tests_unit_test_template_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_template_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_template_LDADD = plugins/common/libcommon.la core/libhull.la $(CJSON_LIBS)

check_PROGRAMS += tests/unit/test-dns
TESTS += tests/unit/test-dns
tests_unit_test_dns_SOURCES = tests/unit/test-dns.c plugins/support/dns/answers.c \
	plugins/support/dns/cache.c \
	plugins/support/dns/names.c plugins/support/dns/packet.c plugins/common/address.c
tests_unit_test_dns_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_dns_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_dns_LDADD = $(TEST_LIBADD)

if HAVE_YAML
check_PROGRAMS += tests/unit/test-yaml
TESTS += tests/unit/test-yaml
tests_unit_test_yaml_SOURCES = tests/unit/test-yaml.c plugins/support/cdi/yaml_json.c
tests_unit_test_yaml_CFLAGS = $(TEST_CFLAGS) $(YAML_CFLAGS) -I$(srcdir)/plugins/support/cdi
tests_unit_test_yaml_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_yaml_LDADD = plugins/common/libcommon.la core/libhull.la $(CJSON_LIBS) $(YAML_LIBS)
endif

check_PROGRAMS += tests/unit/test-websocket
TESTS += tests/unit/test-websocket
tests_unit_test_websocket_SOURCES = tests/unit/test-websocket.c plugins/http/frame.c
tests_unit_test_websocket_CFLAGS = $(TEST_CFLAGS) -I$(srcdir)/plugins/http
tests_unit_test_websocket_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_websocket_LDADD = core/libhull.la

check_PROGRAMS += tests/unit/test-resolv
TESTS += tests/unit/test-resolv
tests_unit_test_resolv_SOURCES = tests/unit/test-resolv.c plugins/common/resolv.c \
	plugins/common/address.c
tests_unit_test_resolv_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_resolv_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_resolv_LDADD = $(TEST_LIBADD)

if HAVE_ZLIB
check_PROGRAMS += tests/unit/test-log-formats
TESTS += tests/unit/test-log-formats
tests_unit_test_log_formats_SOURCES = tests/unit/test-log-formats.c plugins/log/syslog/format.c \
	plugins/log/gelf/format.c plugins/log/fluentd/format.c plugins/log/journald/format.c
tests_unit_test_log_formats_CFLAGS = $(TEST_CFLAGS) $(ZLIB_CFLAGS)
tests_unit_test_log_formats_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_log_formats_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(ZLIB_LIBS)
endif

if HAVE_SECCOMP
check_PROGRAMS += tests/unit/test-bpf-ranges
TESTS += tests/unit/test-bpf-ranges
tests_unit_test_bpf_ranges_SOURCES = tests/unit/test-bpf-ranges.c \
	plugins/runtime/native/bpf_ranges.c
tests_unit_test_bpf_ranges_CFLAGS = $(TEST_CFLAGS) $(SECCOMP_CFLAGS)
tests_unit_test_bpf_ranges_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_bpf_ranges_LDADD = $(TEST_LIBADD) $(SECCOMP_LIBS)
endif

check_PROGRAMS += tests/unit/test-admin
TESTS += tests/unit/test-admin
tests_unit_test_admin_SOURCES = tests/unit/test-admin.c plugins/support/firewall/admin.c
tests_unit_test_admin_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_admin_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_admin_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/unit/test-runtime-error
TESTS += tests/unit/test-runtime-error
tests_unit_test_runtime_error_SOURCES = tests/unit/test-runtime-error.c tests/unit/tap.h \
	tools/shim/runtime_error.c
tests_unit_test_runtime_error_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_runtime_error_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_runtime_error_LDADD = plugins/common/libcommon.la core/libhull.la
