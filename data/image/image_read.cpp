#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/detail/file.hpp>
#include <tapestry/data/image/detail/jpeg_check.hpp>
#include <tapestry/data/image/detail/png_check.hpp>
#include <tapestry/data/image/image.hpp>

// The decoder's memory is limited: a file of a few kilobytes can inflate to gigabytes, whatever its header says.
namespace {

/// A progressive JPEG of 4 components needs the most: 4 samples, 4 coefficients of 2 bytes and 3 bytes of output per
/// pixel; an interlaced PNG of 4 channels needs 14.
constexpr std::int64_t decoder_bytes_per_pixel = 16;
constexpr std::int64_t decoder_tables = 1'500'000;
/// Space for a block's size before the block, large enough to keep the block aligned.
constexpr std::size_t block_header = 16;

thread_local std::size_t decoder_budget = 0;
thread_local std::size_t decoder_bytes = 0;
thread_local bool decoder_budget_spent = false;

std::size_t& block_size(void* block) {
  return *reinterpret_cast<std::size_t*>(static_cast<std::byte*>(block) - block_header);
}

void* allocate_counted(std::size_t bytes) {
  if (bytes > decoder_budget - decoder_bytes) {
    decoder_budget_spent = true;
    return nullptr;
  }
  auto* whole = static_cast<std::byte*>(std::malloc(block_header + bytes));
  if (whole == nullptr) return nullptr;
  decoder_bytes += bytes;
  void* block = whole + block_header;
  block_size(block) = bytes;
  return block;
}

void free_counted(void* block) {
  if (block == nullptr) return;
  decoder_bytes -= block_size(block);
  std::free(static_cast<std::byte*>(block) - block_header);
}

void* reallocate_counted(void* block, std::size_t bytes) {
  if (block == nullptr) return allocate_counted(bytes);
  const std::size_t before = block_size(block);
  if (bytes > decoder_budget - (decoder_bytes - before)) {
    decoder_budget_spent = true;
    return nullptr;
  }
  void* whole = std::realloc(static_cast<std::byte*>(block) - block_header, block_header + bytes);
  if (whole == nullptr) return nullptr;
  decoder_bytes += bytes - before;
  void* larger = static_cast<std::byte*>(whole) + block_header;
  block_size(larger) = bytes;
  return larger;
}

}  // namespace

#define STBI_MALLOC(bytes) allocate_counted(bytes)
#define STBI_REALLOC(block, bytes) reallocate_counted(block, bytes)
#define STBI_FREE(block) free_counted(block)
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

namespace tapestry::data {
namespace {

struct FreeDecoded {
  void operator()(std::uint8_t* pixels) const { stbi_image_free(pixels); }
};

struct Size {
  std::int64_t width;
  std::int64_t height;
};

std::string first_bytes(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes.first(std::min<std::size_t>(bytes.size(), 4))) {
    text += fmt::format(" {:02X}", byte);
  }
  return text;
}

/// JPEG decodes whole blocks of pixels, at most 32 × 32.
std::size_t budget_for(const Size& size) {
  const std::int64_t rows = size.height / 32 * 32 + 32;
  const std::int64_t columns = size.width / 32 * 32 + 32;
  const std::int64_t pixels = rows > max_image_pixels / columns ? max_image_pixels : rows * columns;
  return static_cast<std::size_t>(decoder_bytes_per_pixel * pixels + decoder_tables);
}

std::string decoder_reason() {
  if (decoder_budget_spent) return fmt::format("decoding requires more than {} bytes", decoder_budget);
  return fmt::format("broken or truncated ({})", stbi_failure_reason());
}

/// The size in the header; calls `fail`, which throws, if the image cannot be read.
template <class Fail>
Size checked_size(std::span<const std::uint8_t> bytes, const Fail& fail) {
  if (bytes.empty()) fail("the file is empty");
  Size size{};
  if (const auto header = png_header(bytes)) {
    if (header->bit_depth == 16) fail("expected 8 bits per channel, got 16");
    size = {header->width, header->height};
  } else if (begins_like_jpeg(bytes)) {
    if (const auto fault = jpeg_fault(bytes)) fail(*fault);
    int width = 0;
    int height = 0;
    int channels = 0;
    if (stbi_info_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height, &channels) == 0) {
      fail(decoder_reason());
    }
    size = {width, height};
  } else {
    fail(fmt::format("not a PNG or JPEG file (begins with{})", first_bytes(bytes)));
  }
  // By division, because the product of two 32-bit header fields may overflow.
  if (size.width > 0 && size.height > max_image_pixels / size.width) {
    fail(fmt::format("{} x {} pixels exceed the limit of {}", size.width, size.height, max_image_pixels));
  }
  return size;
}

}  // namespace

Array read_image(const std::string& path, std::int64_t channels) {
  if (channels != 1 && channels != 3) {
    throw ValueError(fmt::format("read_image: expected 1 or 3 channels, got {}", channels));
  }
  const auto fail = [&](const std::string& reason) { throw IoError(fmt::format("read_image: {}: {}", path, reason)); };
  std::vector<std::uint8_t> bytes = read_file("read_image", path, max_image_bytes);
  decoder_budget_spent = false;
  decoder_budget = static_cast<std::size_t>(decoder_tables);
  const Size size = checked_size(bytes, fail);
  decoder_budget = budget_for(size);
  if (png_header(bytes)) {
    if (const auto damage = png_damage(bytes)) fail(*damage);
    drop_empty_data(bytes);
  }

  int width = 0;
  int height = 0;
  int channels_in_file = 0;
  const std::unique_ptr<std::uint8_t, FreeDecoded> pixels(stbi_load_from_memory(
      bytes.data(), static_cast<int>(bytes.size()), &width, &height, &channels_in_file, static_cast<int>(channels)));
  if (pixels == nullptr) fail(decoder_reason());
  Array image = Array::empty({channels, size.height, size.width}, DType::u8, MemoryFormat::channels_last);
  std::memcpy(image.mutable_data<std::uint8_t>(), pixels.get(), static_cast<std::size_t>(image.numel()));
  return image;
}

}  // namespace tapestry::data
