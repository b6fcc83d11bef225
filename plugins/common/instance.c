#include "instance.h"

#include "api/config.h"

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
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *at = config->data_root; *at != '\0'; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    snprintf(suffix, sizeof(suffix), "%08x", hash);
    return suffix;
}
