// Parses, checks and writes the JSON header of a safetensors file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tapestry/io/safetensors.hpp>

namespace tapestry::io {

/// The longest header that the format allows, in bytes.
inline constexpr std::int64_t max_safetensors_header = 100'000'000;

/// The maximum number of tensors and metadata texts, and the maximum length of their names in bytes. A name takes many
/// times as much memory as in the header.
inline constexpr std::int64_t max_safetensors_names = 500'000;
inline constexpr std::int64_t max_safetensors_name_bytes = 65'536;

/// One tensor of a header. Offsets are in bytes, counted from the end of the header.
struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// A header whose entries cover the data without gaps or overlaps.
struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;
  Metadata metadata;
};

/// Reads a header that is followed by `data_bytes` bytes. Throws an IoError that begins with `path` when it
/// is not JSON, gives a name twice, has an unknown dtype or a shape that overflows, when its names are
/// more or longer than allowed, or when its entries do not cover the data exactly.
SafetensorsHeader parse_safetensors_header(std::string_view text, std::int64_t data_bytes, const std::string& path);

/// The text of a header, padded with spaces so that it and the eight bytes before it are a multiple of eight.
/// Throws a ValueError for a name or a metadata text that is not UTF-8.
std::string format_safetensors_header(const SafetensorsHeader& header);

}  // namespace tapestry::io
