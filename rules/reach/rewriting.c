#include "rules/reach/rewriting.h"

#include <string.h>

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

// "If the port is not a default one, the load balancer appends it to the Host header", unless told to keep that.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#host-header-preservation
static bool writes_host(const struct load_balancer *balancer, const struct listener *listener)
{
    bool is_default = listener != NULL && ((listener->port == 80 && text_same(listener->protocol, "HTTP")) ||
                                           (listener->port == 443 && text_same(listener->protocol, "HTTPS")));
    return !is_default && balancer->keeps_host != SETTING_ON;
}

const struct rewriting *rewriting_behind(struct arena *arena, const struct rewriting *before,
                                         const struct load_balancer *balancer, const struct listener *listener,
                                         const struct target_group *group)
{
    if ((balancer->type == LOAD_BALANCER_NETWORK || balancer->type == LOAD_BALANCER_GATEWAY) && !balancer->type_unsure)
        return before;
    struct rewriting *made = arena_new_of(arena, struct rewriting);
    *made = (struct rewriting){
        .by = balancer->name,
        .host = writes_host(balancer, listener) || (before != NULL && before->host),
        .http1 = group == NULL || group->version == NULL || strcmp(group->version, "HTTP1") == 0,
        .keeps_forwarded_for =
            text_same(balancer->forwarded_for, "preserve") && (before == NULL || before->keeps_forwarded_for),
    };
    return made;
}

static bool is_version(const struct target_group *group, const char *version)
{
    return group != NULL && group->other == NULL && text_same(group->version, version);
}

const struct listener_rule *asked_by_version(struct arena *arena, const struct target_group *group)
{
    if (!is_version(group, "GRPC"))
        return NULL;
    struct listener_rule *rule = arena_new_of(arena, struct listener_rule);
    struct rule_condition condition = {.on = "http-request-method"};
    *vector_add(arena, &condition.values) = "POST";
    *vector_add(arena, &rule->conditions) = condition;
    return rule;
}

const char *version_assumed(struct arena *arena, const struct target_group *group)
{
    bool http = group != NULL && (text_same(group->protocol, "HTTP") || text_same(group->protocol, "HTTPS"));
    return !http || group->version != NULL
               ? NULL
               : arena_printf(arena,
                              "ProtocolVersion of target group %s is not told: HTTP1 is taken, as is AWS's default",
                              group->name != NULL ? group->name : group->arn);
}

const char *version_doubt(struct arena *arena, const struct rewriting *rewriting, const struct listener *listener,
                          const struct target_group *group)
{
    if (!is_version(group, "GRPC") && !is_version(group, "HTTP2"))
        return NULL;
    if (rewriting != NULL && rewriting->http1)
        return arena_printf(arena, "load balancer %s asks by HTTP/1.1, and the target group takes %s", rewriting->by,
                            group->version);
    return listener != NULL && text_same(listener->protocol, "HTTP")
               ? arena_printf(arena, "HTTP/2 is spoken at HTTPS listeners, and the target group takes %s",
                              group->version)
               : NULL;
}

// Whether a header's name has other than letters, digits and hyphens: such ones a load balancer may drop.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
static bool is_invalid(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0';
}

// Of headers that a proxy writes anew for each connection (RFC 9110, 7.6.1), those that only a load balancer fills, and
// those that one may drop.
static bool header_is_rewritten(const struct rewriting *rewriting, const char *name)
{
    static const char *const written[] = {"x-forwarded-proto",
                                          "x-forwarded-port",
                                          "x-amzn-trace-id",
                                          "connection",
                                          "keep-alive",
                                          "proxy-connection",
                                          "te",
                                          "trailer",
                                          "transfer-encoding",
                                          "upgrade",
                                          "content-length",
                                          NULL};
    static const char *const families[] = {"x-amzn-oidc-", "x-amzn-mtls-", "x-amzn-tls-", NULL};
    if (strcmp(name, "x-forwarded-for") == 0)
        return !rewriting->keeps_forwarded_for;
    if (strcmp(name, "host") == 0)
        return rewriting->host;
    for (size_t i = 0; families[i] != NULL; i++)
        if (begins(name, families[i]))
            return true;
    return text_among(name, written) || is_invalid(name);
}

// The name of the header that a condition is on, or NULL: "http-header NAME", "http-header by expression NAME".
static const char *header_of(const struct rule_condition *condition)
{
    const char *space = begins(condition->on, "http-header") ? strrchr(condition->on, ' ') : NULL;
    return space == NULL ? NULL : space + 1;
}

bool condition_is_rewritten(const struct rewriting *rewriting, const struct rule_condition *condition)
{
    if (rewriting == NULL)
        return false;
    if (begins(condition->on, "host-header"))
        return rewriting->host;
    const char *name = header_of(condition);
    return begins(condition->on, "http-header") && (name == NULL || header_is_rewritten(rewriting, name));
}

const struct rule_condition *rule_rewritten(const struct rewriting *rewriting, const struct listener_rule *rule)
{
    for (size_t i = 0; i < rule->conditions.count; i++)
        if (condition_is_rewritten(rewriting, &rule->conditions.items[i]))
            return &rule->conditions.items[i];
    return NULL;
}

const char *written_doubt(struct arena *arena, const struct load_balancer *balancer, const struct rewriting *rewriting,
                          const struct listener_rule *rule)
{
    const struct rule_condition *condition = rule_rewritten(rewriting, rule);
    if (condition != NULL)
        return arena_printf(arena, "what load balancer %s writes there for the condition on %s is not known",
                            rewriting->by, condition->on);
    bool drops = balancer->drops_headers == SETTING_ON || balancer->drops_headers == SETTING_UNSURE;
    for (size_t i = 0; drops && i < rule->conditions.count; i++) {
        const char *name = header_of(&rule->conditions.items[i]);
        if (name != NULL && is_invalid(name))
            return arena_printf(arena,
                                "whether load balancer %s heeds header %s, which it drops "
                                "(routing.http.drop_invalid_header_fields.enabled), is not documented",
                                balancer->name, name);
    }
    return NULL;
}
