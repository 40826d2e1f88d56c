#include "base/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char stars[] = "***", spaces[] = " \t\r\n";

// Text that is written, and cut off where there is no more room.
struct into {
    char *bytes;
    size_t room; // with the zero byte
    size_t length;
    bool changed;
};

static void put(struct into *into, const char *bytes, size_t length)
{
    size_t left = into->room - 1 - into->length;
    length = length < left ? length : left;
    memcpy(into->bytes + into->length, bytes, length);
    into->length += length;
    into->bytes[into->length] = '\0';
}

static void hide(struct into *into)
{
    put(into, stars, strlen(stars));
    into->changed = true;
}

// ---- Names

static int hex_digit(char letter)
{
    return letter >= '0' && letter <= '9'   ? letter - '0'
           : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
           : letter >= 'A' && letter <= 'F' ? letter - 'A' + 10
                                            : -1;
}

enum { NAME = 64 };

// A name as it is meant: percent-encoding undone, in small letters, without what joins words.
static void plain_name(const char *text, size_t length, char name[NAME])
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < NAME; i++) {
        int letter = (unsigned char)text[i];
        if (letter == '%' && i + 2 < length && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            letter = hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]);
            i += 2;
        }
        if (letter != '-' && letter != '_' && letter != '.')
            name[used++] = (char)tolower(letter);
    }
    name[used] = '\0';
}

static bool among(const char *name, const char *const *names, bool within)
{
    for (; *names != NULL; names++)
        if (within ? strstr(name, *names) != NULL : strcmp(name, *names) == 0)
            return true;
    return false;
}

// Whether a parameter of a query holds a secret: those of AWS's, Azure's and Google's signed URLs, of OAuth (RFC 6749),
// and what people call theirs.
static bool is_secret(const char *text, size_t length)
{
    static const char *const parts[] = {"token",      "secret",   "passw",     "passphrase", "pwd",     "signature",
                                        "credential", "apikey",   "accesskey", "auth",       "session", "privatekey",
                                        "jwt",        "pinvalue", "pinsource", NULL};
    static const char *const wholes[] = {"sig", "key", "pass", "pin", "code", "awsaccesskeyid", "subscriptionkey",
                                         NULL};
    char name[NAME];
    plain_name(text, length, name);
    return among(name, parts, true) || among(name, wholes, false);
}

// Behind a word as plain_name would read it; NULL where another one stands there.
static const char *behind_word(const char *at, const char *end, const char *word)
{
    while (*word != '\0') {
        bool encoded = end - at >= 3 && *at == '%' && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0;
        int letter = at == end ? 0 : encoded ? hex_digit(at[1]) * 16 + hex_digit(at[2]) : (unsigned char)*at;
        bool joins = letter == '-' || letter == '_' || letter == '.';
        if (!joins && tolower(letter) != *word)
            return NULL;
        word += !joins;
        at += encoded ? 3 : 1;
    }
    return at;
}

// Where a PIN may begin: behind its name (RFC 7512, 2.4) and what joins the two; where `any`, behind whatever begins
// as that name does. Nobody knows what it holds or where it ends. NULL where there is none, or only stars by now.
static const char *find_pin(const char *at, const char *end, bool any)
{
    for (; at < end; at++) {
        const char *pin = *at == '%' || tolower((unsigned char)*at) == 'p' ? behind_word(at, end, "pin") : NULL;
        if (pin == NULL)
            continue;
        const char *value = behind_word(pin, end, "value"), *source = behind_word(pin, end, "source");
        const char *name = value != NULL ? value : source, *equals = name != NULL ? name : pin;
        while (equals < end && strchr(" \t\r\n", *equals) != NULL)
            equals++;
        const char *behind = behind_word(equals, end, "=");
        if (behind == NULL ? !any : name == NULL && !any)
            continue;
        const char *secret = behind != NULL ? behind : name != NULL ? name : pin;
        size_t hidden = strlen(stars);
        bool done = (size_t)(end - secret) >= hidden && memcmp(secret, stars, hidden) == 0 &&
                    (secret + hidden == end || strchr(" \t\r\n:;,\"')", secret[hidden]) != NULL);
        if (!done)
            return secret;
    }
    return NULL;
}

// ---- URIs

// `name=value` up to `end`, with the value hidden where the name says so.
static void put_parameter(struct into *into, const char *at, const char *end)
{
    const char *equals = memchr(at, '=', (size_t)(end - at));
    bool hides = equals != NULL && equals + 1 < end && is_secret(at, (size_t)(equals - at));
    put(into, at, (size_t)((hides ? equals + 1 : end) - at));
    if (hides)
        hide(into);
}

// Of what has no scheme, and so may be no URI at all: parameters of query and fragment go by their names.
static void put_parameters(struct into *into, const char *at, const char *end)
{
    size_t plain = 0;
    while (at + plain < end && at[plain] != '?' && at[plain] != '#')
        plain++;
    put(into, at, plain);
    at += plain;
    while (at < end) {
        size_t length = 0;
        while (at + length < end && strchr("?&#;", at[length]) == NULL)
            length++;
        put_parameter(into, at, at + length);
        at += length;
        if (at < end)
            put(into, at++, 1);
    }
}

// The last `byte` of so many, or NULL.
static const char *last_of(const char *bytes, char byte, size_t size)
{
    while (size > 0)
        if (bytes[--size] == byte)
            return bytes + size;
    return NULL;
}

// Behind "://". Query and fragment go whole: a secret may stand there under any name, or none.
static void put_hierarchy(struct into *into, const char *at, const char *end)
{
    const char *last = last_of(at, '@', (size_t)(end - at));
    if (last != NULL) {
        hide(into);
        at = last;
    }
    size_t plain = 0;
    while (at + plain < end && at[plain] != '?' && at[plain] != '#')
        plain++;
    bool ends = at + plain + 1 >= end;
    put(into, at, ends ? (size_t)(end - at) : plain + 1);
    if (!ends)
        hide(into);
}

