#include "aws/read/endpoint.h"

#include <ctype.h>

// Services as the SDKs' settings name them.
static const char *setting_name(const char *service)
{
    static const struct {
        const char *service;
        const char *name;
    } names[] = {{"elbv2", "elastic_load_balancing_v2"},
                 {"elb", "elastic_load_balancing"},
                 {"network-firewall", "network_firewall"},
                 {"globalaccelerator", "global_accelerator"},
                 {"sso-oidc", "sso_oidc"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i].service, service) == 0)
            return names[i].name;
    return service;
}

static const char *configured(const struct aws_config *config, const char *service)
{
    struct arena *arena = config->arena;
    const char *name = setting_name(service);
    char *variable = arena_printf(arena, "AWS_ENDPOINT_URL_%s", name);
    for (char *p = variable; *p != '\0'; p++)
        *p = (char)toupper((unsigned char)*p);
    const char *url = config_environment(variable), *services = aws_config_setting(config, "services");
    if (url == NULL && services != NULL)
        url = config_nested(arena, &config->config, arena_printf(arena, "services %s", services), name, "endpoint_url");
    url = url != NULL ? url : config_environment("AWS_ENDPOINT_URL");
    return url != NULL ? url : aws_config_setting(config, "endpoint_url");
}

bool endpoint_is_region(const char *text)
{
    enum { LONGEST = 63 }; // of a label of a host's name
    return text[0] != '\0' && strlen(text) <= LONGEST &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

bool endpoint_is_global(const char *service)
{
    static const char *const services[] = {"iam", "organizations", "globalaccelerator", "cloudfront", NULL};
    return text_among(service, services);
}

static bool in_china(const char *region)
{
    return strncmp(region, "cn-", 3) == 0;
}

static bool in_us_government(const char *region)
{
    return strncmp(region, "us-gov-", 7) == 0;
}

// CloudFront is in China too; the rest of the world's two are in no other partition.
bool endpoint_is_there(const char *service, const char *region)
{
    bool elsewhere = in_china(region) || in_us_government(region);
    if (strcmp(service, "globalaccelerator") == 0)
        return !elsewhere;
    return strcmp(service, "cloudfront") != 0 || !in_us_government(region);
}

const char *endpoint_region(const char *service, const char *region)
{
    if (!endpoint_is_global(service))
        return region;
    if (strcmp(service, "globalaccelerator") == 0)
        return "us-west-2";
    if (in_china(region))
        return strcmp(service, "iam") == 0 ? "cn-north-1" : "cn-northwest-1";
    return in_us_government(region) ? "us-gov-west-1" : "us-east-1";
}

// IAM's host names follow no rule.
static const char *iam_url(const char *region, bool fips, bool dual)
{
    if (in_china(region))
        return dual ? "https://iam.global.api.amazonwebservices.com.cn/" : "https://iam.cn-north-1.amazonaws.com.cn/";
    if (in_us_government(region))
        return dual ? "https://iam.us-gov.api.aws/" : "https://iam.us-gov.amazonaws.com/";
    if (dual)
        return fips ? "https://iam-fips.global.api.aws/" : "https://iam.global.api.aws/";
    return fips ? "https://iam-fips.amazonaws.com/" : "https://iam.amazonaws.com/";
}

const char *endpoint_url(const struct aws_config *config, const char *given, const char *service, const char *prefix,
                         const char *region)
{
    const char *url = given != NULL ? given : configured(config, service);
    if (url != NULL)
        return url;
    bool fips = aws_config_switch(config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    bool dual = aws_config_switch(config, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    bool china = in_china(region);
    if (strcmp(service, "cloudfront") == 0)
        return china  ? "https://cloudfront.cn-northwest-1.amazonaws.com.cn/"
               : dual ? "https://cloudfront.global.api.aws/"
               : fips ? "https://cloudfront-fips.amazonaws.com/"
                      : "https://cloudfront.amazonaws.com/";
    if (strcmp(service, "iam") == 0)
        return iam_url(region, fips, dual);
    // In the US government's partition the plain endpoints are FIPS's already, but for this one.
    fips = fips && (!in_us_government(region) || dual || strcmp(service, "network-firewall") == 0);
    const char *domain =
        dual ? (china ? "api.amazonwebservices.com.cn" : "api.aws") : (china ? "amazonaws.com.cn" : "amazonaws.com");
    return arena_printf(config->arena, "https://%s%s.%s.%s/", prefix, fips ? "-fips" : "", region, domain);
}
