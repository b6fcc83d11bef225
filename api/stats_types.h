/*
 * stats_types.h: the Engine API's resource statistics of a container, field for field.
 */
#ifndef HULL_API_STATS_TYPES_H
#define HULL_API_STATS_TYPES_H

#include <hull/call.h>

#define CONTAINER_BLKIO_STAT_ENTRY_FIELDS(F, T) \
    F(T, INT, _, major, "major", 0, "")         \
    F(T, INT, _, minor, "minor", 0, "")         \
    F(T, STRING, _, op, "op", 0, "")            \
    F(T, INT, _, value, "value", 0, "")
HULL_MESSAGE(container_blkio_stat_entry, CONTAINER_BLKIO_STAT_ENTRY_FIELDS)

#define CONTAINER_BLKIO_STATS_FIELDS(F, T)                                                         \
    F(T, LIST, container_blkio_stat_entry, io_service_bytes_recursive,                             \
      "io_service_bytes_recursive", HULL_NULL, "")                                                 \
    F(T, LIST, container_blkio_stat_entry, io_serviced_recursive, "io_serviced_recursive",         \
      HULL_NULL, "")                                                                               \
    F(T, LIST, container_blkio_stat_entry, io_queue_recursive, "io_queue_recursive", HULL_NULL,    \
      "")                                                                                          \
    F(T, LIST, container_blkio_stat_entry, io_service_time_recursive, "io_service_time_recursive", \
      HULL_NULL, "")                                                                               \
    F(T, LIST, container_blkio_stat_entry, io_wait_time_recursive, "io_wait_time_recursive",       \
      HULL_NULL, "")                                                                               \
    F(T, LIST, container_blkio_stat_entry, io_merged_recursive, "io_merged_recursive", HULL_NULL,  \
      "")                                                                                          \
    F(T, LIST, container_blkio_stat_entry, io_time_recursive, "io_time_recursive", HULL_NULL, "")  \
    F(T, LIST, container_blkio_stat_entry, sectors_recursive, "sectors_recursive", HULL_NULL, "")
HULL_MESSAGE(container_blkio_stats, CONTAINER_BLKIO_STATS_FIELDS)

#define CONTAINER_THROTTLING_DATA_FIELDS(F, T)                  \
    F(T, INT, _, periods, "periods", 0, "")                     \
    F(T, INT, _, throttled_periods, "throttled_periods", 0, "") \
    F(T, INT, _, throttled_time, "throttled_time", 0, "")
HULL_MESSAGE(container_throttling_data, CONTAINER_THROTTLING_DATA_FIELDS)

#define CONTAINER_CPU_USAGE_FIELDS(F, T)                            \
    F(T, INT, _, total_usage, "total_usage", 0, "")                 \
    F(T, INTS, _, percpu_usage, "percpu_usage", HULL_OMIT, "")      \
    F(T, INT, _, usage_in_kernelmode, "usage_in_kernelmode", 0, "") \
    F(T, INT, _, usage_in_usermode, "usage_in_usermode", 0, "")
HULL_MESSAGE(container_cpu_usage, CONTAINER_CPU_USAGE_FIELDS)

#define CONTAINER_CPU_STATS_FIELDS(F, T)                                  \
    F(T, POINTER, container_cpu_usage, cpu_usage, "cpu_usage", 0, "")     \
    F(T, OPT_INT, _, system_cpu_usage, "system_cpu_usage", HULL_OMIT, "") \
    F(T, OPT_INT, _, online_cpus, "online_cpus", HULL_OMIT, "")           \
    F(T, POINTER, container_throttling_data, throttling_data, "throttling_data", 0, "")
HULL_MESSAGE(container_cpu_stats, CONTAINER_CPU_STATS_FIELDS)

