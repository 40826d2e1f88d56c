#include "probe/service.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 200 };

const char *service_text(struct arena *arena, const uint8_t *bytes, size_t size, size_t most)
{
    size_t length = 0;
    size = size > most ? most : size;
    char *text = arena_alloc(arena, size * 4 + 1);
    for (size_t i = 0; i < size; i++)
        if (bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\\')
            text[length++] = (char)bytes[i];
        else
            length += (size_t)snprintf(text + length, 5, "\\x%02x", bytes[i]);
    return text;
}

static const char *copy(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strdup(arena, text);
}

struct service service_copy(struct arena *arena, const struct service *service)
{
    return (struct service){.name = copy(arena, service->name),
                            .not_identified = copy(arena, service->not_identified),
                            .product = copy(arena, service->product),
                            .banner = copy(arena, service->banner),
                            .note = copy(arena, service->note),
                            .title = copy(arena, service->title),
                            .host_key = copy(arena, service->host_key),
                            .tls_version = copy(arena, service->tls_version),
                            .tls_oldest = copy(arena, service->tls_oldest),
                            .tls_cipher = copy(arena, service->tls_cipher),
                            .tls_trust = copy(arena, service->tls_trust),
                            .certificate = service->certificate};
}

static bool begins(const uint8_t *bytes, size_t size, const char *start)
{
    size_t length = strlen(start);
    return bytes != NULL && size >= length && memcmp(bytes, start, length) == 0;
}

static bool holds(const uint8_t *bytes, size_t size, const char *word)
{
    return memmem(bytes, size, word, strlen(word)) != NULL;
}

// The first line, without its end.
static const char *first_line(struct arena *arena, const uint8_t *bytes, size_t size)
{
    size_t length = 0;
    while (length < size && bytes[length] != '\r' && bytes[length] != '\n')
        length++;
    return service_text(arena, bytes, length, LINE);
}

static bool has_line(const uint8_t *bytes, size_t size)
{
    return memchr(bytes, '\n', size) != NULL;
}

// ---- Those that speak first

// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
static bool is_mysql(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    if (size < 7 || bytes[3] != 0 || (size_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16) > 4096)
        return false;
    service->name = "mysql";
    if (bytes[4] == 10) { // protocol version 10, then the server's version, NUL
        size_t length = strnlen((const char *)bytes + 5, size - 5 > LINE ? LINE : size - 5);
        service->product = service_text(arena, bytes + 5, length, LINE);
        return length > 0 && isdigit(bytes[5]);
    }
    if (bytes[4] == 0xff && holds(bytes, size, "not allowed to connect")) {
        service->note = "refuses this host";
        return true;
    }
    return false;
}

// RFC 4253, section 4.2: SSH-protoversion-softwareversion SP comments
static void read_ssh(struct arena *arena, struct service *service)
{
    const char *dash = strchr(service->banner + 4, '-');
    service->name = "ssh";
    service->product = dash == NULL ? NULL : arena_strdup(arena, dash + 1);
}

static enum service_sign read_banner(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    if (size == 0)
        return SERVICE_MORE;
    if (is_mysql(arena, bytes, size, service))
        return SERVICE_YES;
    *service = (struct service){.name = "unknown", .banner = first_line(arena, bytes, size)};
    if (begins(bytes, size, "RFB ")) // RFC 6143
        service->name = "vnc";
    else if (size >= 3 && bytes[0] == 0xff && bytes[1] >= 0xfb) // RFC 854: IAC WILL, WONT, DO, DONT
        service->name = "telnet";
    else if (!has_line(bytes, size) && size < LINE && (isprint(bytes[0]) || bytes[0] == '+'))
        return SERVICE_MORE;
    else if (begins(bytes, size, "SSH-"))
        read_ssh(arena, service);
    else if (begins(bytes, size, "220"))
        service->name = holds(bytes, size, "SMTP") || holds(bytes, size, "smtp") ? "smtp" : "ftp";
    else if (begins(bytes, size, "+OK"))
        service->name = "pop3";
    else if (begins(bytes, size, "* OK"))
        service->name = "imap";
    return SERVICE_YES;
}

// ---- The host key of SSH. RFC 4253, sections 6 and 7; RFC 8731: the server shows it in answer to our half of the key
// exchange, and there we leave.

enum { KEX_ECDH_REPLY = 31 };

static uint32_t number_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static const char *key_text(struct arena *arena, const uint8_t *blob, size_t size)
{
    unsigned char digest[EVP_MAX_MD_SIZE], base64[128];
    unsigned digest_size = 0;
    if (size < 4 || number_at(blob) > size - 4 || EVP_Digest(blob, size, digest, &digest_size, EVP_sha256(), NULL) != 1)
        return NULL;
    int length = EVP_EncodeBlock(base64, digest, (int)digest_size);
    while (length > 0 && base64[length - 1] == '=')
        length--;
    return arena_printf(arena, "%s SHA256:%.*s", service_text(arena, blob + 4, number_at(blob), LINE), length,
                        (const char *)base64);
}

static enum service_sign read_host_key(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    const uint8_t *line = size == 0 ? NULL : memchr(bytes, '\n', size);
    if (line == NULL)
        return SERVICE_MORE;
    for (size_t at = (size_t)(line - bytes) + 1; size - at >= 6;) {
        size_t length = number_at(bytes + at); // of padding length, payload and padding
        const uint8_t *payload = bytes + at + 5;
        if (length < 2 || length > 16 * 1024)
            return SERVICE_NO;
        if (length > size - at - 4)
            return SERVICE_MORE;
        if (payload[0] == KEX_ECDH_REPLY && length >= 6 && number_at(payload + 1) <= length - 6) {
            service->host_key = key_text(arena, payload + 5, number_at(payload + 1));
            return SERVICE_YES;
        }
        at += 4 + length;
    }
    return SERVICE_MORE;
}

// ---- HTTP. RFC 9112, section 4

static const char *header_value(struct arena *arena, const uint8_t *bytes, size_t size, const char *name)
{
    size_t length = strlen(name);
    for (const uint8_t *at = bytes; (at = memchr(at, '\n', size - (size_t)(at - bytes))) != NULL;) {
        at++;
        size_t left = size - (size_t)(at - bytes);
        if (left <= length || strncasecmp((const char *)at, name, length) != 0)
            continue;
        at += length;
        left -= length;
        while (left > 0 && (*at == ' ' || *at == '\t')) {
            at++;
            left--;
        }
        return first_line(arena, at, left);
    }
    return NULL;
}

// What stands between <title> and </title>.
static const char *page_title(struct arena *arena, const uint8_t *bytes, size_t size)
{
    size_t start = 0;
    while (start + 7 <= size && strncasecmp((const char *)bytes + start, "<title>", 7) != 0)
        start++;
    start += 7;
    for (size_t at = start; at + 8 <= size; at++)
        if (strncasecmp((const char *)bytes + at, "</title>", 8) == 0)
            return service_text(arena, bytes + start, at - start, LINE);
    return NULL;
}

static enum service_sign read_http(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    if (size < 5)
        return size == 0 || memcmp(bytes, "HTTP/", size) == 0 ? SERVICE_MORE : SERVICE_NO;
    if (!begins(bytes, size, "HTTP/"))
        return SERVICE_NO;
    service->name = service->tls_version != NULL ? "https" : "http";
    service->banner = first_line(arena, bytes, size);
    service->product = header_value(arena, bytes, size, "server:");
    service->title = page_title(arena, bytes, size);
    return service->title != NULL ? SERVICE_YES : SERVICE_MORE; // the end of the page ends it too
}

// ---- Databases and directories

// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL: one byte, or an error of old servers.
static enum service_sign read_postgresql(struct arena *arena, const uint8_t *bytes, size_t size,
                                         struct service *service)
{
    (void)arena;
    if (size == 0)
        return SERVICE_MORE;
    bool answers = size == 1 && (bytes[0] == 'S' || bytes[0] == 'N');
    bool refuses = bytes[0] == 'E' && holds(bytes, size, "SFATAL");
    if (!answers && !refuses)
        return SERVICE_NO;
    service->name = "postgresql";
    service->note = refuses ? NULL : bytes[0] == 'S' ? "offers TLS" : "offers no TLS";
    return SERVICE_YES;
}

// https://redis.io/docs/latest/develop/reference/protocol-spec/
static enum service_sign read_redis(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    if (!has_line(bytes, size))
        return size == 0 || bytes[0] == '+' || bytes[0] == '-' ? SERVICE_MORE : SERVICE_NO;
    bool open = begins(bytes, size, "+PONG");
    if (!open && !begins(bytes, size, "-NOAUTH") && !begins(bytes, size, "-DENIED Redis"))
        return SERVICE_NO;
    service->name = "redis";
    service->banner = first_line(arena, bytes, size);
    service->note = open ? "answers without authentication" : "asks for authentication";
    return SERVICE_YES;
}

// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/: OP_MSG 2013, in answer to our request 1.
static enum service_sign read_mongodb(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    static const uint8_t answer[] = {1, 0, 0, 0, 0xdd, 7, 0, 0};
    (void)arena;
    if (size < 16)
        return SERVICE_MORE;
    if (memcmp(bytes + 8, answer, sizeof(answer)) != 0)
        return SERVICE_NO;
    if (!holds(bytes, size, "maxWireVersion"))
        return size < 4096 ? SERVICE_MORE : SERVICE_NO;
    service->name = "mongodb";
    return SERVICE_YES;
}

// [MS-RDPBCGR] 2.2.1.2: X.224 Connection Confirm, with the security protocol that was chosen.
static enum service_sign read_rdp(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    (void)arena;
    if (size < 7)
        return size == 0 || bytes[0] == 3 ? SERVICE_MORE : SERVICE_NO;
    if (bytes[0] != 3 || bytes[1] != 0 || bytes[5] != 0xd0)
        return SERVICE_NO;
    service->name = "rdp";
    if (size >= 19 && bytes[11] == 2)
        service->note = bytes[15] == 0   ? "offers standard RDP security only"
                        : bytes[15] == 1 ? "asks for TLS"
                                         : "asks for network level authentication";
    return SERVICE_YES;
}

// [MS-SMB2] 2.2.4: the dialect that was chosen.
static enum service_sign read_smb(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    if (size < 74)
        return size < 8 || memcmp(bytes + 4, "\xfeSMB", 4) == 0 ? SERVICE_MORE : SERVICE_NO;
    if (memcmp(bytes + 4, "\xfeSMB", 4) != 0)
        return SERVICE_NO;
    service->name = "smb";
    service->product = arena_printf(arena, "SMB %d.%d", bytes[73], bytes[72] >> 4);
    return SERVICE_YES;
}

// RFC 4511: a search result entry (64) or its end (65) of message 1.
static enum service_sign read_ldap(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    (void)arena;
    if (size < 8)
        return size == 0 || bytes[0] == 0x30 ? SERVICE_MORE : SERVICE_NO;
    size_t header = bytes[1] < 0x80 ? 2 : 2 + (size_t)(bytes[1] & 0x7f);
    if (bytes[0] != 0x30 || header + 4 > size || memcmp(bytes + header, "\x02\x01\x01", 3) != 0 ||
        (bytes[header + 3] != 0x64 && bytes[header + 3] != 0x65))
        return SERVICE_NO;
    service->name = "ldap";
    service->note = bytes[header + 3] == 0x64 ? "shows its root entry without authentication" : NULL;
    return SERVICE_YES;
}

// TLS alone: what is inside may stay silent.
static enum service_sign read_tls(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    enum service_sign sign = read_http(arena, bytes, size, service);
    if (service->name == NULL)
        service->name = "tls";
    return sign == SERVICE_NO ? SERVICE_YES : sign;
}

// Whether the handshake succeeds says all.
static enum service_sign read_nothing(struct arena *arena, const uint8_t *bytes, size_t size, struct service *service)
{
    (void)arena;
    (void)bytes;
    (void)size;
    (void)service;
    return SERVICE_YES;
}

static const char http_hello[] = "GET / HTTP/1.0\r\nUser-Agent: sgproof\r\nAccept: */*\r\n\r\n";
static const char redis_hello[] = "PING\r\n";
static const uint8_t postgresql_hello[] = {0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f}; // SSLRequest
static const uint8_t rdp_hello[] = {3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 11, 0, 0, 0};
// rootDSE: base "", scope base, (objectClass=*)
static const uint8_t ldap_hello[] = {0x30, 0x25, 2,   1,   1,   0x63, 0x20, 4,   0,   10,  1,   0,    10,
                                     1,    0,    2,   1,   0,   2,    1,    0,   1,   1,   0,   0x87, 11,
                                     'o',  'b',  'j', 'e', 'c', 't',  'C',  'l', 'a', 's', 's', 0x30, 0};
// OP_MSG {hello: 1, $db: "admin"}, request 1
static const uint8_t mongodb_hello[] = {53, 0,   0,   0,   1, 0, 0, 0,  0,   0,   0,   0,   0xdd, 7,   0, 0, 0, 0,
                                        0,  0,   0,   32,  0, 0, 0, 16, 'h', 'e', 'l', 'l', 'o',  0,   1, 0, 0, 0,
                                        2,  '$', 'd', 'b', 0, 6, 0, 0,  0,   'a', 'd', 'm', 'i',  'n', 0, 0, 0};
// NEGOTIATE with dialects 2.0.2, 2.1, 3.0, 3.0.2
static const uint8_t smb_hello[] = {
    0,   0,   0,   108, 0xfe, 'S', 'M', 'B', 64, 0, 0, 0,   0,   0,   0,    0,   0,   0,   1,   0,   0,   0,   0,
    0,   0,   0,   0,   0,    0,   0,   0,   0,  0, 0, 0,   0,   0,   0,    0,   0,   0,   0,   0,   0,   0,   0,
    0,   0,   0,   0,   0,    0,   0,   0,   0,  0, 0, 0,   0,   0,   0,    0,   0,   0,   0,   0,   0,   0,   36,
    0,   4,   0,   1,   0,    0,   0,   0,   0,  0, 0, 's', 'g', 'p', 'r',  'o', 'o', 'f', '-', 's', 'g', 'p', 'r',
    'o', 'o', 'f', '-', 0,    0,   0,   0,   0,  0, 0, 0,   2,   2,   0x10, 2,   0,   3,   2,   3};

// What we say to see a host key. RFC 4253, sections 4.2, 6 and 7.1; RFC 8731.
static const char ssh_hello[] =
    "SSH-2.0-sgproof\r\n"
    "\000\000\001\304\010"
    "\024sgproof-sgproof-" // KEXINIT, with a cookie
    "\000\000\000."
    "curve25519-sha256,curve25519-sha256@libssh.org"
    "\000\000\000i"
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,ssh-rsa"
    "\000\000\000J"
    "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com"
    "\000\000\000J"
    "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com"
    "\000\000\000%"
    "hmac-sha2-256,hmac-sha2-512,hmac-sha1"
    "\000\000\000%"
    "hmac-sha2-256,hmac-sha2-512,hmac-sha1"
    "\000\000\000\004"
    "none"
    "\000\000\000\004"
    "none"
    "\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000" // no languages, no guess
    "\000\000\000,\006"
    "\036\000\000\000 " // KEX_ECDH_INIT: the base point of X25519
    "\011\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000";

#define SAYS(text) (const uint8_t *)(text), sizeof(text) - 1
#define SENDS(bytes) (bytes), sizeof(bytes)

static const struct service_trial host_key_trial = {"ssh-host-key", SAYS(ssh_hello), PLAIN, "",
                                                    2000,           read_host_key,   NULL};
static const struct service_trial old_tls_trial = {"tls-old", NULL, 0, OLD_TLS, "", 2000, read_nothing, NULL};

const struct service_trial service_trials[] = {
    {"banner", NULL, 0, PLAIN, "21-23,25,110,143,587,3306,5900", 1000, read_banner, &host_key_trial},
    {"tls", SAYS(http_hello), TLS, "443,465,636,853,993,995,2376,6443,8443,9443,10250", 2000, read_tls, &old_tls_trial},
    {"http", SAYS(http_hello), PLAIN, "80,3000,5000,5601,8000,8008,8080,8081,8088,8888,9000,9090,9100,9200,15672", 2000,
     read_http, NULL},
    {"redis", SAYS(redis_hello), PLAIN, "6379", 1000, read_redis, NULL},
    {"postgresql", SENDS(postgresql_hello), PLAIN, "5432,6432", 1000, read_postgresql, NULL},
    {"mongodb", SENDS(mongodb_hello), PLAIN, "27017-27019", 1000, read_mongodb, NULL},
    {"rdp", SENDS(rdp_hello), PLAIN, "3389", 1000, read_rdp, NULL},
    {"ldap", SENDS(ldap_hello), PLAIN, "389,3268", 1000, read_ldap, NULL},
    {"smb", SENDS(smb_hello), PLAIN, "445", 1000, read_smb, NULL},
    {NULL, NULL, 0, PLAIN, NULL, 0, NULL, NULL},
};
