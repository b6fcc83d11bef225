/* Passes on to echo, as deep as it is told through itself, and takes back what it did when that
 * fails. Needs echo and toy/sleepy; with options. */
#define HULL_DEFINE_TABLES
#include "toys.h"

#define RELAY_OPTIONS(F, T) F(T, STRING, _, to, "to", 0, "Where to pass on")
HULL_MESSAGE(relay_options, RELAY_OPTIONS)

TOY_STEPS("toy/relay")

static int open_calls;

static void close_call(struct hull_call *call, void *arg)
{
    (void)arg;
    /* An undo may send, and is not cancelled. */
    struct toy_answer answer;
    int rc = toy_ask(call, "echo", &(struct toy_ask){.text = "undo"}, &answer);
    (void)rc;
    open_calls--;
}

static int ask(struct hull_call *call, const struct toy_ask *request, struct toy_answer *ret_reply)
{
    const struct relay_options *options = hull_plugin_options("toy/relay");
    const char *to = options->to == NULL ? "echo" : options->to;
    open_calls++;
    hull_defer(call, close_call, NULL);
    if (request->number > 0) {
        struct toy_ask less = {.text = request->text, .number = request->number - 1};
        return hull_wrap(call, toy_ask(call, "toy/relay", &less, ret_reply), "relay");
    }
    return toy_ask(call, to, request, ret_reply);
}

static void fini(void)
{
    HULL_ASSERT(open_calls == 0);
    step_fini();
}

static const char *const needs[] = {"echo", "toy/sleepy", NULL};
static const struct hull_handler handlers[] = {HULL_HANDLE(toy, ask, ask), {}};
HULL_PLUGIN(toy_relay, .port = "toy/relay", .version = "1", .needs = needs, .handlers = handlers,
            .options = &relay_options_message, .init = step_init, .drain = step_drain,
            .fini = fini);
