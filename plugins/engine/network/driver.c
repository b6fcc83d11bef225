/* Who does what for a network: its driver, and who hands out its addresses. */
#include "net.h"

#include <ctype.h>
#include <string.h>

/* --- drivers --------------------------------------------------------------------------------- */

/* What is no port of ours may be a plugin of somebody else. */
static const char *port_of(struct hull_call *call, const char *driver)
{
    static const char other[] = "network/remote";
    if (hull_streq(driver, "null"))
        return "network/none";
    if (driver == NULL || strchr(driver, '/') != NULL)
        return other;
    const char *port = hull_printf(call, "network/%s", driver);
    return hull_plugin_exists(port) ? port : other;
}

const char *net_driver(struct hull_call *call, const struct net_record *record)
{
    return port_of(call, record->network.driver);
}

int net_driver_check(struct hull_call *call, const char *driver, struct netdriver_about_reply *ret)
{
    struct netdriver_about_request request = {.driver = driver, .check = true};
    /* Not by its port: there may be a plugin of that name. */
    if (hull_streq(driver, "remote"))
        return hull_fail(call, HULL_NOT_FOUND,
                         "plugin \"remote\" not found: name the plugin itself as the driver");
    if (hull_streq(driver, "none"))
        return hull_fail(call, HULL_NOT_FOUND, "plugin \"none\" not found");
    if (hull_streq(driver, "ipvlan"))
        return netdriver_about(call, "network/macvlan", &request, ret);
    return netdriver_about(call, port_of(call, driver), &request, ret);
}

int net_about(struct hull_call *call, const struct net_record *record,
              struct netdriver_about_reply *ret)
{
    struct netdriver_about_request request = {.driver = record->network.driver};
    return netdriver_about(call, net_driver(call, record), &request, ret);
}

/* --- addresses ------------------------------------------------------------------------------- */

const char *net_ipam(const struct network *network)
{
    const char *driver = network->ipam.driver;
    if (hull_streq(driver, "null") || network->config_only)
        return NULL;
    if (driver == NULL || *driver == '\0' || hull_streq(driver, "default"))
        return NET_IPAM;
    return NET_IPAM_OTHERS;
}
