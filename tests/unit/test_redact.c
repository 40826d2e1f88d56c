#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/redact.h"

static void argument_is(const char *argument, const char *kept)
{
    struct arena *arena = arena_new();
    assert_string_equal(redact_argument(arena, argument), kept);
    assert_string_equal(redact_argument(arena, redact_argument(arena, argument)), kept); // what is redacted stays so
    arena_free(arena);
}

static void message_is(const char *message, const char *kept)
{
    char *redacted = redact_message(message);
    assert_string_equal(redacted, kept);
    free(redacted);
}

static void users_and_passwords_go_whatever_they_hold(void **state)
{
    (void)state;
    argument_is("http://user:secret@host/path", "http://***@host/path");
    argument_is("https://user@host", "https://***@host");
    argument_is("http://user:p@SECRET2@host", "http://***@host");
    argument_is("http://user:p@@@S@host:8080/x", "http://***@host:8080/x");
    argument_is("http://user:p/w?r#d@host/x", "http://***@host/x");
    argument_is("http://user:12/34@host/x", "http://***@host/x");
    argument_is("http://user:p w:\"'<>\\@host/x", "http://***@host/x");
    argument_is("http://user:p%40w@[::1]:80/x", "http://***@[::1]:80/x");
    argument_is("--endpoint-url=http://user:p@S@host", "--endpoint-url=http://***@host");
    argument_is("--endpoint-url=user:p@S@host", "--endpoint-url=***@host");
    argument_is("user:p@S@host:80/x", "***@host:80/x");
    argument_is("HTTP://user:p@host", "HTTP://***@host");
    argument_is("x://://a:b@host", "x://***@host");
}

static void queries_and_fragments_go_whole(void **state)
{
    (void)state;
    argument_is("https://h/p?X-Amz-Signature=abc&x=1", "https://h/p?***");
    argument_is("https://h/p?x=1", "https://h/p?***");
    argument_is("https://h/?SECRET", "https://h/?***");
    argument_is("https://h/#SECRET", "https://h/#***");
    argument_is("https://h#SECRET=&x", "https://h#***");
    argument_is("https://h/#a?token=b", "https://h/#***");
    argument_is("--timestamp=http://h:80/tsr#SECRET", "--timestamp=http://h:80/tsr#***");
    argument_is("https://u:p@h/?token=x y#z", "https://***@h/?***");
    argument_is("https://h/?", "https://h/?");
    argument_is("https://h/#", "https://h/#");
    message_is("a https://h/p#SECRET b http://h/?S c", "a https://h/p#*** b http://h/?*** c");
}

static void tokens_without_a_scheme_go_by_name(void **state)
{
    (void)state;
    argument_is("h/p?X-Amz-Signature=abc&x=1", "h/p?X-Amz-Signature=***&x=1");
    argument_is("h/p?x=1&X-Amz-Security-Token=a/b+c==&X-Amz-Date=2026",
                "h/p?x=1&X-Amz-Security-Token=***&X-Amz-Date=2026");
    argument_is("h/?X-Amz-Credential=AKIA%2F1&sv=2020&sig=a%2Bb", "h/?X-Amz-Credential=***&sv=2020&sig=***");
    argument_is("h?token=t#access_token=u&expires_in=1", "h?token=***#access_token=***&expires_in=1");
    argument_is("h/?PassWord=p;client_secret=q;api-key=r;page=2",
                "h/?PassWord=***;client_secret=***;api-key=***;page=2");
    argument_is("h/?pass%77ord=p&si%67=q", "h/?pass%77ord=***&si%67=***");
    argument_is("h/?token=a=b&sig=&key", "h/?token=***&sig=&key");
}

