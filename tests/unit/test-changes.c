/*
 * Dockerfile instructions of import and commit.
 */
#include "tap.h"

#include "json.h"
#include "plugins/engine/image/engine.h"

static const struct {
    const char *changes; /* lines */
    const char *config;  /* part of the JSON, or of the error */
} cases[] = {
    {"CMD [\"true\"]", "\"Cmd\":[\"true\"]"},
    {"cmd echo  hi ", "\"Cmd\":[\"/bin/sh\",\"-c\",\"echo  hi\"]"},
    {"CMD [\"a\", 1]", "\"Cmd\":[\"/bin/sh\",\"-c\",\"[\\\"a\\\", 1]\"]"},
    {"ENTRYPOINT [\"/x\"]", "\"Entrypoint\":[\"/x\"]"},
    {"CMD [\"a\"]\nENTRYPOINT [\"/x\"]", "\"Cmd\":[\"a\"]"},
    {"ENV A=b C=\"d e\" D='$A' E=f\\ g", "\"Env\":[\"A=b\",\"C=d e\",\"D=$A\",\"E=f g\"]"},
    {"ENV A b  c", "\"Env\":[\"A=b  c\"]"},
    {"ENV A=1\nENV A=2 B=$A", "\"Env\":[\"A=2\",\"B=1\"]"},
    {"ENV A=1\nENV B=${A}x C=${N:-d} D=${A:+e} F=${N:+g}", "\"B=1x\",\"C=d\",\"D=e\",\"F=\""},
    {"EXPOSE 80 53/udp", "\"ExposedPorts\":{\"53/udp\":{},\"80/tcp\":{}}"},
    {"EXPOSE 8000-8002/TCP", "\"8000/tcp\":{},\"8001/tcp\":{},\"8002/tcp\":{}"},
    {"LABEL a=b \"c d\"=e", "\"Labels\":{\"a\":\"b\",\"c d\":\"e\"}"},
    {"USER 1000:1000", "\"User\":\"1000:1000\""},
    {"VOLUME /a /b", "\"Volumes\":{\"/a\":{},\"/b\":{}}"},
    {"VOLUME [\"/a b\"]", "\"Volumes\":{\"/a b\":{}}"},
    {"WORKDIR /a\nWORKDIR b", "\"WorkingDir\":\"/a/b\""},
    {"STOPSIGNAL SIGUSR1", "\"StopSignal\":\"SIGUSR1\""},
    {"ONBUILD RUN x", "\"OnBuild\":[\"RUN x\"]"},
    {"HEALTHCHECK NONE", "\"Healthcheck\":{\"Test\":[\"NONE\"]"},
    {"HEALTHCHECK --interval=5s --retries=3 CMD true",
     "\"Test\":[\"CMD-SHELL\",\"true\"],\"Interval\":5000000000,\"Retries\":3"},
    {"HEALTHCHECK CMD [\"a\",\"b\"]", "\"Test\":[\"CMD\",\"a\",\"b\"]"},
    {"RUN x", "!RUN is not a valid change command"},
    {"FROM x", "!FROM is not a valid change command"},
    {"CMD", "!CMD requires at least one argument"},
    {"ENV A", "!ENV must have two arguments"},
    {"ENV A=b C", "!can't find = in \"C\""},
    {"ENV A='b", "!Syntax error"},
    {"EXPOSE 0", "!Invalid containerPort: 0"},
    {"EXPOSE 70000", "!Invalid containerPort: 70000"},
    {"EXPOSE 80/xyz", "!Invalid containerPort: 80/xyz"},
    {"EXPOSE 90-80", "!Invalid containerPort: 90-80"},
    {"USER a b", "!USER requires exactly one argument"},
    {"VOLUME a", "!VOLUME: a is not an absolute path"},
    {"STOPSIGNAL NOPE", "!invalid signal: NOPE"},
    {"ONBUILD ONBUILD RUN x", "!ONBUILD isn't allowed as an ONBUILD trigger"},
    {"HEALTHCHECK --nope=1 CMD x", "!Unknown flag: --nope=1"},
    {"HEALTHCHECK x", "!Unknown type \"x\" in HEALTHCHECK"},
};

TEST(changes)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();

    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        const char *line = cases[i].changes;
        struct hull_strv changes = {1, &line};
        struct hull_problem problem = {0};
        struct image_config config = {0};
        int rc = img_apply_changes(arena, &changes, &config, &problem);
        if (cases[i].config[0] == '!') {
            CHECK_INT(rc, -HULL_INVALID);
            CHECK_HAS(problem.text, cases[i].config + 1);
        } else {
            if (rc < 0)
                FAIL("%s: %s", line, problem.text);
            CHECK_HAS(json_string(arena, &image_config_message, &config), cases[i].config);
        }
    }
}

TAP_MAIN
