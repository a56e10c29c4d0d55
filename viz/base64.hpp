// Base64 encoding.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace tapestry::viz::detail {

/// The bytes in base64, padded with "=" (RFC 4648, section 4).
std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace tapestry::viz::detail
