/*
 * Templates: what docker's --format is used for, by Go's rules.
 */
#include "tap.h"

#include "template.h"

static const char data[] =
    "{\"Name\":\"/web\",\"Id\":\"abc123\",\"State\":{\"Status\":\"running\",\"Running\":true,"
    "\"Pid\":42},\"Args\":[\"a\",\"b c\"],\"Labels\":{\"x\":\"1\",\"a.b\":\"2\"},"
    "\"Empty\":\"\",\"None\":null,\"Zero\":0,\"Big\":1699999999123456789,\"Float\":1.5,"
    "\"Ports\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"}],\"53/udp\":null},"
    "\"Label\":{\"k\":\"v\"}}";

/* What TEXT makes of the data, or "error: …". */
static const char *run(struct hull_arena *arena, const char *text)
{
    struct json_value value;
    struct hull_problem problem = {};
    struct template *template;
    struct hull_text out = HULL_TEXT(arena);
    CHECK(json_parse(arena, data, strlen(data), &value, &problem) == 0);
    hull_text_puts(&out, "");
    struct template_data dot = {.value = &value};
    if (template_parse(arena, text, &template, &problem) < 0 ||
        template_run(template, &dot, &out, &problem) < 0)
        return hull_arena_printf(arena, "error: %s", problem.text);
    return out.data;
}

struct row {
    const char *text;
    const char *result;
};

static void check(const struct row *rows, size_t count)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    for (size_t i = 0; i < count; i++)
        CHECK_STR(run(arena, rows[i].text), rows[i].result);
}

/* A row of a list, and the row of its titles. */
TEST(rows)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct json_value value, hidden;
    struct hull_problem problem = {};
    static const char dot[] = "{\"Name\":\"<a>\"}", label[] = "{\"Label\":{\"k\":\"v\"}}";
    static const struct {
        const char *text, *row, *header;
    } cases[] = {
        {"{{json .}}", "{\"Name\":\"\\u003ca\\u003e\"}", "{\"Name\":\"\\u003ca\\u003e\"}"},
        {"{{json .Name}}", "\"<a>\"", "\"<a>\""},
        {"{{.Label \"k\"}}", "v", "v"},
        {"{{.Label \"a.b_c-d\"}}", "", "b c d"},
        {"{{.No}}",
         "template: :1:2: executing \"\" at <.No>: can't evaluate field No in type *x.row",
         "<no value>"},
        {"{{.Name.No}}",
         "template: :1:7: executing \"\" at <.Name.No>: can't evaluate field No in type string",
         "template: :1:7: executing \"\" at <.Name.No>: can't evaluate field No in type string"},
        {"{{.Label}}",
         "template: :1:2: executing \"\" at <.Label>: wrong number of args for Label: want 1 got 0",
         "template: :1:2: executing \"\" at <.Label>: wrong number of args for Label: want 1 got "
         "0"},
    };
    CHECK(json_parse(arena, dot, strlen(dot), &value, &problem) == 0);
    CHECK(json_parse(arena, label, strlen(label), &hidden, &problem) == 0);
    for (size_t i = 0; i < 2 * HULL_COUNT(cases); i++) {
        struct template *template;
        struct hull_text out = HULL_TEXT(arena);
        struct template_data input = {
            .value = &value, .hidden = &hidden, .type = "*x.row", .header = i % 2 == 1};
        hull_text_puts(&out, "");
        CHECK(template_parse(arena, cases[i / 2].text, &template, &problem) == 0);
        int rc = template_run(template, &input, &out, &problem);
        CHECK_STR(rc < 0 ? problem.text : out.data,
                  i % 2 == 1 ? cases[i / 2].header : cases[i / 2].row);
    }
}

TEST(errors_name_the_types_of_structs)
{
    static const char text[] = "{\"Client\":{\"Version\":\"1\",\"Minor\":2}}";
    static const struct template_type types[] = {{"Client", "x.client"}, {}};
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"{{.No}}",
         "template: :1:2: executing \"\" at <.No>: can't evaluate field No in type x.all"},
        {"{{.Client.No}}", "template: :1:9: executing \"\" at <.Client.No>: can't evaluate field "
                           "No in type x.client"},
        {"{{.Client.Version.No}}",
         "template: :1:9: executing \"\" at <.Client.Version.No>: can't evaluate field No in type "
         "string"},
        {"{{.Client.Minor.No}}",
         "template: :1:9: executing \"\" at <.Client.Minor.No>: can't evaluate field No in type "
         "int"},
    };
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_problem problem = {0};
    struct json_value value;
    CHECK(json_parse(arena, text, strlen(text), &value, &problem) == 0);
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        struct template *template;
        struct hull_text out = HULL_TEXT(arena);
        struct template_data input = {.value = &value, .struct_type = "x.all", .types = types};
        CHECK(template_parse(arena, cases[i].text, &template, &problem) == 0);
        CHECK(template_run(template, &input, &out, &problem) < 0);
        CHECK_STR(problem.text, cases[i].says);
    }
}

