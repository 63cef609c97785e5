/* Preloaded into a program, lets its wall clock jump: what CLOCK_REALTIME, gettimeofday() and time() say is off by the
 * microseconds that the first 8 bytes of the file $WALL_CLOCK_OFFSET hold, from one call to the next. The clocks since
 * boot are untouched, and waits until an instant of the wall clock last as long as they would have without the jump.
 * See wall_clock.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t* offset_us;

__attribute__((constructor)) static void open_offset(void) {
  const char* path = getenv("WALL_CLOCK_OFFSET");
  const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) offset_us = page;
}

static struct timespec moved(struct timespec t, int64_t by_us) {
  int64_t ns = t.tv_nsec + by_us % 1000000 * 1000;
  t.tv_sec += by_us / 1000000 + (ns < 0 ? -1 : ns / 1000000000);
  t.tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
  return t;
}

static int64_t offset(void) { return offset_us ? *offset_us : 0; }

int clock_gettime(clockid_t clock, struct timespec* t) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const int code = real(clock, t);
  if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) *t = moved(*t, offset());
  return code;
}

int gettimeofday(struct timeval* restrict tv, void* restrict zone) {
  struct timespec t;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &t);
  *tv = (struct timeval){t.tv_sec, t.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* to) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  if (to) *to = t.tv_sec;
  return t.tv_sec;
}

/* The kernel waits by its own clock. Instants before 2001 are none of the wall clock: conditions may use another. */
static struct timespec unmoved(const struct timespec* until) {
  return moved(*until, until->tv_sec < 1000000000 ? 0 : -offset());
}

#define UNTIL(name, thing)                                                                     \
  int name(thing, const struct timespec* until) {                                              \
    static int (*real)(void*, const struct timespec*);                                         \
    if (!real) real = (int (*)(void*, const struct timespec*))dlsym(RTLD_NEXT, #name);         \
    const struct timespec t = unmoved(until);                                                  \
    return real(what, &t);                                                                     \
  }
UNTIL(pthread_mutex_timedlock, pthread_mutex_t* what)
UNTIL(sem_timedwait, sem_t* what)

int pthread_cond_timedwait(pthread_cond_t* cond, pthread_mutex_t* mutex, const struct timespec* until) {
  static int (*real)(pthread_cond_t*, pthread_mutex_t*, const struct timespec*);
  if (!real)
    real = (int (*)(pthread_cond_t*, pthread_mutex_t*, const struct timespec*))dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  const struct timespec t = unmoved(until);
  return real(cond, mutex, &t);
}
