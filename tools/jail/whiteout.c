/*
 * whiteout.c: ".wh.NAME" deletes NAME of the layers below, ".wh..wh..opq" all that the layers
 * below have in a folder. What the same layer brings is not touched, whatever the order.
 *
 * For overlay they become what that filesystem knows: a character device 0:0 and an xattr. For
 * a tree that holds the lower layers' files already they are carried out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "jail-int.h"

#define PREFIX ".wh."
#define META ".wh..wh."
#define OPAQUE ".wh..wh..opq"

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

int whiteout_opaque(struct unpack *unpack, int dir_fd, const char *name)
{
    if (unpack->options->whiteouts != WHITEOUTS_OVERLAY)
        return 0;
    HULL_AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
        return jail_errno(unpack->problem, errno, unpack->entry->path, "making it opaque");
    return 0;
}

/* Removes what this layer did not bring; 1 keeps a folder that it did bring out of the walk. */
struct purge {
    struct unpack *unpack;
    const char *path; /* of the top of the walk, in the tree */
};

static int purge_entry(void *ctx, const struct root_entry *entry)
{
    struct purge *purge = ctx;
    char path[2 * ROOT_PATH_MAX + 2];
    snprintf(path, sizeof(path), "%s%s%s", purge->path, purge->path[0] != '\0' ? "/" : "",
             entry->path);
    if (paths_have(&purge->unpack->seen, path))
        return 0;
    int rc = root_remove_tree(entry->dir_fd, entry->name);
    return rc < 0 ? rc : 1;
}

/* Remove what lower layers have in the folder NAME of DIR_FD. */
static int purge_dir(struct unpack *unpack, int dir_fd, const char *name, const char *path)
{
    struct purge purge = {.unpack = unpack, .path = path};
    HULL_AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int rc = fd < 0 ? -errno : root_walk(fd, purge_entry, NULL, &purge);
    place_forget(unpack);
    if (rc < 0 && rc != -ENOENT && rc != -ENOTDIR)
        return jail_errno(unpack->problem, -rc, unpack->entry->path, "applying the whiteout");
    return 1;
}

static int make_whiteout(struct unpack *unpack, const struct place *place, const char *name)
{
    struct stat st;
    if (mknodat(place->parent_fd, name, S_IFCHR, makedev(0, 0)) == 0)
        return 1;
    if (errno != EEXIST || fstatat(place->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return jail_errno(unpack->problem, errno, unpack->entry->path, "making the whiteout");
    /* A folder of this layer would show what lower layers have in it. */
    int rc = S_ISDIR(st.st_mode) ? whiteout_opaque(unpack, place->parent_fd, name) : 0;
    return rc < 0 ? rc : 1;
}

static int carry_out(struct unpack *unpack, const struct place *place, const char *name)
{
    char path[ROOT_PATH_MAX + 1];
    snprintf(path, sizeof(path), "%.*s%s", (int)(place->name - place->path), place->path, name);
    if (paths_have(&unpack->seen, path))
        return purge_dir(unpack, place->parent_fd, name, path);
    int rc = root_remove_tree(place->parent_fd, name);
    place_forget(unpack);
    if (rc < 0)
        return jail_errno(unpack->problem, -rc, unpack->entry->path, "applying the whiteout");
    return 1;
}

static int hide_folder(struct unpack *unpack, const struct place *place)
{
    if (unpack->options->whiteouts == WHITEOUTS_OVERLAY) {
        int rc = whiteout_opaque(unpack, place->parent_fd, ".");
        return rc < 0 ? rc : 1;
    }
    /* The parent's path, without the name of the whiteout. */
    char path[ROOT_PATH_MAX + 1];
    size_t length = (size_t)(place->name - place->path);
    memcpy(path, place->path, length);
    path[length > 0 ? length - 1 : 0] = '\0';
    return purge_dir(unpack, place->parent_fd, ".", path);
}

/* The first part of PATH that begins with the prefix, or NULL. */
static const char *find_part(const char *path)
{
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (begins(at, PREFIX))
            return at;
    }
    return NULL;
}

int whiteout_apply(struct unpack *unpack, const char *path)
{
    const char *part = find_part(path);
    if (unpack->options->whiteouts == WHITEOUTS_NONE || part == NULL)
        return 0;
    bool last = strchr(part, '/') == NULL, opaque = last && strcmp(part, OPAQUE) == 0;
    if (begins(part, META) && !opaque)
        return 1; /* another engine's own notes */
    const char *hidden = part + strlen(PREFIX);
    if (!opaque &&
        (!last || hidden[0] == '\0' || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0))
        return hull_problem_set(unpack->problem, HULL_INVALID,
                                "%.300s: not a whiteout of a plain name", unpack->entry->path);
    struct place place;
    int rc = place_find(unpack, path, true, &place);
    if (rc < 0)
        return rc;
    if (opaque)
        return hide_folder(unpack, &place);
    return unpack->options->whiteouts == WHITEOUTS_OVERLAY ? make_whiteout(unpack, &place, hidden)
                                                           : carry_out(unpack, &place, hidden);
}
