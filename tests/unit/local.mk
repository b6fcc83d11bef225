# tests/unit: TAP programs, see the top of Makefile.am. Each adds itself:
#
# check_PROGRAMS += tests/unit/test-arena
# TESTS += tests/unit/test-arena
# tests_unit_test_arena_SOURCES = tests/unit/test-arena.c
# tests_unit_test_arena_CFLAGS = $(TEST_CFLAGS)
# tests_unit_test_arena_LDFLAGS = $(TEST_LDFLAGS)
# tests_unit_test_arena_LDADD = $(TEST_LIBADD)
