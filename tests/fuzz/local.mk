# tests/fuzz: one program per parser. It defines LLVMFuzzerTestOneInput(); in a normal build
# replay.c gives it each file of tests/fuzz/corpus/NAME as a TAP test, and configure
# --enable-fuzzing CC=clang makes it a libFuzzer program instead. For the target NAME:
#
# check_PROGRAMS += tests/fuzz/fuzz-NAME
# tests_fuzz_fuzz_NAME_SOURCES = tests/fuzz/fuzz-NAME.c $(FUZZ_MAIN)
# tests_fuzz_fuzz_NAME_CFLAGS = $(TEST_CFLAGS)
# tests_fuzz_fuzz_NAME_LDFLAGS = $(FUZZ_LDFLAGS)
# tests_fuzz_fuzz_NAME_LDADD = $(TEST_LIBADD)
# FUZZ_TARGETS += tests/fuzz/fuzz-NAME
#
# To fuzz for five minutes:
#   tests/fuzz/fuzz-NAME -max_total_time=300 new-corpus-dir SRCDIR/tests/fuzz/corpus/NAME
FUZZ_TARGETS =
FUZZ_LDFLAGS = $(TEST_LDFLAGS)
if ENABLE_FUZZING
FUZZ_MAIN =
FUZZ_LDFLAGS += -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/replay.c
TESTS += $(FUZZ_TARGETS)
endif

check_PROGRAMS += tests/fuzz/fuzz-json tests/fuzz/fuzz-http-head
FUZZ_TARGETS += tests/fuzz/fuzz-json tests/fuzz/fuzz-http-head

tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz-json.c $(FUZZ_MAIN)
tests_fuzz_fuzz_json_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_json_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_json_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

tests_fuzz_fuzz_http_head_SOURCES = tests/fuzz/fuzz-http-head.c plugins/http/head.c $(FUZZ_MAIN)
tests_fuzz_fuzz_http_head_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_http_head_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_http_head_LDADD = $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-runtime-error
FUZZ_TARGETS += tests/fuzz/fuzz-runtime-error
tests_fuzz_fuzz_runtime_error_SOURCES = tests/fuzz/fuzz-runtime-error.c \
	tools/shim/runtime_error.c $(FUZZ_MAIN)
tests_fuzz_fuzz_runtime_error_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_runtime_error_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_runtime_error_LDADD = plugins/common/libcommon.la core/libhull.la

check_PROGRAMS += tests/fuzz/fuzz-reference
FUZZ_TARGETS += tests/fuzz/fuzz-reference
tests_fuzz_fuzz_reference_SOURCES = tests/fuzz/fuzz-reference.c $(FUZZ_MAIN)
tests_fuzz_fuzz_reference_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_reference_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_reference_LDADD = plugins/common/libcommon.la core/libhull.la

check_PROGRAMS += tests/fuzz/fuzz-tar
FUZZ_TARGETS += tests/fuzz/fuzz-tar
tests_fuzz_fuzz_tar_SOURCES = tests/fuzz/fuzz-tar.c $(FUZZ_MAIN)
tests_fuzz_fuzz_tar_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_tar_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_tar_LDADD = plugins/common/libcommon.la core/libhull.la

if HAVE_YAML
check_PROGRAMS += tests/fuzz/fuzz-yaml
FUZZ_TARGETS += tests/fuzz/fuzz-yaml
tests_fuzz_fuzz_yaml_SOURCES = tests/fuzz/fuzz-yaml.c plugins/support/cdi/yaml_json.c $(FUZZ_MAIN)
tests_fuzz_fuzz_yaml_CFLAGS = $(TEST_CFLAGS) $(YAML_CFLAGS) -I$(srcdir)/plugins/support/cdi
tests_fuzz_fuzz_yaml_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_yaml_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(YAML_LIBS)
endif

if HAVE_NETTLE
check_PROGRAMS += tests/fuzz/fuzz-changes
FUZZ_TARGETS += tests/fuzz/fuzz-changes
tests_fuzz_fuzz_changes_SOURCES = tests/fuzz/fuzz-changes.c plugins/engine/image/changes.c \
	plugins/engine/image/changes_words.c \
	$(FUZZ_MAIN)
