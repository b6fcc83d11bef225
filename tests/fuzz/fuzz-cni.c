/*
 * fuzz-cni.c: configurations, results and errors of CNI. What is made from a configuration that was
 * taken is JSON again, and what a plugin gets of it has the names that were checked.
 */
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "plugins/network/cni/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_conf(struct hull_arena *arena, const struct cni_conf *conf)
{
    static const struct cni_given given = {
        .offers = {{"[{\"hostPort\":1}]", "[\"10.0.0.2\"]", "\"02::\"", "{}", "[\"a\"]"}},
        .previous = "{}",
        .attachments = "[]"};
    for (size_t i = 0; i < conf->count; i++) {
        struct hull_problem problem;
        struct cni_conf again;
        HULL_ASSERT(cni_name_valid(conf->plugins[i].type));
        HULL_ASSERT(strchr(conf->plugins[i].type, '/') == NULL);
        const char *input = cni_conf_input(arena, conf, i, &given);
        HULL_ASSERT(json_check(input, strlen(input), &problem) == 0);
        /* A plugin's own part may have "plugins" in it, which then is no list of plugins. */
        if (cni_conf_parse(arena, input, strlen(input), &again, &problem) == 0)
            HULL_ASSERT(strcmp(again.name, conf->name) == 0 && again.version == conf->version);
    }
}

/* What gets into resolv.conf stays on its line. */
static void check_names(const struct cni_result *result)
{
    const struct hull_strv *const all[] = {&result->dns_servers, &result->dns_search,
                                           &result->dns_options};
    for (size_t i = 0; i < HULL_COUNT(all); i++) {
        for (size_t k = 0; k < all[i]->n; k++)
            HULL_ASSERT(all[i]->v[k][0] != '\0' && strpbrk(all[i]->v[k], " \t\r\n#;") == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *text = hull_arena_strndup(arena, (const char *)data, size);
    struct hull_problem problem = {0};
    struct cni_conf conf;
    struct cni_result result;
    if (cni_conf_parse(arena, text, size, &conf, &problem) == 0)
        check_conf(arena, &conf);
    else
        HULL_ASSERT(problem.kind == HULL_INVALID && problem.text[0] != '\0');
    if (cni_result_parse(arena, text, size, "eth0", &result, &problem) < 0)
        HULL_ASSERT(problem.kind == HULL_INVALID && problem.text[0] != '\0');
    else
        check_names(&result);
    int64_t code;
    const char *said = cni_error_text(arena, text, size, &code);
    HULL_ASSERT(said == NULL || said[0] != '\0');
    return 0;
}
