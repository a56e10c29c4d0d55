// Two numbers for the two axes of an image.
#pragma once

#include <cstdint>

#include <tapestry/core/required.hpp>

namespace tapestry {

/// A value per image axis, height first; a single number stands for both.
struct Pair {
  std::int64_t height;
  std::int64_t width;
  constexpr Pair(Integer auto both) : Pair(both, both) {}  // NOLINT: implicit by design
  constexpr Pair(Integer auto h, Integer auto w)
      : height(static_cast<std::int64_t>(h)), width(static_cast<std::int64_t>(w)) {}
  friend bool operator==(const Pair&, const Pair&) = default;
};

}  // namespace tapestry
