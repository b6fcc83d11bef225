/*
 * import.c: POST /images/create: an image from the tar of a file system (import). Pulling waits
 * for the registry plugin.
 */
#include "archive.h"

#include <string.h>
#include <unistd.h>

#include "json.h"
#include "timefmt.h"

#define IMPORT_COMMENT "Imported from -"

int img_new_name(struct hull_call *call, const char *repo, const char *tag, char **ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_problem problem = {0};
    struct reference reference;

    *ret = NULL;
    if (!repo || !*repo)
        return 0;
    if (reference_parse(arena, repo, &reference, &problem) < 0)
        return hull_fail_problem(call, &problem);
    if (reference.digest)
        return hull_fail(call, HULL_INVALID, "cannot import digest reference");
    if (tag && *tag) {
        if (!reference_tag_valid(tag))
            return hull_fail(call, HULL_INVALID, "invalid tag format");
        reference.tag = tag;
    }
    reference_default_tag(&reference);
    *ret = reference_string(arena, &reference);
    return 0;
}

/* linux, perhaps with an architecture and a variant. */
static int set_platform(struct hull_call *call, const char *platform, struct oci_config *config)
{
    char *architecture, *variant;

    config->os = "linux";
    config->architecture = platform_host_architecture();
    if (!platform || !*platform)
        return 0;
    architecture = strchr(hull_strdup(call, platform), '/');
    if (strncmp(platform, "linux", strcspn(platform, "/")) != 0 || strcspn(platform, "/") != 5)
        return hull_fail(call, HULL_INVALID, "cannot import for platform %.100s: only linux",
                         platform);
    if (!architecture)
        return 0;
    *architecture++ = '\0';
    config->architecture = architecture;
    variant = strchr(architecture, '/');
    if (variant) {
        *variant = '\0';
        config->variant = variant + 1;
    }
    return 0;
}

static int make_config(struct hull_call *call, const struct image_create_request *request,
                       struct oci_config *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_problem problem = {0};
    struct oci_history *step;

    *ret = (struct oci_config){.docker_version = PACKAGE_VERSION};
    ret->created = time_format(arena, hull_time_ns());
    ret->comment = request->message && *request->message ? request->message : IMPORT_COMMENT;
    ret->rootfs.type = "layers";
    step = HULL_LIST_ADD(arena, &ret->history);
    step->created = ret->created;
    step->comment = ret->comment;
    if (img_apply_changes(arena, &request->changes, &ret->config, &problem) < 0)
        return hull_fail_problem(call, &problem);
    return set_platform(call, request->platform, ret);
}

int img_store_config(struct img_session *session, const struct oci_config *config, const char **ret)
{
    struct hull_call *call = session->call;
    const char *text = json_string(hull_call_arena(call), &oci_config_message, config);
    struct hull_empty nothing = {0};
    struct content_blob file, kept;
    char digest[DIGEST_SIZE];
    size_t size = strlen(text);
    int rc;

    digest_bytes(text, size, digest);
    *ret = hull_strdup(call, digest);
    rc = img_session_pin(session, *ret);
    if (rc == 0)
        rc = content_create(call, IMG_CONTENT, &nothing, &file);
    if (rc < 0)
        return rc;
    file.digest = *ret;
    if (write(file.fd, text, size) != (ssize_t)size) {
        hull_fd_cleanup(&file.fd);
        return hull_fail(call, HULL_IO, "image store: the configuration can't be written");
    }
    return content_commit(call, IMG_CONTENT, &file, &kept);
}

static int import(struct img_session *session, const struct image_create_request *request,
                  struct oci_config *config, const char *name)
{
    struct hull_call *call = session->call;
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_strv blobs = {0}, names = {0}, lines = {0};
    struct progress line = {0};
    struct image_doc doc;
    char layer[DIGEST_SIZE];
    const char *id;
    int64_t size;
    int rc = archive_spool(session, request->body, layer, &size);

    if (rc < 0)
        return rc;
    hull_strv_add(arena, &config->rootfs.diff_ids, hull_strdup(call, layer));
    hull_strv_add(arena, &blobs, config->rootfs.diff_ids.v[0]);
    if (name)
        hull_strv_add(arena, &names, name);
    rc = img_store_config(session, config, &id);
    if (rc == 0)
        rc = img_describe(session, id, &blobs, NULL, &doc);
    if (rc == 0)
        rc = img_install(session, &doc, &names, &lines);
    if (rc < 0)
        return rc;
    img_event(call, "import", &doc, doc.id);
    line.status = doc.id;
    return hull_emit(call, &line);
}

static int check_request(struct hull_call *call, const struct image_create_request *request)
{
    struct hull_problem problem = {0};
    struct reference reference;

    if (request->from_image && *request->from_image) {
        if (reference_parse(hull_call_arena(call), request->from_image, &reference, &problem) < 0)
            return hull_fail_problem(call, &problem);
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "pulling %s is not supported yet: get it elsewhere, for example by "
                         "skopeo copy docker://%s docker-archive:image.tar:%s, and load the file",
                         request->from_image, request->from_image, request->from_image);
    }
    if (!request->from_src || strcmp(request->from_src, "-") != 0)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "importing from a URL is not supported: fetch it and use fromSrc=-");
    if (!request->body)
        return hull_fail(call, HULL_INVALID, "no archive in the request body");
    return 0;
}

int img_create(struct hull_call *call, const struct image_create_request *request,
               struct progress *ret_reply)
{
    struct img_session *session;
    struct oci_config config;
    char *name = NULL;
    int rc = check_request(call, request);

    (void)ret_reply;
    if (rc == 0)
        rc = img_new_name(call, request->repo, request->tag, &name);
    if (rc == 0)
        rc = make_config(call, request, &config);
    if (rc == 0)
        rc = img_session_begin(call, &session);
    if (rc < 0) {
        hull_stream_close(request->body);
        return rc;
    }
    return import(session, request, &config, name);
}
