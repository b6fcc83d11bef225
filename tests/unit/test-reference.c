/*
 * Image references: the grammar of the distribution project, docker's defaults and its words.
 */
#include "tap.h"

#include "reference.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA256 "sha256:" HEX64

static const struct {
    const char *text;
    const char *full; /* with the default tag */
    const char *familiar;
} good[] = {
    {"debian", "docker.io/library/debian:latest", "debian:latest"},
    {"debian:12", "docker.io/library/debian:12", "debian:12"},
    {"library/debian", "docker.io/library/debian:latest", "debian:latest"},
    {"docker.io/debian", "docker.io/library/debian:latest", "debian:latest"},
    {"docker.io/library/debian:12", "docker.io/library/debian:12", "debian:12"},
    {"index.docker.io/debian", "docker.io/library/debian:latest", "debian:latest"},
    {"index.docker.io/me/app", "docker.io/me/app:latest", "me/app:latest"},
    {"me/app", "docker.io/me/app:latest", "me/app:latest"},
    {"me/app:v1.2-rc_3", "docker.io/me/app:v1.2-rc_3", "me/app:v1.2-rc_3"},
    {"a/b/c/d", "docker.io/a/b/c/d:latest", "a/b/c/d:latest"},
    {"localhost/app", "localhost/app:latest", "localhost/app:latest"},
    {"localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"},
    {"127.0.0.1:5055/lib/bb:v1", "127.0.0.1:5055/lib/bb:v1", "127.0.0.1:5055/lib/bb:v1"},
    {"quay.io/app", "quay.io/app:latest", "quay.io/app:latest"},
    {"registry.example.com:443/x/y:z", "registry.example.com:443/x/y:z",
     "registry.example.com:443/x/y:z"},
    {"[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest"},
    {"[2001:db8::1]/app", "[2001:db8::1]/app:latest", "[2001:db8::1]/app:latest"},
    {"Foo/bar", "Foo/bar:latest", "Foo/bar:latest"},
    {"EXAMPLE.com/bar", "EXAMPLE.com/bar:latest", "EXAMPLE.com/bar:latest"},
    {"a", "docker.io/library/a:latest", "a:latest"},
    {"0", "docker.io/library/0:latest", "0:latest"},
    {"a.b", "docker.io/library/a.b:latest", "a.b:latest"},
    {"a_b", "docker.io/library/a_b:latest", "a_b:latest"},
    {"a__b", "docker.io/library/a__b:latest", "a__b:latest"},
    {"a-b", "docker.io/library/a-b:latest", "a-b:latest"},
    {"a---b", "docker.io/library/a---b:latest", "a---b:latest"},
    {"deadbeef", "docker.io/library/deadbeef:latest", "deadbeef:latest"},
    {"x:_", "docker.io/library/x:_", "x:_"},
    {"x:UPPER", "docker.io/library/x:UPPER", "x:UPPER"},
    {"x:1", "docker.io/library/x:1", "x:1"},
    {"sha256:abc", "docker.io/library/sha256:abc", "sha256:abc"},
    {"debian@" SHA256, "docker.io/library/debian@" SHA256, "debian@" SHA256},
    {"debian:12@" SHA256, "docker.io/library/debian:12@" SHA256, "debian:12@" SHA256},
    {"localhost:5000/a@" SHA256, "localhost:5000/a@" SHA256, "localhost:5000/a@" SHA256},
    {"x@sha512:" HEX64 HEX64, "docker.io/library/x@sha512:" HEX64 HEX64, "x@sha512:" HEX64 HEX64},
    {"docker.io/not.a.host/a/b", "docker.io/not.a.host/a/b:latest",
     "docker.io/not.a.host/a/b:latest"},
    {"docker.io/localhost/a", "docker.io/localhost/a:latest", "docker.io/localhost/a:latest"},
    {"docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
};

static const struct {
    const char *text;
    const char *message;
} bad[] = {
    {"", "invalid reference format"},
    {"Foo", "invalid reference format: repository name (library/Foo) must be lowercase"},
    {"UPPER:x", "invalid reference format: repository name (library/UPPER) must be lowercase"},
    {"me/App", "invalid reference format: repository name (me/App) must be lowercase"},
    {"localhost/App:1", "invalid reference format: repository name (App) must be lowercase"},
    {":1", "invalid reference format"},
    {"a:", "invalid reference format"},
    {"a@", "invalid reference format"},
    {"/a", "invalid reference format"},
    {"a/", "invalid reference format"},
    {"a//b", "invalid reference format"},
    {"a b", "invalid reference format"},
    {" a", "invalid reference format"},
    {"a\n", "invalid reference format"},
    {"-a", "invalid reference format"},
    {"a-", "invalid reference format"},
    {".a", "invalid reference format"},
    {"a..b", "invalid reference format"},
    {"a___b", "invalid reference format"},
    {"a._b", "invalid reference format"},
    {"a:.x", "invalid reference format"},
    {"a:-x", "invalid reference format"},
    {"a:x/y", "invalid reference format"},
    {"a:b:c", "invalid reference format"},
    {"../../etc/passwd", "invalid reference format"},
    {"a/../b", "invalid reference format"},
    {"-bad.com/a", "invalid reference format"},
    {"bad-.com/a", "invalid reference format"},
    {"a.com:port/b", "invalid reference format"},
    {"a.com:/b", "invalid reference format"},
    {"[::1/a", "invalid reference format"},
    {"[x]/a", "invalid reference format"},
    {"a@sha256:abc", "invalid reference format"},
    {"a@sha256", "invalid reference format"},
    {"a@:" HEX64, "invalid reference format"},
    {"a@1sha:" HEX64, "invalid reference format"},
    {"a@sha256:" HEX64 "00", "invalid checksum digest length"},
    {"a@sha256:0123456789abcdef0123456789abcdef", "invalid checksum digest length"},
    {"a@sha256:ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "invalid checksum digest format"},
    {"a@md5:0123456789abcdef0123456789abcdef", "unsupported digest algorithm"},
    {HEX64, "invalid repository name (" HEX64 "), cannot specify 64-byte hexadecimal strings"},
    {"\xc3\xa4", "invalid reference format"},
    {"a:\xc3\xa4", "invalid reference format"},
};

TEST(good_references)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();

    for (size_t i = 0; i < HULL_COUNT(good); i++) {
        struct hull_problem problem = {0};
        struct reference reference;
        if (reference_parse(arena, good[i].text, &reference, &problem) < 0)
            FAIL("%s: %s", good[i].text, problem.text);
        reference_default_tag(&reference);
        CHECK_STR(reference_string(arena, &reference), good[i].full);
        CHECK_STR(reference_familiar(arena, &reference), good[i].familiar);
        /* Both forms mean the same when they come back. */
        CHECK_INT(reference_parse(arena, good[i].familiar, &reference, &problem), 0);
        CHECK_STR(reference_string(arena, &reference), good[i].full);
        CHECK_INT(reference_parse(arena, good[i].full, &reference, &problem), 0);
        CHECK_STR(reference_string(arena, &reference), good[i].full);
    }
}

TEST(bad_references)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();

    for (size_t i = 0; i < HULL_COUNT(bad); i++) {
        struct hull_problem problem = {0};
        struct reference reference;
        if (reference_parse(arena, bad[i].text, &reference, &problem) == 0)
            FAIL("\"%s\" was taken", bad[i].text);
        CHECK_INT(problem.kind, HULL_INVALID);
        CHECK_STR(problem.text, bad[i].message);
    }
}

