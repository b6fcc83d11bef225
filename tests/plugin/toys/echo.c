/* Says what it was told. */
#define HULL_DEFINE_TABLES
#include "toys.h"

TOY_STEPS("echo")

static int ask(struct hull_call *call, const struct toy_ask *request, struct toy_answer *ret_reply)
{
    ret_reply->text = hull_printf(call, "%s!", request->text == NULL ? "" : request->text);
    ret_reply->number = request->number;
    return 0;
}

static int many(struct hull_call *call, const struct toy_ask *request, struct toy_answer *ret_reply)
{
    for (int64_t i = 0; i < request->number; i++) {
        int rc = hull_emit(call, &(struct toy_answer){request->text, i});
        if (rc < 0)
            return rc;
    }
    ret_reply->number = request->number;
    return 0;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(toy, ask, ask),
    HULL_HANDLE(toy, many, many),
    {},
};
HULL_PLUGIN(echo, .port = "echo", .version = "1", .handlers = handlers, .init = step_init,
            .drain = step_drain, .fini = step_fini);
