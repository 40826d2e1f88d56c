// A file's bytes → UTF-8. PowerShell's > and Out-File write UTF-16 with a byte order mark.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "base/memory.h"

enum encoding { ENCODING_UTF8, ENCODING_UTF16_LITTLE, ENCODING_UTF16_BIG };

// A document begins with an ASCII character: without a mark, the place of its zero byte tells the order (RFC 4627, 3).
static enum encoding encoding_of(const unsigned char *bytes, size_t length, size_t *mark)
{
    *mark = 0;
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        *mark = 3;
    if (length < 2 || *mark != 0)
        return ENCODING_UTF8;
    bool little = bytes[0] == 0xff && bytes[1] == 0xfe, big = bytes[0] == 0xfe && bytes[1] == 0xff;
    *mark = little || big ? 2 : 0;
    if (little || (bytes[0] != 0 && bytes[0] < 0x80 && bytes[1] == 0))
        return ENCODING_UTF16_LITTLE;
    return big || (bytes[0] == 0 && bytes[1] != 0 && bytes[1] < 0x80) ? ENCODING_UTF16_BIG : ENCODING_UTF8;
}

static unsigned unit_at(const unsigned char *bytes, enum encoding encoding)
{
    return encoding == ENCODING_UTF16_LITTLE ? bytes[0] | (unsigned)bytes[1] << 8 : bytes[1] | (unsigned)bytes[0] << 8;
}

static size_t put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    for (size_t i = more; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(first[more] | code);
    return more + 1;
}

struct document_bytes text_decode(struct document_bytes bytes, char **converted)
{
    const unsigned char *in = (const unsigned char *)bytes.bytes;
    size_t mark;
    enum encoding encoding = encoding_of(in, bytes.length, &mark);
    *converted = NULL;
    if (encoding == ENCODING_UTF8)
        return (struct document_bytes){.bytes = bytes.bytes + mark, .length = bytes.length - mark};
    char *out = memory_take(bytes.length * 2 + 4); // a unit of two bytes is three at most
    size_t length = 0;
    for (size_t at = mark; at + 1 < bytes.length; at += 2) {
        unsigned code = unit_at(in + at, encoding);
        if (code >= 0xd800 && code < 0xdc00 && at + 3 < bytes.length) {
            unsigned low = unit_at(in + at + 2, encoding);
            if (low >= 0xdc00 && low < 0xe000) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                at += 2;
            }
        }
        if (code >= 0xd800 && code < 0xe000) // half of a pair: no text, as it is none in UTF-8
            out[length++] = (char)0xff;
        else
            length += put_utf8(out + length, code);
    }
    *converted = out;
    return (struct document_bytes){.bytes = out, .length = length};
}