// Of a token. What stands behind a PIN's name goes, up to the end.
static void put_token(struct into *into, const char *at, const char *end, bool any)
{
    const char *secret = find_pin(at, end, any);
    if (any)
        put(into, at, (size_t)((secret != NULL ? secret : end) - at));
    else
        put_parameters(into, at, secret != NULL ? secret : end);
    if (secret != NULL && secret < end)
        hide(into);
}

// Where the next URI's own part begins, behind "://" or "pkcs11:"; NULL where there is none.
static const char *find_uri(const char *at, const char *end, bool *token)
{
    static const char scheme[] = "pkcs11:";
    const char *slashes = memmem(at, (size_t)(end - at), "://", 3);
    for (const char *p = at; p + strlen(scheme) <= end && (slashes == NULL || p < slashes); p++)
        if (strncasecmp(p, scheme, strlen(scheme)) == 0) {
            *token = true;
            return p + strlen(scheme);
        }
    *token = false;
    return slashes == NULL ? NULL : slashes + 3;
}

static void put_uri(struct into *into, const char *at, const char *end, bool token)
{
    if (token)
        put_token(into, at, end, true);
    else
        put_hierarchy(into, at, end);
}

// user:password@host without a scheme, which curl takes for one of HTTP. An ARN may end in somebody's mail address.
static bool has_bare_password(const char *at, const char *end)
{
    const char *colon = memchr(at, ':', (size_t)(end - at)), *sign = memchr(at, '@', (size_t)(end - at));
    while (at < end && strchr("\"'(", *at) != NULL)
        at++;
    return colon != NULL && sign != NULL && colon < sign && strncmp(at, "arn:", 4) != 0;
}

// ---- Whole texts

// Behind --option=
static const char *value_of(const char *argument, const char *end)
{
    const char *equals = argument < end && *argument == '-' ? memchr(argument, '=', (size_t)(end - argument)) : NULL;
    return equals == NULL ? argument : equals + 1;
}

// One word, or one argument.
static void put_word(struct into *into, const char *at, const char *end)
{
    bool token;
    const char *uri = find_uri(at, end, &token), *value = value_of(at, end);
    if (uri != NULL) {
        put(into, at, (size_t)(uri - at));
        put_uri(into, uri, end, token);
    } else if (has_bare_password(value, end)) {
        put(into, at, (size_t)(value - at));
        put_hierarchy(into, value, end);
    } else {
        put_token(into, at, end, false);
    }
}

const char *redact_argument(struct arena *arena, const char *argument)
{
    size_t length = strlen(argument), room = 4 * length + sizeof(stars); // what is hidden may be shorter than the stars
    struct into into = {.bytes = arena_alloc(arena, room), .room = room};
    put_word(&into, argument, argument + length);
    return into.changed ? into.bytes : argument;
}

// Whether what stands behind "://" begins as a host does, and not as a user with a password.
static bool begins_with_host(const char *at, const char *end)
{
    size_t length = 0;
    while (at + length < end && strchr("/?#", at[length]) == NULL)
        length++;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)at[i]) && strchr("-._~[]:%", at[i]) == NULL)
            return false;
    const char *colon = last_of(at, ':', length), *bracket = last_of(at, ']', length);
    if (colon == NULL || (bracket != NULL && colon < bracket))
        return true;
    return strspn(colon + 1, "0123456789:") >= (size_t)(at + length - colon - 1);
}

// A word in a message ends at a space. Where it is a URI whose password seems to hold one, it goes on up to the last @.
static const char *word_end(const char *at, const char *end)
{
    bool token;
    const char *stop = at + strcspn(at, spaces), *last = last_of(stop, '@', (size_t)(end - stop));
    const char *uri = find_uri(at, stop, &token);
    bool whole = uri == NULL || token || memchr(uri, '@', (size_t)(stop - uri)) != NULL || begins_with_host(uri, stop);
    return whole || last == NULL ? stop : last + strcspn(last, spaces);
}

// A PIN in a word, or in what follows a token's URI whose other parts hold spaces: it may hold some too.
static const char *find_pin_from(const char *at, const char *stop, const char *end)
{
    bool token;
    const char *uri = find_uri(at, stop, &token);
    if (uri != NULL && !token)
        return NULL;
    const char *secret = find_pin(uri != NULL ? uri : at, stop, uri != NULL);
    return secret != NULL || uri == NULL ? secret : find_pin(uri, end, false);
}

// Without a =, a user before an @, a URI or a token's name (and nothing that is encoded) no secret can stand there.
// Most messages are so, and millions may be made of one document.
static bool may_hold_secret(const char *text)
{
    return strpbrk(text, "=%@") != NULL || strstr(text, "://") != NULL || strstr(text, "11:") != NULL;
}

char *redact_message(const char *text)
{
    if (!may_hold_secret(text))
        return strdup(text);
    size_t length = strlen(text), room = 4 * length + sizeof(stars);
    const char *end = text + length, *at = text;
    struct into into = {.bytes = malloc(room), .room = room};
    if (into.bytes == NULL)
        return NULL;
    into.bytes[0] = '\0';
    while (at < end) {
        size_t space = strspn(at, spaces);
        const char *stop = word_end(at + space, end), *secret = find_pin_from(at + space, stop, end);
        if (secret != NULL) {
            put(&into, at, (size_t)(secret - at));
            if (secret < end)
                hide(&into);
            break;
        }
        put(&into, at, space);
        put_word(&into, at + space, stop);
        at = stop;
    }
    return into.bytes;
}
