/* A disk that fails on command: preloaded into the server, steered through a shared file.
 *
 * FAULTS_CONTROL names a file of three rules (pread64, pwrite64, fsync and fdatasync), each of
 * five ints: error, delay_ms, hold, times, struck. A rule applies to files whose path contains
 * "oneroom.db". `error` is the errno to fail with, `times` how often (-1: always); a call waits
 * while `hold` is set; `struck` counts the calls that a rule touched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct rule {
    volatile int error, delay_ms, hold, times, struck;
};
enum { READ, WRITE, SYNC, RULES };

static struct rule *rules;

__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("FAULTS_CONTROL");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *shared =
        mmap(NULL, sizeof(struct rule) * RULES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared != MAP_FAILED)
        rules = shared;
}

static int is_the_log(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0)
        return 0;
    path[size] = 0;
    return strstr(path, "oneroom.db") != NULL;
}

static void wait_ms(int ms) {
    struct timespec left = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&left, &left) && errno == EINTR) {
    }
}

/* The errno with which this call is to fail, or 0. */
static int strike(int which, int fd) {
    if (!rules)
        return 0;
    struct rule *rule = &rules[which];
    if (!(rule->error || rule->delay_ms || rule->hold) || !is_the_log(fd))
        return 0;
    __atomic_add_fetch(&rule->struck, 1, __ATOMIC_SEQ_CST);
    if (rule->delay_ms)
        wait_ms(rule->delay_ms);
    while (rule->hold)
        wait_ms(2);
    if (!rule->error || !rule->times)
        return 0;
    if (rule->times > 0)
        __atomic_sub_fetch(&rule->times, 1, __ATOMIC_SEQ_CST);
    return rule->error;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_OR(which, fd, call)          \
    do {                                  \
        int error_ = strike(which, fd);   \
        if (!error_)                      \
            return call;                  \
        errno = error_;                   \
        return -1;                        \
    } while (0)

ssize_t pread64(int fd, void *data, size_t size, off64_t at) {
    FAIL_OR(READ, fd, REAL(pread64)(fd, data, size, at));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    FAIL_OR(WRITE, fd, REAL(pwrite64)(fd, data, size, at));
}

int fsync(int fd) { FAIL_OR(SYNC, fd, REAL(fsync)(fd)); }

int fdatasync(int fd) { FAIL_OR(SYNC, fd, REAL(fdatasync)(fd)); }
