#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <tapestry/data/image/detail/jpeg_check.hpp>

namespace tapestry::data {
namespace {

constexpr std::uint8_t start_of_image = 0xD8;
constexpr std::uint8_t end_of_image = 0xD9;
constexpr std::uint8_t huffman_tables = 0xC4;
constexpr std::size_t max_codes = 256;
/// A table's number and its count of codes for each length, 1 to 16 bits.
constexpr std::size_t table_header = 17;

using Bytes = std::span<const std::uint8_t>;

/// After a 0xFF these are not markers that begin a segment: fill bytes, an escaped 0xFF of the compressed data,
/// restarts.
bool is_inside_data(std::uint8_t byte) {
  return byte == 0x00 || byte == 0xFF || (byte >= 0xD0 && byte <= 0xD7);
}

/// The position of the next marker's second byte, or the end.
std::size_t find_marker(Bytes bytes, std::size_t at) {
  while (at + 1 < bytes.size() && (bytes[at] != 0xFF || is_inside_data(bytes[at + 1]))) ++at;
  return std::min(at + 1, bytes.size());
}

std::optional<std::string> table_damage(Bytes bytes, std::size_t at, std::size_t end) {
  while (at < end && at + table_header <= bytes.size()) {
    const Bytes counts = bytes.subspan(at + 1, table_header - 1);
    const std::size_t codes = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
    if (codes > max_codes) {
      return fmt::format("damaged: the Huffman table at byte {} has {} codes, at most {} are possible", at, codes,
                         max_codes);
    }
    at += table_header + codes;
  }
  return std::nullopt;
}

bool begins_frame(std::uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != huffman_tables && marker != 0xC8 && marker != 0xCC;
}

/// What a frame, whose marker is at `at`, needs that the decoder cannot do (T.81, table B.1).
std::optional<std::string> unsupported(Bytes bytes, std::size_t at) {
  const std::uint8_t marker = bytes[at];
  if (marker >= 0xC9) return "arithmetic-coded JPEG is not supported";
  if (marker == 0xC3) return "lossless JPEG is not supported";
  if (marker >= 0xC5) return "hierarchical JPEG is not supported";
  if (at + 3 < bytes.size() && bytes[at + 3] != 8) {
    return fmt::format("expected 8 bits per channel, got {}", bytes[at + 3]);
  }
  return std::nullopt;
}

}  // namespace

bool begins_like_jpeg(Bytes bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == start_of_image && bytes[2] == 0xFF;
}

std::optional<std::string> jpeg_fault(Bytes bytes) {
  std::size_t at = find_marker(bytes, 2);
  while (at + 2 < bytes.size() && bytes[at] != end_of_image) {
    const std::size_t length = std::size_t{bytes[at + 1]} << 8 | bytes[at + 2];
    if (bytes[at] == huffman_tables) {
      if (auto damage = table_damage(bytes, at + 3, at + 1 + length)) return damage;
    }
    if (begins_frame(bytes[at])) {
      if (auto reason = unsupported(bytes, at)) return reason;
    }
    at = find_marker(bytes, at + 1 + length);
  }
  if (at < bytes.size() && bytes[at] == end_of_image) return std::nullopt;
  return fmt::format("truncated: no end marker in {} bytes", bytes.size());
}

}  // namespace tapestry::data
