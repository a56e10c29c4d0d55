// Structural checks of JPEG files: complete segments, valid Huffman tables, a supported kind.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace tapestry::data {

/// True when `bytes` begin like a JPEG file.
bool begins_like_jpeg(std::span<const std::uint8_t> bytes);

/// Walks over the segments of a JPEG file up to its end marker (ITU-T T.81, annex B). Returns a description of the
/// damage or of the kind of JPEG that cannot be read, or nothing. Rejects Huffman tables of more than 256 codes because
/// stb_image 2.27 would write past the end of its own table.
std::optional<std::string> jpeg_fault(std::span<const std::uint8_t> bytes);

}  // namespace tapestry::data
