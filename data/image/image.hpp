// Image files: reads PNG and JPEG, writes PNG.
#pragma once

#include <cstdint>
#include <string>

#include <tapestry/core/array.hpp>

namespace tapestry::data {

/// The maximum number of pixels that `read_image` decodes, and of bytes that it reads from a file. They limit the
/// memory to 80 MB, whatever a file claims to contain.
inline constexpr std::int64_t max_image_pixels = std::int64_t{1} << 22;
inline constexpr std::int64_t max_image_bytes = 12'000'000;

/// Reads a PNG or JPEG file of 8 bits per channel as u8 (channels, H, W) in channels_last memory. `channels` is 3 (red,
/// green, blue) or 1 (gray); the image is converted to it, and transparency is dropped. Throws a ValueError for other
/// `channels`, and an IoError with the path and the reason when the file is missing, unreadable, empty, truncated,
/// damaged, of another kind (such as arithmetic-coded JPEG), of more than 8 bits or too large.
Array read_image(const std::string& path, std::int64_t channels = 3);

/// Writes u8 (3 or 1, H, W) as a PNG file, which is replaced only when all of it has been written. Throws a
/// ShapeError or DTypeError for other arrays, and an IoError with the path and the reason.
void write_png(const std::string& path, const Array& image);

}  // namespace tapestry::data
