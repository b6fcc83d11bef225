/*
 * reference.c: the grammar:
 *
 *     reference  = [domain "/"] component *("/" component) [":" tag] ["@" digest]
 *     domain     = host [":" digits]; host = label *("." label) | "[" IPv6 "]"
 *     label      = alphanumerics, with dashes inside
 *     component  = lower-case alphanumerics, with ".", "_", "__" or dashes between them
 *     tag        = a word character, then up to 127 of word characters, "." and "-"
 *
 * What precedes the first slash is a domain only when it has a dot, a colon or an upper-case
 * letter, or is "localhost".
 */
#include "reference.h"

#include <ctype.h>
#include <string.h>

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN "index.docker.io"
#define OFFICIAL "library/"
#define HEX_LOWER "0123456789abcdef"
#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ID_DIGITS 64

static const char *const invalid = "invalid reference format";

/* The length of a path component at TEXT, 0 when there is none. */
static size_t component_span(const char *text)
{
    size_t at = strspn(text, LOWER DIGITS), length = at;

    while (length) {
        size_t dashes = strspn(text + at, "-"), gap = dashes;
        size_t more;
        if (!gap && text[at] == '_')
            gap = text[at + 1] == '_' ? 2 : 1;
        if (!gap && text[at] == '.')
            gap = 1;
        more = gap ? strspn(text + at + gap, LOWER DIGITS) : 0;
        if (!more)
            break;
        at += gap + more;
        length = at;
    }
    return length;
}

static bool path_valid(const char *path)
{
    for (;;) {
        size_t length = component_span(path);
        if (!length)
            return false;
        path += length;
        if (!*path)
            return true;
        if (*path++ != '/')
            return false;
    }
}

/* A label of a host name at TEXT; 0 when there is none. */
static size_t label_span(const char *text)
{
    size_t length = strspn(text, LOWER UPPER DIGITS "-");

    return length && text[0] != '-' && text[length - 1] != '-' ? length : 0;
}

static bool domain_valid(const char *domain)
{
    if (*domain == '[') {
        size_t length = strspn(domain + 1, DIGITS "abcdefABCDEF:");
        if (!length || domain[length + 1] != ']')
            return false;
        domain += length + 2;
    } else {
        for (;;) {
            size_t length = label_span(domain);
            if (!length)
                return false;
            domain += length;
            if (*domain != '.')
                break;
            domain++;
        }
    }
    if (*domain == ':')
        return domain[1] && domain[1 + strspn(domain + 1, DIGITS)] == '\0';
    return *domain == '\0';
}

bool reference_tag_valid(const char *tag)
{
    size_t length = strspn(tag, LOWER UPPER DIGITS "_.-");

    return length && length <= REFERENCE_TAG_MAX && tag[length] == '\0' && tag[0] != '.' &&
           tag[0] != '-';
}

static const struct {
    const char *name;
    size_t digits;
} algorithms[] = {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}};

/* "name" or "name+name", each a letter and alphanumerics, as the grammar has it. */
static bool algorithm_shaped(const char *text, size_t length)
{
    bool first = true;

    for (size_t i = 0; i < length; i++) {
        if (strchr("+._-", text[i])) {
            if (first)
                return false;
            first = true;
        } else if (first ? !isalpha((unsigned char)text[i]) : !isalnum((unsigned char)text[i])) {
            return false;
        } else {
            first = false;
        }
    }
    return !first;
}

static int check_digest(const char *digest, struct hull_problem *problem)
{
    size_t name = strcspn(digest, ":");
    const char *hex = digest + name + (digest[name] == ':');
    size_t length = strspn(hex, HEX_LOWER "ABCDEF");

    if (digest[name] != ':' || !algorithm_shaped(digest, name) || hex[length] || length < 32)
        return hull_problem_set(problem, HULL_INVALID, "%s", invalid);
    for (size_t i = 0; i < HULL_COUNT(algorithms); i++) {
        if (strlen(algorithms[i].name) != name || memcmp(algorithms[i].name, digest, name) != 0)
            continue;
        if (length != algorithms[i].digits)
            return hull_problem_set(problem, HULL_INVALID, "invalid checksum digest length");
        if (hex[strspn(hex, HEX_LOWER)])
            return hull_problem_set(problem, HULL_INVALID, "invalid checksum digest format");
        return 0;
    }
    return hull_problem_set(problem, HULL_INVALID, "unsupported digest algorithm");
}

/* What comes before the first slash is the name of a host when it looks like one. */
static bool is_domain(const char *head)
{
    return strpbrk(head, ".:" UPPER) || strcmp(head, "localhost") == 0;
}