TEST(lengths)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_problem problem = {0};
    struct reference reference;
    char name[300], tag[200];

    memset(name, 'a', sizeof(name));
    memcpy(name, "x/", 2);
    name[255] = '\0';
    CHECK_INT(reference_parse(arena, name, &reference, &problem), 0);
    name[255] = 'a';
    name[256] = '\0';
    CHECK_INT(reference_parse(arena, name, &reference, &problem), -HULL_INVALID);
    CHECK_STR(problem.text, "repository name must not be more than 255 characters");
    memset(tag, 't', sizeof(tag));
    tag[128] = '\0';
    CHECK(reference_tag_valid(tag));
    tag[128] = 't';
    tag[129] = '\0';
    CHECK(!reference_tag_valid(tag));
    CHECK(!reference_tag_valid(""));
}

TEST(id_digits)
{
    CHECK_STR(reference_id_digits("a"), "a");
    CHECK_STR(reference_id_digits("sha256:0f"), "0f");
    CHECK_STR(reference_id_digits(SHA256), HEX64);
    CHECK(reference_id_digits("") == NULL);
    CHECK(reference_id_digits("sha256:") == NULL);
    CHECK(reference_id_digits("xyz") == NULL);
    CHECK(reference_id_digits("ABC") == NULL);
    CHECK(reference_id_digits(HEX64 "0") == NULL);
    CHECK(reference_id_digits("../a") == NULL);
}

TAP_MAIN
