/*
 * failpoint.h: places where a test lets the daemon die.
 *
 * HULL_FAILPOINT=NAME[:N] in the environment of hulld makes it kill itself with SIGKILL when it
 * passes the place NAME for the Nth time (default 1). It is the crash that no clean-up code sees,
 * at an instant that a test chooses: tests/chaos/test_failpoints.py goes through all of them. The
 * places are compiled in always, so that what is tested is what is shipped; one that is not armed
 * costs a comparison.
 *
 * A place says where the daemon is: after what has been done, or before what has not.
 */
#ifndef HULL_COMMON_FAILPOINT_H
#define HULL_COMMON_FAILPOINT_H

#include <stdbool.h>

/* `hull debug failpoints` prints this table. */
#define FAILPOINTS(X)                                                                    \
    X(state_commit_before, "a transaction is complete, its commit has not begun")        \
    X(state_commit_after, "a transaction is committed, nobody knows yet")                \
    X(content_sync_before, "a blob is written, not synced")                              \
    X(content_link_before, "a blob is synced, not visible")                              \
    X(content_link_after, "a blob is visible, its folder not synced")                    \
    X(content_remove_after, "a blob is unlinked")                                        \
    X(layer_sync_before, "a layer is unpacked, not synced")                              \
    X(layer_rename_before, "a layer is synced, not visible")                             \
    X(layer_rename_after, "a layer is visible, its folder not synced")                   \
    X(layer_remove_rename_after, "a layer or writable layer is out of sight, not gone")  \
    X(overlay_create_after, "a writable layer is made")                                  \
    X(overlay_mount_before, "a root filesystem is about to be mounted")                  \
    X(overlay_mount_after, "a root filesystem is mounted, nobody has it yet")            \
    X(container_create_intent, "the intent to create is written")                        \
    X(container_create_volumes, "the container's volumes are made")                      \
    X(container_create_folder, "the container's folder is made")                         \
    X(container_create_storage, "the container's writable layer is made")                \
    X(container_create_filled, "its volumes have what the image has for them")           \
    X(container_create_commit, "the container exists, the client does not know yet")     \
    X(container_start_intent, "the intent to start is written")                          \
    X(container_start_rootfs, "the root filesystem is mounted")                          \
    X(container_start_volumes, "the volumes are mounted and filled")                     \
    X(container_start_files, "hosts, hostname and resolv.conf are written")              \
    X(container_start_process, "the process exists and waits")                           \
    X(container_start_network, "the networks are joined")                                \
    X(container_start_run, "the program runs, nothing says so yet")                      \
    X(container_start_commit, "it is written down that the program runs")                \
    X(container_exit_begin, "the end of the process was seen")                           \
    X(container_exit_network, "the networks are left")                                   \
    X(container_exit_process, "the runtime has deleted the process")                     \
    X(container_exit_commit, "the exit is written down")                                 \
    X(container_remove_intent, "the intent to remove is written")                        \
    X(container_remove_process, "process and networks are gone")                         \
    X(container_remove_storage, "the writable layer is gone")                            \
    X(container_remove_files, "the container's folder is gone")                          \
    X(container_remove_volumes, "the container's anonymous volumes are gone")            \
    X(container_remove_commit, "the container is forgotten")                             \
    X(container_rename_commit, "the new name is written down, networks do not know yet") \
    X(container_commit_pause, "a commit has paused the container")                       \
    X(log_compress_before, "a rotated log is compressed, nobody sees it yet")            \
    X(log_compress_after, "a rotated log is there compressed and uncompressed")          \
    X(exec_launch_before, "an exec is about to be launched")                             \
    X(exec_launch_after, "the program of an exec runs, the client does not know yet")    \
    X(image_intent, "the intent of a load, commit or import is written")                 \
    X(image_commit_before, "blobs and layers are there, the image is not written down")  \
    X(image_commit_after, "an image or its names are written down")                      \
    X(image_collect_before, "an image is forgotten, its blobs and layers are there")     \
    X(image_collect_after, "blobs and layers are gone, the intent is still there")       \
    X(volume_create_intent, "the intent to create a volume is written")                  \
    X(volume_create_folder, "a volume's folder is made")                                 \
    X(volume_create_driver, "a volume's driver has made it")                             \
    X(volume_create_commit, "a volume is written down")                                  \
    X(volume_remove_intent, "the intent to remove a volume is written")                  \
    X(volume_remove_rename, "a volume's folder is out of sight, not gone")               \
    X(volume_remove_driver, "a volume's driver has removed it")                          \
    X(volume_remove_commit, "a volume is forgotten")                                     \
    X(volume_mount_use, "it is written down that a volume with options is used")         \
    X(volume_mount_done, "a volume with options is mounted")                             \
    X(volume_unmount_done, "a volume with options is unmounted, its use written down")   \
    X(network_create_pools, "a network's address pools are reserved")                    \
    X(network_create_commit, "a network is written down, its driver has made nothing")   \
    X(network_create_driver, "a network is complete, the client does not know yet")      \
    X(network_remove_driver, "a network is taken down, and written down still")          \
    X(network_remove_commit, "a network is forgotten, its address pools are there")      \
    X(network_join_plan, "addresses are chosen and written down")                        \
    X(network_join_driver, "the interfaces are made")                                    \
    X(network_join_publish, "ports are published")                                       \
    X(network_join_commit, "the join is complete and written down")                      \
    X(network_leave_publish, "ports are taken back")                                     \
    X(network_leave_driver, "interfaces and addresses are given back")                   \
    X(network_forwarding_recorded, "that forwarding is turned on is written down")       \
    X(network_forwarding_on, "forwarding is on, and what else may pass is barred")       \
    X(network_attach_plan, "a connect is written down as pending, nothing is made")      \
    X(network_attach_driver, "a connect's interface is made, ports and names are not")   \
    X(network_attach_commit, "a connect is complete, the container's document is not")   \
    X(network_detach_plan, "a disconnect is written down as pending, nothing is undone") \
    X(network_detach_driver, "a disconnect's interface is gone, its address is not")     \
    X(network_detach_commit, "a disconnect is complete, the document does not say so")   \
    X(ipam_pool_commit, "an address pool is written down")                               \
    X(ipam_address_commit, "an address is written down as taken")                        \
    X(ipam_release_commit, "an address is written down as free")                         \
    X(bridge_make_created, "a bridge has come into being, and has nothing yet")          \
    X(bridge_make_after, "a bridge is made")                                             \
    X(bridge_pair_made, "a veth pair is made, not connected")                            \
    X(bridge_pair_connected, "a veth pair is connected")                                 \
    X(firewall_network_before, "the packet filter is about to get or lose a network")    \
    X(firewall_network_after, "the packet filter got or lost a network")                 \
    X(firewall_elements_before, "the packet filter is about to get or lose ports")       \
    X(firewall_elements_after, "the packet filter got or lost ports")

enum failpoint {
    FAILPOINT_NONE,
#define FAILPOINT_ENUM(name, text) FAILPOINT_##name,
    FAILPOINTS(FAILPOINT_ENUM)
#undef FAILPOINT_ENUM
        FAILPOINT_COUNT,
};

struct failpoint_info {
    const char *name;
    const char *text;
};

/* By enum failpoint; the first has no name. */
extern const struct failpoint_info failpoint_table[FAILPOINT_COUNT];
/* The one that HULL_FAILPOINT names, from before main() on; never changed afterwards. */
extern enum failpoint failpoint_armed;

/* Count, and die when it is time. Worker-safe. */
void failpoint_reached(void);
/* True when HULL_FAILPOINT is unset, or names a place and a number of at least 1. */
bool failpoint_valid(void);

/* The daemon is at the place NAME. Worker-safe. */
#define FAILPOINT(name)                          \
    do {                                         \
        if (failpoint_armed == FAILPOINT_##name) \
            failpoint_reached();                 \
    } while (0)

#endif
