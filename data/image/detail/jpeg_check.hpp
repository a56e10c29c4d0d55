// The outside of a JPEG file: whether its segments are whole and its Huffman tables possible.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace tapestry::data {

/// Whether `bytes` begin like a JPEG file.
bool begins_like_jpeg(std::span<const std::uint8_t> bytes);

/// Walks over the segments of a JPEG file up to its end marker (ITU-T T.81, annex B). Returns what is wrong, or
/// nothing. A Huffman table of more than 256 codes is found here because stb_image 2.27 would write it past the
/// end of its own.
std::optional<std::string> jpeg_damage(std::span<const std::uint8_t> bytes);

}  // namespace tapestry::data
