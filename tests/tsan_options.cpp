// Options that the thread sanitizer asks a program for. The OpenMP runtime is not instrumented: how its threads wait
// for each other is invisible to the sanitizer, and its own memory looks like races.
extern "C" const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1";
}
