/*
 * network explain: which rule decides about a packet, and why.
 */
#include <stdio.h>
#include <string.h>

#include "plugins/cli/flags.h"
#include "plugins/common/json.h"

static void print_answer(struct cli *cli, const struct network_explain_reply *reply)
{
    const struct firewall_explain_reply *answer = &reply->answer;
    struct hull_text out = HULL_TEXT(cli->arena);
    hull_text_printf(&out, "%s -> %s: %s%s, by %s\n%s\n", reply->from, reply->to, answer->verdict,
                     answer->uncertain ? ", as far as can be told" : "", answer->decides,
                     answer->why);
    if (answer->steps.n > 1)
        hull_text_printf(&out, "\n");
    for (size_t i = 0; answer->steps.n > 1 && i < answer->steps.n; i++) {
        const struct firewall_step *step = &answer->steps.v[i];
        hull_text_printf(&out, "%zu. %-11s %-10s %s\n", i + 1, step->where, step->result,
                         step->why);
    }
    output_text(out.data, out.length);
}

int cmd_network_explain(struct cli *cli)
{
    const struct format_options *o = cli->options;
    struct network_explain_request request = {.from = cli->argc > 1 ? cli->argv[0] : NULL,
                                              .to = cli->argv[cli->argc - 1]};
    struct network_explain_reply reply;
    int rc = network_explain(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (o->format != NULL && o->format[0] != '\0')
        return output_template(cli, o->format,
                               output_value(cli, &network_explain_reply_message, &reply));
    print_answer(cli, &reply);
    return 0;
}
