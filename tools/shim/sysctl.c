/*
 * sysctl.c: kernel parameters, only those that belong to a namespace of the container's own,
 * written through a procfs that nobody else has mounted.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name; /* one that ends in '.' is the beginning of a name */
    const char *namespace;
} allowed[] = {
    {"net.", "network"},      {"kernel.msgmax", "ipc"},     {"kernel.msgmnb", "ipc"},
    {"kernel.msgmni", "ipc"}, {"kernel.sem", "ipc"},        {"kernel.shmall", "ipc"},
    {"kernel.shmmax", "ipc"}, {"kernel.shmmni", "ipc"},     {"kernel.shm_rmid_forced", "ipc"},
    {"fs.mqueue.", "ipc"},    {"kernel.domainname", "uts"}, {"kernel.hostname", "uts"},
};

static bool has_own(const char *type)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    for (size_t i = 0; i < linux_->namespaces.n; i++) {
        if (hull_streq(linux_->namespaces.v[i].type, type))
            return true;
    }
    return false;
}

static bool is_allowed(const char *key)
{
    for (size_t i = 0; i < HULL_COUNT(allowed); i++) {
        size_t length = strlen(allowed[i].name);
        bool prefix = allowed[i].name[length - 1] == '.';
        if ((prefix ? strncmp(key, allowed[i].name, length) : strcmp(key, allowed[i].name)) == 0)
            return has_own(allowed[i].namespace);
    }
    return false;
}

static int apply(const char *key, const char *value)
{
    char path[512] = "sys/";
    size_t length = strlen(key);
    if (!is_allowed(key) || length + 5 > sizeof(path))
        return shim_fail(HULL_INVALID, "sysctl \"%s\" is not in a separate kernel namespace", key);
    /* As sysctl(8): a slash in the name stands for a dot, as in a VLAN's interface. */
    for (size_t i = 0; i <= length; i++)
        path[4 + i] = key[i] == '.' ? '/' : key[i] == '/' ? '.' : key[i];
    struct open_how how = {.flags = O_WRONLY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    HULL_AUTO_FD fd = (int)syscall(SYS_openat2, proc_fd, path, &how, sizeof(how));
    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        return shim_fail_errno("write sysctl key %s", key);
    return 0;
}

int sysctls_apply(void)
{
    const struct hull_map *sysctl = &shim.plan.spec.linux_.sysctl;
    int rc = sysctl->n > 0 ? proc_open_private() : 0;
    for (size_t i = 0; i < sysctl->n && rc == 0; i++)
        rc = apply(sysctl->v[i].key, sysctl->v[i].value == NULL ? "" : sysctl->v[i].value);
    return rc;
}
