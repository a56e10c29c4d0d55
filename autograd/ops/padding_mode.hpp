// The contents of padding.
#pragma once

#include <cstdint>
#include <string_view>

namespace tapestry {

/// What padding contains: zeros (or another constant); the array mirrored at its first and last elements, which are not
/// repeated (`reflect`); the first or last element repeated (`replicate`); elements from the opposite end (`circular`).
enum class PaddingMode : std::uint8_t { zeros, reflect, replicate, circular };

/// "zeros", "reflect", "replicate" or "circular".
constexpr std::string_view to_string(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::zeros:
      return "zeros";
    case PaddingMode::reflect:
      return "reflect";
    case PaddingMode::replicate:
      return "replicate";
    case PaddingMode::circular:
      return "circular";
  }
  return "?";
}

}  // namespace tapestry
