/* Time on the wall, and CPU time of a process and of the machine, in seconds. */
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU time of a process, all its threads, user and system: the kernel's clock of it, finer than /proc's ticks. */
static double cpu(long pid) {
    struct timespec t = {0, 0};
    clockid_t id = CLOCK_PROCESS_CPUTIME_ID;
    if (pid && clock_getcpuclockid((pid_t)pid, &id)) fail("the server has ended", "", 0);
    if (clock_gettime(id, &t)) fail("the server has ended", "", 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU time the machine has spent so far, without idling (proc(5): /proc/stat; stolen time counts as others'). */
static double machine(void) {
    unsigned long long user = 0, nice = 0, system = 0, idle = 0, wait = 0, hard = 0, soft = 0, stolen = 0;
    FILE *file = fopen("/proc/stat", "r");
    if (!file) return 0;
    if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &hard, &soft,
               &stolen) != 8) user = nice = system = hard = soft = stolen = 0;
    fclose(file);
    return (double)(user + nice + system + hard + soft + stolen) / (double)sysconf(_SC_CLK_TCK);
}
