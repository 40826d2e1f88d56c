// Where services answer, beside what botocore's endpoint rules give for the same settings.
#include "test.h"

#include <stdlib.h>

#include "aws/read/endpoint.h"

static void each_service_answers_where_botocore_says(void **state)
{
    static const struct {
        const char *service;
        const char *prefix;
        const char *region;
        const char *fips;
        const char *dual;
        const char *url;
        const char *signed_for;
    } cases[] = {
        {"ec2", "ec2", "eu-west-3", "", "", "https://ec2.eu-west-3.amazonaws.com/", "eu-west-3"},
        {"ec2", "ec2", "eu-west-3", "true", "", "https://ec2-fips.eu-west-3.amazonaws.com/", "eu-west-3"},
        {"ec2", "ec2", "eu-west-3", "", "true", "https://ec2.eu-west-3.api.aws/", "eu-west-3"},
        {"ec2", "ec2", "cn-north-1", "", "", "https://ec2.cn-north-1.amazonaws.com.cn/", "cn-north-1"},
        {"ec2", "ec2", "cn-north-1", "", "true", "https://ec2.cn-north-1.api.amazonwebservices.com.cn/", "cn-north-1"},
        {"ec2", "ec2", "us-gov-west-1", "true", "", "https://ec2.us-gov-west-1.amazonaws.com/", "us-gov-west-1"},
        {"ec2", "ec2", "us-gov-west-1", "true", "true", "https://ec2-fips.us-gov-west-1.api.aws/", "us-gov-west-1"},
        {"elbv2", "elasticloadbalancing", "eu-west-3", "", "true", "https://elasticloadbalancing.eu-west-3.api.aws/",
         "eu-west-3"},
        {"network-firewall", "network-firewall", "us-gov-west-1", "true", "",
         "https://network-firewall-fips.us-gov-west-1.amazonaws.com/", "us-gov-west-1"},
        {"cloudtrail", "cloudtrail", "us-gov-west-1", "true", "", "https://cloudtrail.us-gov-west-1.amazonaws.com/",
         "us-gov-west-1"},
        {"iam", "iam", "eu-west-3", "", "", "https://iam.amazonaws.com/", "us-east-1"},
        {"iam", "iam", "eu-west-3", "true", "", "https://iam-fips.amazonaws.com/", "us-east-1"},
        {"iam", "iam", "eu-west-3", "", "true", "https://iam.global.api.aws/", "us-east-1"},
        {"iam", "iam", "cn-northwest-1", "", "", "https://iam.cn-north-1.amazonaws.com.cn/", "cn-north-1"},
        {"iam", "iam", "us-gov-east-1", "true", "", "https://iam.us-gov.amazonaws.com/", "us-gov-west-1"},
        {"globalaccelerator", "globalaccelerator", "eu-west-3", "", "",
         "https://globalaccelerator.us-west-2.amazonaws.com/", "us-west-2"},
        {"cloudfront", "cloudfront", "eu-west-3", "", "", "https://cloudfront.amazonaws.com/", "us-east-1"},
        {"cloudfront", "cloudfront", "eu-west-3", "true", "", "https://cloudfront-fips.amazonaws.com/", "us-east-1"},
        {"cloudfront", "cloudfront", "cn-north-1", "", "", "https://cloudfront.cn-northwest-1.amazonaws.com.cn/",
         "cn-northwest-1"},
        {"opensearch", "es", "eu-west-3", "", "", "https://es.eu-west-3.amazonaws.com/", "eu-west-3"},
        {"organizations", "organizations", "eu-west-3", "", "", "https://organizations.us-east-1.amazonaws.com/",
         "us-east-1"},
        {"organizations", "organizations", "cn-north-1", "", "",
         "https://organizations.cn-northwest-1.amazonaws.com.cn/", "cn-northwest-1"},
        {"organizations", "organizations", "us-gov-east-1", "", "",
         "https://organizations.us-gov-west-1.amazonaws.com/", "us-gov-west-1"},
    };
    struct arena *arena = arena_new();
    struct aws_config config = {.arena = arena, .profile = "default"};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setenv("AWS_USE_FIPS_ENDPOINT", cases[i].fips, 1);
        setenv("AWS_USE_DUALSTACK_ENDPOINT", cases[i].dual, 1);
        const char *region = endpoint_region(cases[i].service, cases[i].region);
        assert_string_equal(region, cases[i].signed_for);
        assert_string_equal(endpoint_url(&config, NULL, cases[i].service, cases[i].prefix, region), cases[i].url);
    }
    arena_free(arena);
}

int main(void)
{
    unsetenv("AWS_ENDPOINT_URL");
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_service_answers_where_botocore_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
