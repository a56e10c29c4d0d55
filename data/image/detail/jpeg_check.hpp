// Structural checks of JPEG files: complete segments and valid Huffman tables.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace tapestry::data {

/// True when `bytes` begin like a JPEG file.
bool begins_like_jpeg(std::span<const std::uint8_t> bytes);

/// Walks over the segments of a JPEG file up to its end marker (ITU-T T.81, annex B). Returns a description of the
/// damage, or nothing. Rejects Huffman tables of more than 256 codes because stb_image 2.27 would write past the end of
/// its own table.
std::optional<std::string> jpeg_damage(std::span<const std::uint8_t> bytes);

}  // namespace tapestry::data
