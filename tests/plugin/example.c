/* Loads the plugin of include/example as a program outside of the tree does: see example.sh. */
#include <stdio.h>
#include <string.h>

#include <hull/daemon.h>
#include <hull/hull.h>
#include <log.h>

static int read_log(struct hull_call *call, void *path)
{
    struct log_read_request request = {.path = path, .end_fd = -1};
    struct container_stream_reply reply;
    char buffer[256];
    hull_plugin_option_set("log/plain", "prefix", "> ");
    int rc = log_read(call, "log/plain", &request, &reply);
    if (rc < 0)
        return rc;
    hull_defer(call, hull_stream_close_cleanup, reply.stream);
    ssize_t n;
    while ((n = hull_stream_read(call, reply.stream, buffer, sizeof(buffer))) > 0)
        fwrite(buffer, 1, (size_t)n, stdout);
    return (int)n;
}

static int run(struct hull_call *call, void *path)
{
    int rc = read_log(call, path);
    if (rc < 0)
        fprintf(stderr, "%s: %s\n", hull_kind_name(rc), hull_error(call));
    return rc;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct hull_core_options options = {.plugin_path = argv[1]};
    return hull_core_run(&options, run, argv[2]) < 0;
}
