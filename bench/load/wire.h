/* Framing of the load generator: buffers, WebSocket frames (RFC 6455) and HTTP/1.1 replies (RFC 9112). */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { char *data; size_t used, size; } Buffer;

/* One reply taken from a buffer: its bytes, and how many the whole of it took there. */
typedef struct { char *body; size_t length, taken; int opcode, status; } Reply;

#define EDGE 512 /* what identifies a reply stands in its first or last bytes, never in the middle of a text */

static void fail(const char *what, const char *why, size_t length) {
    fprintf(stderr, "%s%.*s\n", what, (int)(length > 400 ? 400 : length), why);
    exit(3);
}

static char *room(Buffer *buffer, size_t more) {
    if (buffer->used + more > buffer->size) {
        buffer->size = (buffer->used + more) * 2;
        buffer->data = realloc(buffer->data, buffer->size);
        if (!buffer->data) fail("out of memory", "", 0);
    }
    return buffer->data + buffer->used;
}

static void append(Buffer *buffer, const void *bytes, size_t length) {
    memcpy(room(buffer, length), bytes, length);
    buffer->used += length;
}

static void drop(Buffer *buffer, size_t length) {
    buffer->used -= length;
    if (buffer->used) memmove(buffer->data, buffer->data + length, buffer->used);
}

static char *find(char *data, size_t length, const char *needle) {
    size_t edge = length < EDGE ? length : EDGE;
    char *found = memmem(data, edge, needle, strlen(needle));
    return found || length <= EDGE ? found : memmem(data + length - edge, edge, needle, strlen(needle));
}

/* Append a client's frame: final, masked with a fresh key (RFC 6455 section 5.3). */
static void put_frame(Buffer *out, int opcode, const char *payload, size_t length) {
    static uint64_t random = 0x9e3779b97f4a7c15u;
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    uint32_t key = (uint32_t)random;
    uint64_t wide = (uint64_t)key << 32 | key;
    unsigned char head[14] = {(unsigned char)(0x80 | opcode)};
    size_t header = 2;
    if (length < 126) head[1] = (unsigned char)length;
    else if (length < 65536) {
        head[1] = 126, head[2] = (unsigned char)(length >> 8), head[3] = (unsigned char)length, header = 4;
    } else {
        head[1] = 127, header = 10;
        for (int i = 0; i < 8; i++) head[2 + i] = (unsigned char)((uint64_t)length >> (56 - 8 * i));
    }
    head[1] |= 0x80;
    memcpy(head + header, &key, 4);
    append(out, head, header + 4);
    char *to = room(out, length + 8);
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t word;
        memcpy(&word, payload + i, 8);
        word ^= wide;
        memcpy(to + i, &word, 8);
    }
    for (; i < length; i++) to[i] = (char)(payload[i] ^ ((char *)&key)[i & 3]);
    out->used += length;
}

/* Take one server frame; 0 when it has not arrived whole. Fragments are not understood, nobody here sends them. */
static int take_frame(char *data, size_t length, Reply *reply) {
    if (length < 2) return 0;
    const unsigned char *bytes = (unsigned char *)data;
    uint64_t size = bytes[1] & 127;
    size_t header = size < 126 ? 2 : size == 126 ? 4 : 10;
    if (length < header) return 0;
    if (header > 2) {
        size = 0;
        for (size_t i = 2; i < header; i++) size = size << 8 | bytes[i];
    }
    if (!(bytes[0] & 0x80) || bytes[1] & 0x80) fail("the server sent a fragmented or masked frame", "", 0);
    if (length - header < size) return 0;
    *reply = (Reply){data + header, size, header + size, bytes[0] & 15, 0};
    return 1;
}

/* Find a header's value between the status line and the blank line. */
static char *header_value(char *head, size_t length, const char *name, size_t *size) {
    char *end = head + length;
    for (char *line = memmem(head, length, "\r\n", 2); line && line + 2 < end;
         line = memmem(line, (size_t)(end - line), "\r\n", 2)) {
        line += 2;
        size_t wide = strlen(name);
        if ((size_t)(end - line) > wide && !strncasecmp(line, name, wide) && line[wide] == ':') {
            char *value = line + wide + 1, *stop = memmem(value, (size_t)(end - value), "\r\n", 2);
            while (*value == ' ') value++;
            *size = (size_t)((stop ? stop : end) - value);
            return value;
        }
    }
    return NULL;
}

/* Take one HTTP reply with a Content-Length; 0 when it has not arrived whole. A 101 has no body. */
static int take_response(char *data, size_t length, Reply *reply, char *session, size_t room_for_session) {
    char *blank = memmem(data, length < 65536 ? length : 65536, "\r\n\r\n", 4);
    if (!blank) return 0;
    size_t head = (size_t)(blank - data) + 4, size = 0, wide;
    int status = atoi(data + 9);
    char *value = header_value(data, head - 2, "content-length", &wide);
    if (value) size = strtoull(value, NULL, 10);
    else if (status != 101 && status != 202 && status != 204)
        fail("the server answered without Content-Length: ", data, head);
    if (length - head < size) return 0;
    value = header_value(data, head - 2, "mcp-session-id", &wide);
    if (value && wide < room_for_session) memcpy(session, value, wide), session[wide] = 0;
    *reply = (Reply){data + head, size, head + size, 1, status};
    return 1;
}