TEST(fields)
{
    static const struct row rows[] = {
        {"", ""},
        {"plain }} text", "plain }} text"},
        {"{{.Name}}|{{ .State.Status }}", "/web|running"},
        {"{{.State.Pid}} {{.Big}} {{.Float}}", "42 1699999999123456789 1.5"},
        {"{{.State.Running}}", "true"},
        {"{{.Args}} {{.Labels}}", "[a b c] map[a.b:2 x:1]"},
        {"{{.None}}", "<nil>"},
        {"{{$.Name}} {{.}}", NULL},
        {"{{.Label \"k\"}}|{{.Label \"other\"}}", "v|"},
        {"{{(index .Args 1)}}", "b c"},
        {"{{(index (index .Ports \"80/tcp\") 0).HostPort}}", "8080"},
        {"{{with .State}}{{.Pid}}{{end}}", "42"},
        {"{{/* nothing */}}x", "x"},
        {"a  {{- .Id -}}  b", "aabc123b"},
    };
    HULL_AUTO_ARENA *arena = hull_arena_new();
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        if (rows[i].result != NULL)
            CHECK_STR(run(arena, rows[i].text), rows[i].result);
    }
}

TEST(functions)
{
    static const struct row rows[] = {
        {"{{json .Args}}", "[\"a\",\"b c\"]"},
        {"{{json .State.Running}}", "true"},
        {"{{join .Args \"+\"}}", "a+b c"},
        {"{{json (split \"a,b\" \",\")}}", "[\"a\",\"b\"]"},
        {"{{upper .Id}} {{lower \"AbC\"}} {{title \"some words\"}}", "ABC123 abc Some Words"},
        {"{{len .Args}} {{len .Name}} {{len .Labels}}", "2 4 2"},
        {"{{index .Labels \"a.b\"}}|{{index .Labels \"none\"}}", "2|"},
        {"{{slice .Id 1 3}}", "bc"},
        {"{{printf \"%s=%d\" .Name .State.Pid}}", "/web=42"},
        {"{{printf \"%-6s|%5s|%q\" .Id .Id .Id}}", "abc123|abc123|\"abc123\""},
        {"{{printf \"%-8s|\" .Id}}", "abc123  |"},
        {"{{printf \"%.2f %x %t %v\" .Float .State.Pid .State.Running .Args}}",
         "1.50 2a true [a b c]"},
        {"{{println .Id}}", "abc123\n"},
        {"{{print .State.Pid 1}}", "42 1"},
        {"{{truncate .Id 3}} {{pad .Id 1 2}}|", "abc  abc123  |"},
        {"{{.Id | upper | printf \"%s!\"}}", "ABC123!"},
        {"{{not .Empty}} {{and .Id .Name}} {{or .Empty .Id}}", "true /web abc123"},
        {"{{eq .Id \"abc123\"}} {{ne .State.Pid 42}} {{lt 1 2}} {{ge .State.Pid 42}}",
         "true false true true"},
        {"{{eq .Id \"x\" \"abc123\"}}", "true"},
    };
    check(rows, HULL_COUNT(rows));
}

TEST(control)
{
    static const struct row rows[] = {
        {"{{if .State.Running}}up{{else}}down{{end}}", "up"},
        {"{{if .Empty}}a{{else if .Zero}}b{{else}}c{{end}}", "c"},
        {"{{range .Args}}<{{.}}>{{end}}", "<a><b c>"},
        {"{{range $i, $e := .Args}}{{$i}}={{$e}};{{end}}", "0=a;1=b c;"},
        {"{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "a.b=2;x=1;"},
        {"{{range .None}}x{{else}}none{{end}}", "none"},
        {"{{range $p, $b := .Ports}}{{$p}}{{if $b}} {{(index $b 0).HostPort}}{{end}};{{end}}",
         "53/udp;80/tcp 8080;"},
        {"{{$x := .Id}}{{range .Args}}{{$x}}{{end}}", "abc123abc123"},
        {"{{$n := \"\"}}{{range .Args}}{{$n = .}}{{end}}{{$n}}", "b c"},
        {"{{with .Empty}}x{{else}}y{{end}}", "y"},
        {"{{with $s := .State}}{{$s.Status}}{{end}}", "running"},
        {"{{if and .Id (eq .State.Status \"running\")}}yes{{end}}", "yes"},
    };
    check(rows, HULL_COUNT(rows));
}

TEST(errors)
{
    static const char *const rows[] = {
        "{{",
        "{{.Name",
        "{{.Nope}}",
        "{{.Name.Nope}}",
        "{{nope .Id}}",
        "{{end}}",
        "{{else}}",
        "{{if .Id}}",
        "{{range .Id}}",
        "{{$x}}",
        "{{\"open}}",
        "{{index .Args 9}}",
        "{{len .Zero}}",
        "{{(.Id}}",
        "{{.Id | }}",
        "{{.Id \"a\"}}",
        "{{lt .Id 1}}",
        "{{printf}}",
        "{{range .State.Pid}}{{end}}",
        "{{printf \"%9999s\" .Id}}",
    };
    HULL_AUTO_ARENA *arena = hull_arena_new();
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        const char *result = run(arena, rows[i]);
        if (strncmp(result, "error: template: ", 17) != 0)
            CHECK_STR(rows[i], result);
    }
    struct hull_text deep = HULL_TEXT(arena);
    for (int i = 0; i < 100000; i++)
        hull_text_puts(&deep, "{{if .Id}}");
    CHECK(strncmp(run(arena, deep.data), "error: ", 7) == 0);
    deep.length = 0;
    hull_text_puts(&deep, "{{");
    for (int i = 0; i < 100000; i++)
        hull_text_puts(&deep, "(");
    CHECK(strncmp(run(arena, deep.data), "error: ", 7) == 0);
}

TAP_MAIN