/* Split it off, when it is a domain; fill in the defaults. */
static void split_domain(struct hull_arena *arena, const char *text, struct reference *ret)
{
    size_t head = strcspn(text, "/");
    char *domain = hull_arena_strndup(arena, text, head);

    if (text[head] && is_domain(domain)) {
        ret->domain = strcmp(domain, LEGACY_DOMAIN) == 0 ? DEFAULT_DOMAIN : domain;
        ret->path = hull_arena_strdup(arena, text + head + 1);
    } else {
        ret->domain = DEFAULT_DOMAIN;
        ret->path = hull_arena_strdup(arena, text);
    }
    if (strcmp(ret->domain, DEFAULT_DOMAIN) == 0 && !strchr(ret->path, '/'))
        ret->path = hull_arena_printf(arena, OFFICIAL "%s", ret->path);
}

/* Cut REST at the first MARK; returns what is behind it, or NULL. */
static char *cut(char *rest, char mark)
{
    char *at = strchr(rest, mark);

    if (!at)
        return NULL;
    *at = '\0';
    return at + 1;
}

int reference_parse(struct hull_arena *arena, const char *text, struct reference *ret,
                    struct hull_problem *problem)
{
    struct reference found = {0};
    char *rest;

    if (strspn(text, HEX_LOWER) == ID_DIGITS && text[ID_DIGITS] == '\0')
        return hull_problem_set(problem, HULL_INVALID,
                                "invalid repository name (%s), cannot specify 64-byte hexadecimal "
                                "strings",
                                text);
    split_domain(arena, text, &found);
    rest = hull_arena_strdup(arena, found.path);
    cut(rest, ':');
    if (strpbrk(rest, UPPER))
        return hull_problem_set(problem, HULL_INVALID,
                                "%s: repository name (%.300s) must be lowercase", invalid, rest);
    rest = hull_arena_strdup(arena, found.path);
    found.path = rest;
    found.digest = cut(rest, '@');
    found.tag = cut(rest, ':');
    if (!domain_valid(found.domain) || !path_valid(found.path) ||
        (found.tag && !reference_tag_valid(found.tag)))
        return hull_problem_set(problem, HULL_INVALID, "%s", invalid);
    if (strlen(found.path) > REFERENCE_PATH_MAX)
        return hull_problem_set(problem, HULL_INVALID,
                                "repository name must not be more than %d characters",
                                REFERENCE_PATH_MAX);
    if (found.digest && check_digest(found.digest, problem) < 0)
        return -(int)problem->kind;
    *ret = found;
    return 0;
}

void reference_default_tag(struct reference *reference)
{
    if (!reference->tag && !reference->digest)
        reference->tag = "latest";
}

char *reference_name(struct hull_arena *arena, const struct reference *reference)
{
    return hull_arena_printf(arena, "%s/%s", reference->domain, reference->path);
}

static char *with_suffix(struct hull_arena *arena, const char *name,
                         const struct reference *reference)
{
    return hull_arena_printf(arena, "%s%s%s%s%s", name, reference->tag ? ":" : "",
                             reference->tag ? reference->tag : "", reference->digest ? "@" : "",
                             reference->digest ? reference->digest : "");
}

char *reference_string(struct hull_arena *arena, const struct reference *reference)
{
    return with_suffix(arena, reference_name(arena, reference), reference);
}

char *reference_familiar_name(struct hull_arena *arena, const struct reference *reference)
{
    const char *path = reference->path;

    if (strcmp(reference->domain, DEFAULT_DOMAIN) != 0)
        return reference_name(arena, reference);
    if (strncmp(path, OFFICIAL, strlen(OFFICIAL)) == 0 && !strchr(path + strlen(OFFICIAL), '/'))
        path += strlen(OFFICIAL);
    /* What would be taken for a host if it stood in front stays behind the true one. */
    if (strchr(path, '/') && is_domain(hull_arena_strndup(arena, path, strcspn(path, "/"))))
        return reference_name(arena, reference);
    return hull_arena_strdup(arena, path);
}

char *reference_familiar(struct hull_arena *arena, const struct reference *reference)
{
    return with_suffix(arena, reference_familiar_name(arena, reference), reference);
}

const char *reference_id_digits(const char *text)
{
    size_t length;

    if (strncmp(text, "sha256:", 7) == 0)
        text += 7;
    length = strspn(text, HEX_LOWER);
    return length && length <= ID_DIGITS && text[length] == '\0' ? text : NULL;
}
