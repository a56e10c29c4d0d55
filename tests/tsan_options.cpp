// Default options for the thread sanitizer. The OpenMP runtime is not instrumented, so the sanitizer does not see its
// synchronization and would report races.
extern "C" const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1";
}
