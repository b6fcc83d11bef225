# tools/bench: see the top of Makefile.am

# make tools/bench/core: the core alone.
EXTRA_PROGRAMS += tools/bench/core
tools_bench_core_SOURCES = tools/bench/core.c
tools_bench_core_CFLAGS = $(TEST_CFLAGS)
tools_bench_core_LDFLAGS = $(TEST_LDFLAGS)
tools_bench_core_LDADD = core/libhull.la

# make tools/bench/dnsload: the questions of the network benchmark.
EXTRA_PROGRAMS += tools/bench/dnsload
tools_bench_dnsload_SOURCES = tools/bench/dnsload.c
tools_bench_dnsload_CFLAGS = $(TEST_CFLAGS)
tools_bench_dnsload_LDFLAGS = $(TEST_LDFLAGS)

# make tools/bench/netload: its bytes and connections.
EXTRA_PROGRAMS += tools/bench/netload
tools_bench_netload_SOURCES = tools/bench/netload.c
tools_bench_netload_CFLAGS = $(TEST_CFLAGS)
tools_bench_netload_LDFLAGS = $(TEST_LDFLAGS)