#define CONTAINER_MEMORY_STATS_FIELDS(F, T)                             \
    F(T, OPT_INT, _, usage, "usage", HULL_OMIT, "")                     \
    F(T, OPT_INT, _, max_usage, "max_usage", HULL_OMIT, "")             \
    F(T, JSON, _, stats, "stats", HULL_OMIT, "")                        \
    F(T, OPT_INT, _, failcnt, "failcnt", HULL_OMIT, "")                 \
    F(T, OPT_INT, _, limit, "limit", HULL_OMIT, "")                     \
    F(T, OPT_INT, _, commitbytes, "commitbytes", HULL_OMIT, "")         \
    F(T, OPT_INT, _, commitpeakbytes, "commitpeakbytes", HULL_OMIT, "") \
    F(T, OPT_INT, _, privateworkingset, "privateworkingset", HULL_OMIT, "")
HULL_MESSAGE(container_memory_stats, CONTAINER_MEMORY_STATS_FIELDS)

#define CONTAINER_PIDS_STATS_FIELDS(F, T)               \
    F(T, OPT_INT, _, current, "current", HULL_OMIT, "") \
    F(T, OPT_INT, _, limit, "limit", HULL_OMIT, "")
HULL_MESSAGE(container_pids_stats, CONTAINER_PIDS_STATS_FIELDS)

#define CONTAINER_NETWORK_STATS_FIELDS(F, T)           \
    F(T, INT, _, rx_bytes, "rx_bytes", 0, "")          \
    F(T, INT, _, rx_packets, "rx_packets", 0, "")      \
    F(T, INT, _, rx_errors, "rx_errors", 0, "")        \
    F(T, INT, _, rx_dropped, "rx_dropped", 0, "")      \
    F(T, INT, _, tx_bytes, "tx_bytes", 0, "")          \
    F(T, INT, _, tx_packets, "tx_packets", 0, "")      \
    F(T, INT, _, tx_errors, "tx_errors", 0, "")        \
    F(T, INT, _, tx_dropped, "tx_dropped", 0, "")      \
    F(T, STRING, _, endpoint_id, "endpoint_id", 0, "") \
    F(T, STRING, _, instance_id, "instance_id", 0, "")
HULL_MESSAGE(container_network_stats, CONTAINER_NETWORK_STATS_FIELDS)

#define CONTAINER_STORAGE_STATS_FIELDS(F, T)                                          \
    F(T, OPT_INT, _, read_count_normalized, "read_count_normalized", HULL_OMIT, "")   \
    F(T, OPT_INT, _, read_size_bytes, "read_size_bytes", HULL_OMIT, "")               \
    F(T, OPT_INT, _, write_count_normalized, "write_count_normalized", HULL_OMIT, "") \
    F(T, OPT_INT, _, write_size_bytes, "write_size_bytes", HULL_OMIT, "")
HULL_MESSAGE(container_storage_stats, CONTAINER_STORAGE_STATS_FIELDS)

#define CONTAINER_STATS_REPLY_FIELDS(F, T)                                        \
    F(T, STRING, _, name, "name", HULL_OMIT, "")                                  \
    F(T, STRING, _, id, "id", HULL_OMIT, "")                                      \
    F(T, STRING, _, read, "read", 0, "")                                          \
    F(T, STRING, _, preread, "preread", 0, "")                                    \
    F(T, POINTER, container_pids_stats, pids_stats, "pids_stats", 0, "")          \
    F(T, POINTER, container_blkio_stats, blkio_stats, "blkio_stats", 0, "")       \
    F(T, INT, _, num_procs, "num_procs", 0, "")                                   \
    F(T, POINTER, container_storage_stats, storage_stats, "storage_stats", 0, "") \
    F(T, POINTER, container_cpu_stats, cpu_stats, "cpu_stats", 0, "")             \
    F(T, POINTER, container_cpu_stats, precpu_stats, "precpu_stats", 0, "")       \
    F(T, MESSAGE, container_memory_stats, memory_stats, "memory_stats", 0, "")    \
    F(T, JSON, _, networks, "networks", HULL_OMIT, "")
HULL_MESSAGE(container_stats_reply, CONTAINER_STATS_REPLY_FIELDS)

#endif
