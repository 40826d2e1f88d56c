#include "aws/endpoint.h"

#include <ctype.h>
#include <stdlib.h>

// Services as the SDKs' settings name them.
static const char *setting_name(const char *service)
{
    static const struct {
        const char *service;
        const char *name;
    } names[] = {{"elbv2", "elastic_load_balancing_v2"},
                 {"elb", "elastic_load_balancing"},
                 {"network-firewall", "network_firewall"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i].service, service) == 0)
            return names[i].name;
    return service;
}

static const char *set(const char *variable)
{
    const char *value = getenv(variable);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static bool switched_on(const struct aws_config *config, const char *variable, const char *key)
{
    const char *value = set(variable);
    value = value != NULL ? value : aws_config_setting(config, key);
    return value != NULL && strcasecmp(value, "true") == 0;
}

static const char *configured(const struct aws_config *config, const char *service)
{
    struct arena *arena = config->arena;
    const char *name = setting_name(service);
    char *variable = arena_printf(arena, "AWS_ENDPOINT_URL_%s", name);
    for (char *p = variable; *p != '\0'; p++)
        *p = (char)toupper((unsigned char)*p);
    const char *url = set(variable), *services = aws_config_setting(config, "services");
    if (url == NULL && services != NULL)
        url = map_get(&config->config.values, arena_printf(arena, "services %s|%s|endpoint_url", services, name));
    url = url != NULL ? url : set("AWS_ENDPOINT_URL");
    return url != NULL ? url : aws_config_setting(config, "endpoint_url");
}

const char *endpoint_url(const struct aws_config *config, const char *given, const char *service, const char *prefix,
                         const char *region)
{
    const char *url = given != NULL ? given : configured(config, service);
    if (url != NULL)
        return url;
    bool fips = switched_on(config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    bool dual = switched_on(config, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    bool china = strncmp(region, "cn-", 3) == 0;
    const char *domain =
        dual ? (china ? "api.amazonwebservices.com.cn" : "api.aws") : (china ? "amazonaws.com.cn" : "amazonaws.com");
    return arena_printf(config->arena, "https://%s%s.%s.%s/", prefix, fips ? "-fips" : "", region, domain);
}
