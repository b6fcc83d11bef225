/*
 * reference.h: names of images, by the grammar of the distribution project, with docker's
 * defaults and docker's words for what is wrong.
 *
 *     debian                     docker.io/library/debian, tag latest where one is needed
 *     me/app:1                   docker.io/me/app, tag 1
 *     localhost:5000/app@sha256:…    host localhost:5000, path app, a digest
 */
#ifndef HULL_COMMON_REFERENCE_H
#define HULL_COMMON_REFERENCE_H

#include <hull/arena.h>
#include <hull/error.h>

#define REFERENCE_PATH_MAX 255
#define REFERENCE_TAG_MAX 128

struct reference {
    const char *domain; /* "docker.io" */
    const char *path;   /* "library/debian" */
    const char *tag;    /* NULL when not given */
    const char *digest; /* "sha256:…", NULL when not given */
};

/*
 * Parse TEXT; the parts are in ARENA. -HULL_INVALID with docker's message, for example "invalid
 * reference format: repository name (library/Foo) must be lowercase". Worker-safe.
 */
int reference_parse(struct hull_arena *arena, const char *text, struct reference *ret,
                    struct hull_problem *problem) HULL_CHECKED;
/* True when TAG alone is a valid tag. Worker-safe. */
bool reference_tag_valid(const char *tag);
/* Add the tag latest when there is neither tag nor digest. */
void reference_default_tag(struct reference *reference);

/* "docker.io/library/debian". Worker-safe, all below too. */
char *reference_name(struct hull_arena *arena, const struct reference *reference);
/* With tag and digest, as far as they are given. */
char *reference_string(struct hull_arena *arena, const struct reference *reference);
/* "debian": without the defaults. */
char *reference_familiar_name(struct hull_arena *arena, const struct reference *reference);
/* With tag and digest. */
char *reference_familiar(struct hull_arena *arena, const struct reference *reference);

/*
 * The hexadecimal digits when TEXT could be an image id or the beginning of one, with or without
 * "sha256:"; NULL otherwise.
 */
const char *reference_id_digits(const char *text);

#endif