static void pins_of_tokens_go(void **state)
{
    (void)state;
    argument_is("pkcs11:token=audit;object=key?pin-value=1234", "pkcs11:token=audit;object=key?pin-value=***");
    argument_is("pkcs11:token=audit?pin-source=file:/etc/pin&module-name=m", "pkcs11:token=audit?pin-source=***");
    argument_is("pkcs11:object=k?module-name=m&pin-value=1;2?3=4&x=y", "pkcs11:object=k?module-name=m&pin-value=***");
    argument_is("pkcs11:pin-value=1234;object=k", "pkcs11:pin-value=***");
    argument_is("PKCS11:object=k?PIN-VALUE=1234", "PKCS11:object=k?PIN-VALUE=***");
    argument_is("pkcs11:object=k?pin%2dvalue=1234", "pkcs11:object=k?pin%2dvalue=***");
    argument_is("pkcs11:token=x?a=b#pin-value=1234", "pkcs11:token=x?a=b#pin-value=***");
    argument_is("pkcs11:token=x?pin-valuE =1234", "pkcs11:token=x?pin-valuE =***");
    argument_is("pkcs11:token=x?%50IN-value%3D1234", "pkcs11:token=x?%50IN-value%3D***");
    argument_is("pkcs11:token=x?pin1234", "pkcs11:token=x?pin***");
    argument_is("p11:?pin-value=1234", "p11:?pin-value=***");
    argument_is("pkcs11:object=k?pin-value=12&34", "pkcs11:object=k?pin-value=***");
    message_is("pkcs11:token=a b?pin-value=12 34\n56: is no folder", "pkcs11:token=a b?pin-value=***");
    message_is("pkcs11:token=a?pin-valuE =12 34: is no folder", "pkcs11:token=a?pin-valuE***");
    message_is("pkcs11:token=a?pin-value= 12", "pkcs11:token=a?pin-value=***");
    message_is("pkcs11:token=a?pin-value=***: holds no key", "pkcs11:token=a?pin-value=***: holds no key");
    message_is("the pipeline pinned 1 key", "the pipeline pinned 1 key");
    argument_is("--sign=pkcs11:object=k?pin-value=12 34", "--sign=pkcs11:object=k?pin-value=***");
    message_is("pkcs11:object=k?pin-value=1234: holds no key", "pkcs11:object=k?pin-value=***");
}

static void what_holds_no_secret_stays(void **state)
{
    (void)state;
    static const char *const plain[] = {"",
                                        "--out",
                                        "estate/",
                                        "https://host/path",
                                        "host/path?page=2&region=eu-west-3#top",
                                        "http://[fd00::1]:80/",
                                        "203.0.113.7=198.51.100.0/24",
                                        "mail@example.org",
                                        "git@example.org:a/b",
                                        "--canary=[fd00::1]:443",
                                        "pkcs11:token=audit;object=key",
                                        "arn:aws:sts::111122223333:assumed-role/r/ann@example.org",
                                        "tag:Team=web",
                                        "a=b",
                                        "vpc:vpc-1",
                                        "://",
                                        "pkcs11:",
                                        "https://",
                                        NULL};
    for (int i = 0; plain[i] != NULL; i++)
        argument_is(plain[i], plain[i]);
    message_is("http://127.0.0.1:9/: refused; ask ops@example.org",
               "http://127.0.0.1:9/: refused; ask ops@example.org");
    message_is("read by \"arn:aws:sts::111122223333:assumed-role/r/ann@example.org\": ok",
               "read by \"arn:aws:sts::111122223333:assumed-role/r/ann@example.org\": ok");
    message_is("  two  spaces\nand lines ", "  two  spaces\nand lines ");
    message_is("--sign: expected a file, or a pkcs11: URI", "--sign: expected a file, or a pkcs11: URI");
}

static void messages_are_looked_through_to_their_end(void **state)
{
    (void)state;
    message_is("a http://u:p@h/ and https://v:q@@i/?sig=1 b", "a http://***@h/ and https://***@i/?*** b");
    message_is("http://u:p w@h/x: refused", "http://***@h/x: refused"); // a password with a space
    message_is("user:p@S@h: no such file", "***@h: no such file");
    message_is("unknown option --endpont-url=user:p@S@h", "unknown option --endpont-url=***@h");
    message_is("http://u:p'w@h/x: \"pkcs11:a?pin-value=9", "http://***@h/x: \"pkcs11:a?pin-value=***");
}

static void an_error_that_is_cut_off_shows_no_half_of_a_password(void **state)
{
    (void)state;
    struct error error;
    char url[1200];
    memset(url, 's', sizeof(url) - 1);
    memcpy(url, "http://u:", 9);
    url[sizeof(url) - 1] = '\0';
    error_set(&error, ERROR_USAGE, "%s@host: refused", url);
    assert_string_equal(error.message, "http://***@host: refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_and_passwords_go_whatever_they_hold),
        cmocka_unit_test(queries_and_fragments_go_whole),
        cmocka_unit_test(tokens_without_a_scheme_go_by_name),
        cmocka_unit_test(pins_of_tokens_go),
        cmocka_unit_test(what_holds_no_secret_stays),
        cmocka_unit_test(messages_are_looked_through_to_their_end),
        cmocka_unit_test(an_error_that_is_cut_off_shows_no_half_of_a_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
