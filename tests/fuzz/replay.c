/*
 * The main of a fuzz target in a normal build: gives each file of the target's corpus to it and
 * prints a TAP line per file. The corpus of fuzz-NAME is $srcdir/tests/fuzz/corpus/NAME; files
 * and folders on the command line replace it.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int n_files;
static int n_failed;

static void report(bool ok, const char *path)
{
    n_files++;
    n_failed += !ok;
    printf("%sok %d - %s%s%s\n", ok ? "" : "not ", n_files, path, ok ? "" : ": ",
           ok ? "" : strerror(errno));
    fflush(stdout);
}

/* The input is a heap block of exactly its size, so that a sanitizer sees a read past its end. */
static bool replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    uint8_t *data = malloc(size ? size : 1);
    bool ok = data && fread(data, 1, size, file) == size;
    fclose(file);
    /* Seen when it crashes: the last line of the log is the culprit. */
    printf("# %s\n", path);
    fflush(stdout);
    if (ok)
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    return ok;
}

static void replay(const char *path);

static void replay_folder(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0) {
        report(false, path);
        return;
    }
    for (int i = 0; i < n; i++) {
        char *child = NULL;
        if (entries[i]->d_name[0] != '.' && asprintf(&child, "%s/%s", path, entries[i]->d_name) > 0)
            replay(child);
        free(child);
        free(entries[i]);
    }
    free(entries);
}

static void replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        report(false, path);
    else if (S_ISDIR(st.st_mode))
        replay_folder(path);
    else
        report(replay_file(path, (size_t)st.st_size), path);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    if (argc == 1) {
        const char *name = strstr(program_invocation_short_name, "fuzz-");
        const char *srcdir = getenv("srcdir");
        char *path = NULL;
        if (!name || asprintf(&path, "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
                              name + strlen("fuzz-")) < 0)
            return 99;
        replay(path);
        free(path);
    }
    printf("1..%d\n", n_files);
    return n_failed > 0;
}
