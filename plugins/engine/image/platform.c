/*
 * platform.c: an image here is of one platform, which has to be the one that a request asks for.
 */
#include "engine.h"

#include <string.h>

#include "json.h"

/* Clients of the API from 1.48 on send an object, older ones a text. */
int img_platform(struct hull_call *call, const char *text, struct platform *ret)
{
    struct hull_problem problem = {0};
    struct oci_platform sent = {0};
    int rc;

    if (text[0] != '{') {
        if (platform_parse(hull_call_arena(call), text, ret, &problem))
            return 0;
        return hull_fail_problem(call, &problem);
    }
    rc = json_decode_call(call, &oci_platform_message, text, strlen(text), 0, &sent);
    if (rc < 0)
        return hull_wrap(call, rc, "invalid platform");
    if (!sent.os || !*sent.os || !sent.architecture || !*sent.architecture)
        return hull_fail(call, HULL_INVALID,
                         "invalid platform %.200s: both OS and Architecture must be provided",
                         text);
    *ret = (struct platform){sent.os, sent.architecture, sent.variant ? sent.variant : ""};
    return 0;
}

struct platform img_own_platform(const struct image_doc *doc)
{
    return (struct platform){doc->os ? doc->os : "", doc->architecture ? doc->architecture : "",
                             doc->variant ? doc->variant : ""};
}

int img_check_platform(struct hull_call *call, const char *name, const char *wanted,
                       const struct image_doc *doc)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct platform own = img_own_platform(doc), platform;
    int rc;

    if (!wanted || !*wanted)
        return 0;
    rc = img_platform(call, wanted, &platform);
    if (rc < 0 || platform_fits(&platform, &own))
        return rc;
    return hull_fail(call, HULL_NOT_FOUND,
                     "image with reference %s was found but its platform (%s) does not match the "
                     "specified platform (%.100s)",
                     name, platform_string(arena, &own), platform_string(arena, &platform));
}
