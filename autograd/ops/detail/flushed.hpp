// Denormal numbers as arguments of the C library. For .cpp files.
#pragma once

#include <cmath>

namespace tapestry::detail {

/// x, or a zero of its sign if x is denormal: inside loops, where denormal numbers are equal to zero. Functions of the
/// C library look at their bits instead, and find numbers of other magnitudes.
template <class T>
T flushed(T x) {
  return x == 0 ? std::copysign(T{0}, x) : x;
}

}  // namespace tapestry::detail
