/* The load generator: many connections, one epoll loop, one core. Only 127.0.0.1 is ever connected to.
 *
 *   load protocol=ws|http port=N path=/mcp headers=FILE opening=FILE request=FILE connections=N inflight=N
 *        warmup=S seconds=S rate=N calls=N hold=1 server=PID core=N expect=TEXT
 *
 * `headers`: CRLF lines. `opening`: one JSON message a line, sent in turn on each connection; one without an "id"
 * is a notification. `request`: one JSON message with "id":10000000, which is counted up. Closed loop unless `rate`
 * (calls a second over all connections) is given: then latency counts from the moment a call was due.
 * `calls` ends the run early; `hold` opens the connections and keeps them until stdin ends.
 * Prints one JSON object. Every reply must hold `expect`, and be at least as long as its request's text.
 */
#include "wire.h"
#include "clocks.h"
#include "options.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#define FIRST_ID 10000000ul
#define MAX_CONNECTIONS 10000
#define MAX_SECONDS 120.0
#define MAX_RATE 20000.0
#define OPENING_AT_ONCE 32 /* below any listen backlog */
#define READ_BYTES (256 * 1024)

typedef struct { int fd, stage, polled_out; unsigned long sent, answered; Buffer in, out; char session[256]; } Connection;

static size_t id_at, least;
static char *lines[16];
static int line_count, epoll, ready, opened;
static Connection *all;
static unsigned long next_id = FIRST_ID, answered;
static double began, ends, last_answer, *latency;
static size_t latencies;

static void flush(Connection *c) {
    size_t done = 0;
    while (done < c->out.used) {
        ssize_t wrote = send(c->fd, c->out.data + done, c->out.used - done, MSG_NOSIGNAL);
        if (wrote < 0 && errno == EAGAIN) break;
        if (wrote < 0) fail("the server closed a connection: ", strerror(errno), 100);
        done += (size_t)wrote;
    }
    drop(&c->out, done);
    if (c->polled_out != (c->out.used > 0)) {
        c->polled_out = c->out.used > 0;
        struct epoll_event event = {EPOLLIN | (c->polled_out ? EPOLLOUT : 0), {.ptr = c}};
        epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
    }
}

static void put(Connection *c, const char *message, size_t length) {
    if (!arg.http) {
        put_frame(&c->out, 1, message, length);
        return;
    }
    char head[512];
    int wide = snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %zu\r\n%s%s%s",
                        arg.path, arg.port, length, *c->session ? "Mcp-Session-Id: " : "", c->session,
                        *c->session ? "\r\n" : "");
    append(&c->out, head, (size_t)wide);
    append(&c->out, headers.data, headers.used);
    append(&c->out, "\r\n", 2);
    append(&c->out, message, length);
}

static void call(Connection *c) {
    char digits[16];
    snprintf(digits, sizeof digits, "%lu", next_id++);
    memcpy(request.data + id_at, digits, 8);
    put(c, request.data, request.used);
    c->sent++;
}

/* Send what comes next in the opening; over WebSocket nothing answers a notification. */
static void advance(Connection *c) {
    while (c->stage < line_count) {
        char *line = lines[c->stage];
        put(c, line, strlen(line));
        if (arg.http || strstr(line, "\"id\"")) return;
        c->stage++;
    }
    ready++;
    c->stage = line_count + 1;
}

static void open_one(void) {
    Connection *c = &all[opened++];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)arg.port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address))
        fail("cannot connect: ", strerror(errno), 100);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {EPOLLIN, {.ptr = c}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    if (arg.http) advance(c);
    else {
        c->stage = -1;
        char head[512];
        int wide = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\n"
                            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mcp\r\n"
                            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", arg.path, arg.port);
        append(&c->out, head, (size_t)wide);
        append(&c->out, headers.data, headers.used);
        append(&c->out, "\r\n", 2);
    }
    flush(c);
}

static void answer(Connection *c, Reply *reply) {
    if (reply->opcode == 9) { put_frame(&c->out, 10, reply->body, reply->length); return; }
    if (reply->opcode == 8) fail("the server closed a connection: ", reply->body + 2, reply->length > 2 ? reply->length - 2 : 0);
    if (c->stage == -1) {
        if (reply->status != 101) fail("the server refused the upgrade: ", reply->body, reply->length);
        c->stage = 0;
        advance(c);
        return;
    }
    if (reply->status >= 300 || find(reply->body, reply->length, "\"error\":"))
        fail("the server answered: ", reply->body, reply->length);
    if (c->stage < line_count) { c->stage++; advance(c); return; }
    char *id = find(reply->body, reply->length, "\"id\":");
    unsigned long number = id ? strtoul(id + 5, NULL, 10) : 0;
    if (number < FIRST_ID || number >= next_id || reply->length < least || !find(reply->body, reply->length, arg.expect))
        fail("not the reply to a call: ", reply->body, reply->length);
    answered++, c->answered++;
    last_answer = now();
    if (arg.rate > 0) {
        double due = began + (double)(number - FIRST_ID) / arg.rate;
        if (due >= began + arg.warmup && due < ends) latency[latencies++] = last_answer - due;
    } else if (!arg.calls || next_id - FIRST_ID < arg.calls) call(c);
}

