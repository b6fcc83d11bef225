/*
 * record.c: the files of a container that are this runtime's.
 */
#include "oci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "plain.h"
#include "root.h"

#define RECORD OCI_FOLDER "/runtime"
#define OCI_RECORD_FIELDS(F, T)                    \
    F(T, STRING, _, program, "path", 0, "Program") \
    F(T, STRV, _, args, "runtimeArgs", 0, "Arguments before each command")
HULL_MESSAGE_DECLARE(oci_record, OCI_RECORD_FIELDS)
HULL_MESSAGE_DEFINE(oci_record, OCI_RECORD_FIELDS)

int oci_record(struct hull_call *call, const struct ctr *ctr)
{
    struct oci_record record = {ctr->runtime, ctr->runtime_args};
    const char *text = json_string(hull_call_arena(call), &oci_record_message, &record);
    HULL_AUTO_FD dir = open(ctr->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || (mkdirat(dir, OCI_FOLDER, 0700) < 0 && errno != EEXIST))
        return hull_fail_errno(call, errno, "create %s/" OCI_FOLDER, ctr->dir);
    HULL_AUTO_FD fd = plain_create(dir, RECORD ".new", 0600);
    if (fd < 0)
        return hull_fail(call, hull_kind_of_errno(-fd), "write %s/" RECORD ": %s", ctr->dir,
                         plain_why(-fd));
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
        renameat(dir, RECORD ".new", dir, RECORD) < 0)
        return hull_fail_errno(call, errno, "write %s/" RECORD, ctr->dir);
    return 0;
}

int oci_record_read(struct hull_call *call, struct ctr *ctr)
{
    struct oci_record record;
    struct hull_problem problem;
    const char *text = cg_read(hull_call_arena(call), ctr->dir, RECORD);
    if (text == NULL ||
        json_decode(ctr->arena, &oci_record_message, text, strlen(text), 0, &record, &problem) < 0)
        return 0;
    ctr->runtime = record.program;
    ctr->runtime_args = record.args;
    return 0;
}

void oci_remove_files(const char *dir)
{
    HULL_AUTO_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd >= 0)
        (void)!root_remove_tree(dir_fd, OCI_FOLDER);
}
