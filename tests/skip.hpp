// Tests that need what is not on every machine.
#pragma once

#include "catch.hpp"

/// Ends a test that cannot run on this machine. ctest, which looks for the word, reports it as skipped, not as passed.
#define SKIP_TEST(reason)               \
  do {                                  \
    WARN("SKIPPED_TEST: " << (reason)); \
    return;                             \
  } while (false)
