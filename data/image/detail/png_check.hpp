// Structural checks of PNG files: the header and complete chunks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tapestry::data {

/// The fields of a PNG's IHDR chunk.
struct PngHeader {
  std::int64_t width = 0;
  std::int64_t height = 0;
  int bit_depth = 0;  ///< bits of a channel: 1, 2, 4, 8 or 16
};

/// The header when `bytes` begin like a PNG file (PNG specification, third edition, 5.2 and 11.2.1).
std::optional<PngHeader> png_header(std::span<const std::uint8_t> bytes);

/// Walks over the chunks of a PNG file up to IEND and compares their checksums (PNG specification, 5.3 to 5.5). Returns
/// a description of the damage, or nothing.
std::optional<std::string> png_damage(std::span<const std::uint8_t> bytes);

/// Removes the empty IDAT chunks of a file without damage. They are legal, but stb_image 2.27 would compute with a null
/// pointer.
void drop_empty_data(std::vector<std::uint8_t>& bytes);

}  // namespace tapestry::data