tests_fuzz_fuzz_changes_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_changes_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_changes_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(CJSON_LIBS)
endif

check_PROGRAMS += tests/fuzz/fuzz-compress
FUZZ_TARGETS += tests/fuzz/fuzz-compress
tests_fuzz_fuzz_compress_SOURCES = tests/fuzz/fuzz-compress.c $(FUZZ_MAIN)
tests_fuzz_fuzz_compress_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_compress_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_compress_LDADD = plugins/common/libcommon.la core/libhull.la $(COMPRESS_LIBS)

check_PROGRAMS += tests/fuzz/fuzz-dns
FUZZ_TARGETS += tests/fuzz/fuzz-dns
tests_fuzz_fuzz_dns_SOURCES = tests/fuzz/fuzz-dns.c plugins/support/dns/packet.c \
	plugins/common/address.c $(FUZZ_MAIN)
tests_fuzz_fuzz_dns_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_dns_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_dns_LDADD = $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-subids
FUZZ_TARGETS += tests/fuzz/fuzz-subids
tests_fuzz_fuzz_subids_SOURCES = tests/fuzz/fuzz-subids.c $(FUZZ_MAIN)
tests_fuzz_fuzz_subids_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_subids_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_subids_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-websocket
FUZZ_TARGETS += tests/fuzz/fuzz-websocket
tests_fuzz_fuzz_websocket_SOURCES = tests/fuzz/fuzz-websocket.c plugins/http/frame.c $(FUZZ_MAIN)
tests_fuzz_fuzz_websocket_CFLAGS = $(TEST_CFLAGS) -I$(srcdir)/plugins/http
tests_fuzz_fuzz_websocket_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_websocket_LDADD = core/libhull.la
check_PROGRAMS += tests/fuzz/fuzz-cni
FUZZ_TARGETS += tests/fuzz/fuzz-cni
tests_fuzz_fuzz_cni_SOURCES = tests/fuzz/fuzz-cni.c plugins/network/cni/conf.c \
	plugins/network/cni/result.c plugins/network/cni/conf.h $(FUZZ_MAIN)
tests_fuzz_fuzz_cni_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_cni_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_cni_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-admin
tests_fuzz_fuzz_admin_SOURCES = tests/fuzz/fuzz-admin.c plugins/support/firewall/admin.c $(FUZZ_MAIN)
tests_fuzz_fuzz_admin_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_admin_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_admin_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)
FUZZ_TARGETS += tests/fuzz/fuzz-admin

check_PROGRAMS += tests/fuzz/fuzz-volume-options
FUZZ_TARGETS += tests/fuzz/fuzz-volume-options
tests_fuzz_fuzz_volume_options_SOURCES = tests/fuzz/fuzz-volume-options.c \
	plugins/volume/local/options.c $(FUZZ_MAIN)
tests_fuzz_fuzz_volume_options_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_volume_options_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_volume_options_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) -lm

check_PROGRAMS += tests/fuzz/fuzz-users
FUZZ_TARGETS += tests/fuzz/fuzz-users
tests_fuzz_fuzz_users_SOURCES = tests/fuzz/fuzz-users.c \
	tools/shim/users.c tools/shim/util.c $(FUZZ_MAIN)
tests_fuzz_fuzz_users_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_users_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_users_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-wire
FUZZ_TARGETS += tests/fuzz/fuzz-wire
tests_fuzz_fuzz_wire_SOURCES = tests/fuzz/fuzz-wire.c $(FUZZ_MAIN)
tests_fuzz_fuzz_wire_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_wire_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_wire_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-template
FUZZ_TARGETS += tests/fuzz/fuzz-template
tests_fuzz_fuzz_template_SOURCES = tests/fuzz/fuzz-template.c $(FUZZ_MAIN)
tests_fuzz_fuzz_template_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_template_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_template_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-log-line
FUZZ_TARGETS += tests/fuzz/fuzz-log-line
tests_fuzz_fuzz_log_line_SOURCES = tests/fuzz/fuzz-log-line.c \
	plugins/log/json-file/line.c $(FUZZ_MAIN)
