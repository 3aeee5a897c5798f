/* What the load generator was asked to do: key=value words, and the files they name. */
#include <errno.h>

static struct { int port, connections, inflight, core, http, hold; long server; unsigned long calls;
                double warmup, seconds, rate; const char *path, *expect; } arg =
    {.connections = 1, .inflight = 1, .core = -1, .path = "/mcp", .expect = ""};
static Buffer headers, opening, request;

static Buffer load_file(const char *name) {
    Buffer buffer = {0};
    FILE *file = fopen(name, "rb");
    if (!file) fail("cannot read ", name, strlen(name));
    size_t got;
    while ((got = fread(room(&buffer, 65536), 1, 65536, file)) > 0) buffer.used += got;
    fclose(file);
    *room(&buffer, 1) = 0;
    return buffer;
}

static void parse(char *text) {
    char *value = strchr(text, '=');
    if (!value) fail("not key=value: ", text, strlen(text));
    *value++ = 0;
    if (!strcmp(text, "protocol")) arg.http = !strcmp(value, "http");
    else if (!strcmp(text, "port")) arg.port = atoi(value);
    else if (!strcmp(text, "path")) arg.path = value;
    else if (!strcmp(text, "headers")) headers = load_file(value);
    else if (!strcmp(text, "opening")) opening = load_file(value);
    else if (!strcmp(text, "request")) request = load_file(value);
    else if (!strcmp(text, "connections")) arg.connections = atoi(value);
    else if (!strcmp(text, "inflight")) arg.inflight = atoi(value);
    else if (!strcmp(text, "warmup")) arg.warmup = atof(value);
    else if (!strcmp(text, "seconds")) arg.seconds = atof(value);
    else if (!strcmp(text, "rate")) arg.rate = atof(value);
    else if (!strcmp(text, "calls")) arg.calls = strtoul(value, NULL, 10);
    else if (!strcmp(text, "hold")) arg.hold = atoi(value);
    else if (!strcmp(text, "server")) arg.server = atol(value);
    else if (!strcmp(text, "core")) arg.core = atoi(value);
    else if (!strcmp(text, "expect")) arg.expect = value;
    else fail("unknown key: ", text, strlen(text));
}
