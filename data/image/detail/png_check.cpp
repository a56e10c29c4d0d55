#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include <tapestry/data/image/detail/png_check.hpp>

namespace tapestry::data {
namespace {

constexpr std::array<std::uint8_t, 8> signature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
/// A chunk's length, type and checksum, of four bytes each.
constexpr std::size_t chunk_frame = 12;
constexpr std::size_t header_bytes = 13;

std::uint32_t big_endian(std::span<const std::uint8_t> bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
         std::uint32_t{bytes[at + 3]};
}

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320U ^ (value >> 1) : value >> 1;
    table[byte] = value;
  }
  return table;
}

/// The checksum of ISO 3309 (PNG specification, annex D).
std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  static constexpr std::array<std::uint32_t, 256> table = make_crc_table();
  std::uint32_t value = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) value = table[(value ^ byte) & 0xFF] ^ (value >> 8);
  return ~value;
}

std::string_view chunk_type(std::span<const std::uint8_t> bytes, std::size_t at) {
  return {reinterpret_cast<const char*>(bytes.data()) + at + 4, 4};
}

}  // namespace

std::optional<PngHeader> png_header(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < signature.size() + chunk_frame + header_bytes ||
      !std::equal(signature.begin(), signature.end(), bytes.begin())) {
    return std::nullopt;
  }
  return PngHeader{.width = big_endian(bytes, 16), .height = big_endian(bytes, 20), .bit_depth = bytes[24]};
}

std::optional<std::string> png_damage(std::span<const std::uint8_t> bytes) {
  std::size_t at = signature.size();
  while (at + chunk_frame <= bytes.size()) {
    const std::size_t length = big_endian(bytes, at);
    const std::size_t left = bytes.size() - at - chunk_frame;
    if (length > left) {
      return fmt::format("truncated: the chunk at byte {} holds {} bytes, {} are left", at, length, left);
    }
    if (crc32(bytes.subspan(at + 4, length + 4)) != big_endian(bytes, at + 8 + length)) {
      return fmt::format("damaged: the checksum of the chunk at byte {} does not match", at);
    }
    if (chunk_type(bytes, at) == "IEND") return std::nullopt;
    at += chunk_frame + length;
  }
  return fmt::format("truncated: no IEND chunk in {} bytes", bytes.size());
}

void drop_empty_data(std::vector<std::uint8_t>& bytes) {
  std::size_t at = signature.size();
  std::size_t kept = at;
  while (at + chunk_frame <= bytes.size()) {
    const std::size_t length = big_endian(bytes, at) + chunk_frame;
    const bool is_last = chunk_type(bytes, at) == "IEND";
    if (length > chunk_frame || chunk_type(bytes, at) != "IDAT") {
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), length,
                  bytes.begin() + static_cast<std::ptrdiff_t>(kept));
      kept += length;
    }
    if (is_last) break;
    at += length;
  }
  bytes.resize(kept);
}

}  // namespace tapestry::data
