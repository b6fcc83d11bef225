/*
 * fuzz-log-gzip.c: compressed files of a log, which a crash may have cut off and a disk may have
 * changed: each read ends, with bytes, the end or an error, wherever it begins.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugins/log/json-file/gzip.h"
#include <hull/error.h>

#define MOST (4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file_of(const uint8_t *data, size_t size)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    HULL_ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

/* How much there is, MOST at most; *RET_ERROR is what ended it. */
static size_t read_all(void *gz, ssize_t *ret_error)
{
    static char buffer[65536];
    size_t total = 0;
    ssize_t got = 0;
    while (total < MOST && (got = log_gzip_read(gz, buffer, sizeof(buffer))) > 0) {
        HULL_ASSERT((size_t)got <= sizeof(buffer));
        total += (size_t)got;
    }
    *ret_error = got < 0 ? got : 0;
    return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ssize_t first, second;
    int fd = file_of(data, size);
    (void)log_gzip_inode(fd);
    void *gz = log_gzip_open(fd);
    if (gz == NULL) { /* built without zlib */
        HULL_ASSERT(errno == ENOTSUP);
        close(fd);
        return 0;
    }
    size_t total = read_all(gz, &first);
    log_gzip_close(gz);
    gz = log_gzip_open(file_of(data, size));
    HULL_ASSERT(gz != NULL);
    off_t half = (off_t)(total / 2);
    if (first == 0 && total < MOST && log_gzip_seek(gz, half) == 0)
        HULL_ASSERT(read_all(gz, &second) == total - (size_t)half && second == 0);
    log_gzip_close(gz);
    return 0;
}
