// Two numbers for the two axes of an image.
#pragma once

#include <cstdint>

namespace tapestry {

/// A value per image axis, height first; a single number stands for both.
struct Pair {
  std::int64_t height;
  std::int64_t width;
  constexpr Pair(std::int64_t both) : height(both), width(both) {}  // NOLINT: implicit by design
  constexpr Pair(std::int64_t h, std::int64_t w) : height(h), width(w) {}
  friend bool operator==(const Pair&, const Pair&) = default;
};

}  // namespace tapestry
