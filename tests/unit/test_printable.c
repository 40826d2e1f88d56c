#include "test.h"

#include <string.h>
#include <stdio.h>

#include "base/printable.h"

static void line_is(const char *text, const char *shown)
{
    char copy[128];
    snprintf(copy, sizeof(copy), "%s", text);
    printable_line(copy);
    assert_string_equal(copy, shown);
}

static void what_steers_hides_or_is_no_utf8_reads_as_a_question_mark(void **state)
{
    (void)state;
    line_is("", "");
    line_is("web-1, Größe 世\xf0\x9f\x98\x80", "web-1, Größe 世\xf0\x9f\x98\x80");
    line_is("a\x1b[31m\x7f\tb\nc\rd", "a?[31m??b?c?d");
    line_is("\xc2\x9b"
            "2J\xc2\xad\xd8\x9c",
            "?2J??"); // C1 CSI, soft hyphen, Arabic letter mark
    line_is("\xe2\x80\x8b\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6",
            "????");                                                 // zero width, line separator, override, isolate
    line_is("\xef\xbb\xbf\xef\xbf\xbe\xf3\xa0\x81\x81", "???");      // byte order mark, no character, a tag
    line_is("\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4\xef\xb8\x8f"); // a variation selector belongs to what it varies
    line_is("\x9b\xff\xc3", "???");                                  // bytes alone
    line_is("\xc0\x8a\xe0\x80\x8a\xed\xa0\x80\xf4\x90\x80\x80", "????????"
                                                                "????"); // overlong, surrogate, too high
    line_is("x\xe2\x80", "x??");
}

static void blanks_that_follow_each_other_are_one(void **state)
{
    char text[] = "  ok \xc2\xa0\xe3\x80\x80\xe2\x80\x83 signature\xe2\xa0\x80\tx  ";
    (void)state;
    printable_line_close(text);
    assert_string_equal(text, " ok signature ?x ");
}

static void lines_that_are_meant_stay(void **state)
{
    struct text text = {0};
    (void)state;
    printable_lines(&text);
    assert_int_equal(text.length, 0);
    text_puts(&text, "one\ntwo\r\n\xe2\x80\xa9three");
    printable_lines(&text);
    assert_string_equal(text.bytes, "one\ntwo?\n?three");
    assert_int_equal(text.length, strlen("one\ntwo?\n?three"));
    text_free(&text);
}

static void every_code_point_has_its_length_back(void **state)
{
    (void)state;
    for (uint32_t wanted = 0x80; wanted < 0x110000; wanted += wanted < 0x10000 ? 1 : 251) {
        char text[5] = {0};
        if (wanted < 0x800)
            (text[0] = (char)(0xc0 | wanted >> 6), text[1] = (char)(0x80 | (wanted & 63)));
        else if (wanted < 0x10000)
            (text[0] = (char)(0xe0 | wanted >> 12), text[1] = (char)(0x80 | (wanted >> 6 & 63)),
             text[2] = (char)(0x80 | (wanted & 63)));
        else
            (text[0] = (char)(0xf0 | wanted >> 18), text[1] = (char)(0x80 | (wanted >> 12 & 63)),
             text[2] = (char)(0x80 | (wanted >> 6 & 63)), text[3] = (char)(0x80 | (wanted & 63)));
        uint32_t code;
        size_t length = printable_next(text, &code);
        bool surrogate = wanted >= 0xd800 && wanted < 0xe000;
        assert_int_equal(length, surrogate ? 1 : strlen(text));
        assert_int_equal(code, surrogate ? UINT32_MAX : wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_steers_hides_or_is_no_utf8_reads_as_a_question_mark),
        cmocka_unit_test(blanks_that_follow_each_other_are_one),
        cmocka_unit_test(lines_that_are_meant_stay),
        cmocka_unit_test(every_code_point_has_its_length_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
