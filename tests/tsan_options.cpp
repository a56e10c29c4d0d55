// Default options for the thread sanitizer. The OpenMP runtime is not instrumented, so the sanitizer does not see its
// synchronization and would report races. A forked child starts threads of its own.
extern "C" const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1 die_after_fork=0";
}
