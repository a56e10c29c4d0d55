#include <cstdlib>
#include <limits>
#include <memory>
#include <span>

#include <fmt/format.h>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/data/image/image.hpp>

#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

namespace tapestry::data {
namespace {

struct FreeEncoded {
  void operator()(std::uint8_t* bytes) const { std::free(bytes); }
};

}  // namespace

void write_png(const std::string& path, const Array& image) {
  const Shape& shape = image.shape();
  if (shape.rank() != 3 || (shape[0] != 1 && shape[0] != 3) || shape.numel() == 0) {
    throw ShapeError(fmt::format("write_png: expected (3 or 1, H, W), got {}", to_string(shape)));
  }
  if (image.dtype() != DType::u8) {
    throw DTypeError(fmt::format("write_png: expected u8, got {}", to_string(image)));
  }
  // The encoder counts in int and needs one more byte per row and a few per block.
  if (shape.numel() > std::numeric_limits<int>::max() / 2) {
    throw ShapeError(fmt::format("write_png: {} is too large for a PNG file", to_string(shape)));
  }
  const Array pixels = image.contiguous(MemoryFormat::channels_last);
  const auto channels = static_cast<int>(shape[0]);
  const auto height = static_cast<int>(shape[1]);
  const auto width = static_cast<int>(shape[2]);
  int size = 0;
  const std::unique_ptr<std::uint8_t, FreeEncoded> encoded(
      stbi_write_png_to_mem(pixels.data<std::uint8_t>(), width * channels, width, height, channels, &size));
  if (encoded == nullptr) throw std::bad_alloc();
  replace_file(path, {std::as_bytes(std::span(encoded.get(), static_cast<std::size_t>(size)))});
}

}  // namespace tapestry::data