tests_fuzz_fuzz_log_line_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_log_line_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_log_line_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-seccomp
FUZZ_TARGETS += tests/fuzz/fuzz-seccomp
tests_fuzz_fuzz_seccomp_SOURCES = tests/fuzz/fuzz-seccomp.c \
	plugins/engine/container/seccomp.c $(FUZZ_MAIN)
tests_fuzz_fuzz_seccomp_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_seccomp_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_seccomp_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-http-response
FUZZ_TARGETS += tests/fuzz/fuzz-http-response
tests_fuzz_fuzz_http_response_SOURCES = tests/fuzz/fuzz-http-response.c $(FUZZ_MAIN)
tests_fuzz_fuzz_http_response_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_http_response_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_http_response_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-plugin-spec
FUZZ_TARGETS += tests/fuzz/fuzz-plugin-spec
tests_fuzz_fuzz_plugin_spec_SOURCES = tests/fuzz/fuzz-plugin-spec.c $(FUZZ_MAIN)
tests_fuzz_fuzz_plugin_spec_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_plugin_spec_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_plugin_spec_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-resolv
FUZZ_TARGETS += tests/fuzz/fuzz-resolv
tests_fuzz_fuzz_resolv_SOURCES = tests/fuzz/fuzz-resolv.c $(FUZZ_MAIN)
tests_fuzz_fuzz_resolv_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_resolv_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_resolv_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-mount-options
FUZZ_TARGETS += tests/fuzz/fuzz-mount-options
tests_fuzz_fuzz_mount_options_SOURCES = tests/fuzz/fuzz-mount-options.c \
	tools/shim/mount_options.c tools/shim/util.c $(FUZZ_MAIN)
tests_fuzz_fuzz_mount_options_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_mount_options_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_mount_options_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-netlink
FUZZ_TARGETS += tests/fuzz/fuzz-netlink
tests_fuzz_fuzz_netlink_SOURCES = tests/fuzz/fuzz-netlink.c $(FUZZ_MAIN)
tests_fuzz_fuzz_netlink_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_netlink_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_netlink_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-filters
FUZZ_TARGETS += tests/fuzz/fuzz-filters
tests_fuzz_fuzz_filters_SOURCES = tests/fuzz/fuzz-filters.c $(FUZZ_MAIN)
tests_fuzz_fuzz_filters_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_filters_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_filters_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-run-flags
FUZZ_TARGETS += tests/fuzz/fuzz-run-flags
tests_fuzz_fuzz_run_flags_SOURCES = tests/fuzz/fuzz-run-flags.c plugins/cli/flag_checks.c \
	plugins/cli/env_file.c plugins/cli/flags.c plugins/cli/run_config.c plugins/cli/run_networks.c \
	plugins/cli/run_resources.c plugins/cli/run_flags.c \
	plugins/cli/run_parse.c plugins/cli/run_security.c $(FUZZ_MAIN)
tests_fuzz_fuzz_run_flags_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_run_flags_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_run_flags_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/fuzz/fuzz-log-gzip
FUZZ_TARGETS += tests/fuzz/fuzz-log-gzip
tests_fuzz_fuzz_log_gzip_SOURCES = tests/fuzz/fuzz-log-gzip.c plugins/log/json-file/gzip.c \
	$(FUZZ_MAIN)
tests_fuzz_fuzz_log_gzip_CFLAGS = $(TEST_CFLAGS) $(ZLIB_CFLAGS)
tests_fuzz_fuzz_log_gzip_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_log_gzip_LDADD = plugins/common/libcommon.la $(TEST_LIBADD) $(ZLIB_LIBS)

check_PROGRAMS += tests/fuzz/fuzz-container-doc
FUZZ_TARGETS += tests/fuzz/fuzz-container-doc
tests_fuzz_fuzz_container_doc_SOURCES = tests/fuzz/fuzz-container-doc.c $(FUZZ_MAIN)
tests_fuzz_fuzz_container_doc_CFLAGS = $(TEST_CFLAGS)
tests_fuzz_fuzz_container_doc_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_container_doc_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)
