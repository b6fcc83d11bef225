# tests/api: the HTTP interface: its parser, the codec below it, and whole requests as data files.
check_PROGRAMS += tests/unit/test-http-head tests/unit/test-json
TESTS += tests/unit/test-http-head tests/unit/test-json tests/api/run.py tests/api/hulld.py

tests_unit_test_http_head_SOURCES = tests/unit/test-http-head.c tests/unit/tap.h plugins/http/head.c
tests_unit_test_http_head_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_http_head_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_http_head_LDADD = $(TEST_LIBADD)

tests_unit_test_json_SOURCES = tests/unit/test-json.c tests/unit/tap.h
tests_unit_test_json_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_json_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_json_LDADD = plugins/common/libcommon.la $(TEST_LIBADD)

check_PROGRAMS += tests/unit/test-http
TESTS += tests/unit/test-http
tests_unit_test_http_SOURCES = tests/unit/test-http.c tests/unit/tap.h
tests_unit_test_http_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_http_LDFLAGS = $(TEST_LDFLAGS)
tests_unit_test_http_LDADD = $(TEST_LIBADD)
