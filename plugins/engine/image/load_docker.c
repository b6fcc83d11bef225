/*
 * load_docker.c: the archive of docker save: manifest.json lists the images.
 */
#include "archive.h"

#include <string.h>

static int find_member(struct hull_call *call, const struct archive *archive, const char *name,
                       const struct archive_member **ret)
{
    *ret = archive_find(archive, name);
    if (!*ret || !(*ret)->digest)
        return hull_fail(call, HULL_INVALID,
                         "invalid archive: manifest.json names %.200s, which is not in it", name);
    return 0;
}

static int load_one(struct img_session *session, const struct archive *archive,
                    const struct docker_manifest *manifest, size_t *loaded)
{
    struct hull_call *call = session->call;
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_strv blobs = {0}, names = {0};
    const struct archive_member *member;
    struct image_doc doc;
    struct platform own;
    const char *config;
    char *name;
    int rc = find_member(call, archive, manifest->config, &member);

    if (rc < 0)
        return rc;
    config = member->digest;
    for (size_t i = 0; i < manifest->layers.n; i++) {
        rc = find_member(call, archive, manifest->layers.v[i], &member);
        if (rc < 0)
            return rc;
        hull_strv_add(arena, &blobs, member->digest);
    }
    for (size_t i = 0; i < manifest->repo_tags.n; i++) {
        rc = img_full_name(call, manifest->repo_tags.v[i], &name);
        if (rc < 0)
            return rc;
        if (!hull_strv_contains(&names, name))
            hull_strv_add(arena, &names, name);
    }
    rc = img_describe(session, config, &blobs, NULL, &doc);
    if (rc < 0)
        return rc;
    own = img_own_platform(&doc);
    if (session->wanted && !platform_fits(session->wanted, &own))
        return 0;
    ++*loaded;
    return img_install_loaded(session, &doc, &names);
}

int img_load_docker(struct img_session *session, const struct archive *archive)
{
    const struct archive_member *member = archive_find(archive, "manifest.json");
    struct docker_manifests manifests;
    size_t loaded = 0;
    int rc;

    if (!member->text)
        return hull_fail(session->call, HULL_INVALID, "invalid archive: manifest.json is a link");
    rc = archive_decode(session->call, member, &docker_manifests_message, &manifests);
    if (rc == 0 && manifests.images.n == 0)
        return hull_fail(session->call, HULL_INVALID,
                         "invalid archive: manifest.json lists no image");
    for (size_t i = 0; rc == 0 && i < manifests.images.n; i++)
        rc = load_one(session, archive, &manifests.images.v[i], &loaded);
    if (rc == 0 && loaded == 0)
        return hull_fail(session->call, HULL_NOT_FOUND, "no image for %s in the archive",
                         platform_string(hull_call_arena(session->call), session->wanted));
    return rc;
}
