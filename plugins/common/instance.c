#include "instance.h"

#include "api/config.h"
#include "plugins/common/hash.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

const char *instance_suffix(void)
{
    static char suffix[16];
    const struct daemon_config *config = daemon_config();
    if (config == NULL || config->data_root == NULL ||
        strcmp(config->data_root, LOCALSTATEDIR) == 0)
        return "";
    snprintf(suffix, sizeof(suffix), "%08x",
             hash_bytes(config->data_root, strlen(config->data_root)));
    return suffix;
}