static void readable(Connection *c) {
    ssize_t got = recv(c->fd, room(&c->in, READ_BYTES), READ_BYTES, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail("the server closed a connection", "", 0);
    c->in.used += (size_t)got;
    size_t at = 0;
    Reply reply;
    while (arg.http || c->stage == -1
               ? take_response(c->in.data + at, c->in.used - at, &reply, c->session, sizeof c->session)
               : take_frame(c->in.data + at, c->in.used - at, &reply)) {
        at += reply.taken;
        answer(c, &reply);
    }
    drop(&c->in, at);
    flush(c);
}

/* Serve what is ready; returns whether the timer or stdin (the events without a connection) has fired. */
static int turn(int milliseconds) {
    struct epoll_event events[256];
    int other = 0, count = epoll_wait(epoll, events, 256, milliseconds);
    for (int i = 0; i < count; i++) {
        Connection *c = events[i].data.ptr;
        if (!c) { other = 1; continue; }
        if (events[i].events & EPOLLOUT) flush(c);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
    }
    return other;
}

static void watch(int fd) {
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) fail("epoll: ", strerror(errno), 100);
}

static void closed_loop(double until) {
    while (now() < until && !(arg.calls && answered >= arg.calls)) turn(50);
}

static void open_loop(int timer, double until) {
    for (;;) {
        double due = began + (double)(next_id - FIRST_ID) / arg.rate;
        while (due <= now() && due < until) {
            if (next_id - FIRST_ID - answered > 100000) fail("the server is too slow for this rate", "", 0);
            Connection *c = &all[(next_id - FIRST_ID) % (unsigned long)arg.connections];
            call(c);
            flush(c);
            due = began + (double)(next_id - FIRST_ID) / arg.rate;
        }
        double wake = due < until ? due : until;
        if (wake >= until && now() >= until) return;
        struct itimerspec at = {{0, 0}, {(time_t)wake, (long)((wake - (double)(time_t)wake) * 1e9)}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
        uint64_t fired;
        if (turn(1000) && read(timer, &fired, sizeof fired) < 0 && errno != EAGAIN) fail("timer", "", 0);
    }
}

static void too_long(int signal) {
    (void)signal;
    static const char sentence[] = "the run took longer than it may: the server does not answer\n";
    if (write(2, sentence, sizeof sentence - 1)) _exit(3);
    _exit(3);
}

static void prepare(void) {
    if (arg.connections < 1 || arg.connections > MAX_CONNECTIONS || arg.inflight < 1 || arg.inflight > 1000 ||
        arg.warmup < 0 || arg.seconds < 0 || arg.warmup + arg.seconds > MAX_SECONDS || arg.rate > MAX_RATE)
        fail("a number is out of its bounds", "", 0);
    for (char *line = opening.used ? strtok(opening.data, "\n") : NULL; line && line_count < 16; line = strtok(NULL, "\n"))
        lines[line_count++] = line;
    char *id = request.used ? memmem(request.data, request.used, "\"id\":10000000", 13) : NULL;
    if (!id && !arg.hold) fail("the request has no \"id\":10000000", "", 0);
    if (id) id_at = (size_t)(id - request.data) + 5;
    char *text = request.used ? memmem(request.data, request.used, "\"text\":\"", 8) : NULL;
    if (text) least = request.used - (size_t)(text + 8 - request.data) - 16;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (arg.core >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(arg.core, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    signal(SIGALRM, too_long);
    alarm((unsigned)(arg.warmup + arg.seconds) + 60);
    all = calloc((size_t)arg.connections, sizeof *all);
    latency = malloc((size_t)(arg.rate * arg.seconds + 2) * sizeof *latency);
    epoll = epoll_create1(EPOLL_CLOEXEC);
}

int main(int count, char **values) {
    for (int i = 1; i < count; i++) parse(values[i]);
    prepare();
    double opening_began = now();
    while (ready < arg.connections) {
        while (opened < arg.connections && opened - ready < OPENING_AT_ONCE) open_one();
        if (ready < arg.connections) turn(1000);
    }
    double took = now() - opening_began;
    if (arg.hold) {
        printf("{\"open\": %d, \"opening_seconds\": %.6f}\n", ready, took);
        fflush(stdout);
        char byte;
        watch(0);
        while (!turn(1000) || read(0, &byte, 1) > 0) {}
        return 0;
    }
    began = now(), ends = began + arg.warmup + arg.seconds;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (arg.rate > 0) watch(timer);
    for (int i = 0; i < arg.connections && arg.rate <= 0; i++) {
        for (int k = 0; k < arg.inflight && !(arg.calls && next_id - FIRST_ID >= arg.calls); k++) call(&all[i]);
        flush(&all[i]);
    }
    if (arg.rate > 0) open_loop(timer, began + arg.warmup);
    else closed_loop(began + arg.warmup);
    double everybody = machine(), server = cpu(arg.server), own = cpu(0), from = now();
    unsigned long before = answered;
    if (arg.rate > 0) open_loop(timer, ends);
    else closed_loop(ends);
    double wall = now() - from, calls = (double)(answered - before);
    server = cpu(arg.server) - server, own = cpu(0) - own, everybody = machine() - everybody;
    for (double patience = now() + 5; arg.rate > 0 && now() < patience && answered < next_id - FIRST_ID;) turn(50);
    printf("{\"calls\": %.0f, \"seconds\": %.6f, \"server_cpu\": %.9f, \"client_cpu\": %.9f, \"last_answer\": %.9f, "
           "\"machine_cpu\": %.3f, \"unanswered\": %lu, \"latencies_us\": [", calls, wall, server, own, last_answer, everybody,
           arg.rate > 0 ? next_id - FIRST_ID - answered : 0);
    for (size_t i = 0; i < latencies; i++) printf("%s%.1f", i ? ", " : "", latency[i] * 1e6);
    printf("]}\n");
    return 0;
}
