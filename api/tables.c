/*
 * tables.c: the one place where the tables of all messages and methods are made.
 */
#define HULL_DEFINE_TABLES

#include "authz.h"
#include "cdi.h"
#include "cli.h"
#include "config.h"
#include "content.h"
#include "dns.h"
#include "firewall.h"
#include "http.h"
#include "ipam.h"
#include "log.h"
#include "netdriver.h"
#include "routes.h"
#include "runtime.h"
#include "state.h"
#include "storage.h"
#include "tls.h"
#include "volume_driver.h"

const struct hull_topic event_topic = {"event", &event_message_message};
