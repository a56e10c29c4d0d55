#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <malloc.h>

#include <tapestry/core/allocator.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/data/image/image.hpp>

#include "catch.hpp"
#include "jpeg_samples.hpp"
#include "png_maker.hpp"
#include "temporary_folder.hpp"

namespace test_image {

using namespace tapestry;
using namespace tapestry::data;

namespace {

using Bytes = std::vector<std::uint8_t>;

Array gradient(std::int64_t channels, std::int64_t height, std::int64_t width) {
  Bytes values;
  for (std::int64_t i = 0; i < channels * height * width; ++i) values.push_back(static_cast<std::uint8_t>(i * 7));
  return Array::from({channels, height, width}, values);
}

/// Reads `bytes` as a file and returns the error text, or "read".
std::string outcome(const TemporaryFolder& folder, const Bytes& bytes) {
  const auto path = folder.path() / "file";
  put_file(path, bytes);
  try {
    read_image(path);
  } catch (const IoError& error) {
    const std::string text = error.what();
    const std::string begin = "read_image: " + path.string() + ": ";
    REQUIRE(text.substr(0, begin.size()) == begin);
    return text.substr(begin.size());
  }
  return "read";
}

std::int64_t memory_status(const std::string& field) {
  std::int64_t kilobytes = 0;
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == field) status >> kilobytes;
  }
  return kilobytes * 1024;
}

/// The increase of the process's peak memory while `body` runs, in bytes.
template <class Body>
std::int64_t memory_taken(const Body& body) {
  Allocator::instance().trim();
  malloc_trim(0);                                 // memory freed earlier would otherwise hide new allocations
  std::ofstream("/proc/self/clear_refs") << "5";  // resets the peak
  const std::int64_t before = memory_status("VmRSS:");
  body();
  return memory_status("VmHWM:") - before;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

}  // namespace

TEST_CASE("read_image reads back the output of write_png") {
  const TemporaryFolder folder;
  for (const std::int64_t channels : {1, 3}) {
    const Array image = gradient(channels, 5, 7);
    write_png(folder.path() / "image.png", image);
    const Array read = read_image(folder.path() / "image.png", channels);
    CHECK(read.shape() == image.shape());
    CHECK(read.format() == MemoryFormat::channels_last);
    CHECK(read.to_vector<std::uint8_t>() == image.to_vector<std::uint8_t>());
    write_png(folder.path() / "again.png", image.contiguous(MemoryFormat::channels_last));
    CHECK(file_bytes(folder.path() / "again.png") == file_bytes(folder.path() / "image.png"));
  }
}

TEST_CASE("read_image converts between gray and color") {
  const TemporaryFolder folder;
  write_png(folder.path() / "gray.png", Array::full({1, 2, 2}, 90, DType::u8));
  CHECK(read_image(folder.path() / "gray.png").to_vector<std::uint8_t>() == Bytes(12, 90));
  write_png(folder.path() / "white.png", Array::full({3, 2, 2}, 255, DType::u8));
  CHECK(read_image(folder.path() / "white.png", 1).to_vector<std::uint8_t>() == Bytes(4, 255));
  CHECK_THROWS_WITH(read_image("any", 2), "read_image: expected 1 or 3 channels, got 2");
}

TEST_CASE("read_image reads baseline and progressive JPEG") {
  const TemporaryFolder folder;
  for (const Bytes& file : {baseline_jpeg, progressive_jpeg}) {
    put_file(folder.path() / "image.jpg", file);
    const Array image = read_image(folder.path() / "image.jpg");
    REQUIRE(image.shape() == Shape{3, 16, 16});
    // Quantized and with chroma at half resolution: gradients are reproduced to within one pixel's step.
    for (const std::int64_t y : {2, 8, 13}) {
      for (const std::int64_t x : {2, 8, 13}) {
        CHECK(std::abs(image.at({0, y, x}) - static_cast<double>(16 * x)) <= 16);
        CHECK(std::abs(image.at({1, y, x}) - static_cast<double>(16 * y)) <= 16);
      }
    }
  }
}

TEST_CASE("read_image errors name a path that is missing or not a regular file") {
  const TemporaryFolder folder;
  const std::string dir = folder.path().string();
  CHECK_THROWS_WITH(read_image(folder.path() / "none.png"),
                    "read_image: cannot read " + dir + "/none.png: No such file or directory");
  CHECK_THROWS_WITH(read_image(folder.path()), "read_image: cannot read " + dir + ": it is a directory");
  CHECK_THROWS_WITH(read_image("/dev/zero"), "read_image: cannot read /dev/zero: it is not a regular file");
}

TEST_CASE("read_image rejects files other than 8-bit PNG or JPEG") {
  const TemporaryFolder folder;
  CHECK(outcome(folder, {}) == "the file is empty");
  CHECK(outcome(folder, {'G', 'I', 'F', '8', '9', 'a', 1, 0}) == "not a PNG or JPEG file (begins with 47 49 46 38)");
  CHECK(outcome(folder, {'B', 'M'}) == "not a PNG or JPEG file (begins with 42 4D)");
  CHECK(outcome(folder, png_file(4, 4, {.bits = 16}, {})) == "expected 8 bits per channel, got 16");
}

TEST_CASE("read_image rejects images that are too large before decoding them") {
  const TemporaryFolder folder;
  CHECK(outcome(folder, png_file(65535, 65535, {}, {})) == "65535 x 65535 pixels exceed the limit of 4194304");
  CHECK(outcome(folder, png_file(0xFFFFFFFF, 0xFFFFFFFF, {}, {})) ==
        "4294967295 x 4294967295 pixels exceed the limit of 4194304");
  Bytes jpeg = baseline_jpeg;
  const Bytes frame = {0xFF, 0xC0};
  const auto size = std::search(jpeg.begin(), jpeg.end(), frame.begin(), frame.end()) + 5;
  std::fill(size, size + 4, std::uint8_t{0xFF});
  CHECK(outcome(folder, jpeg) == "65535 x 65535 pixels exceed the limit of 4194304");

  std::filesystem::resize_file(folder.path() / "file", 12'000'001);
  CHECK_THROWS_WITH(read_image(folder.path() / "file"),
                    ContainsSubstring("12000001 bytes exceed the limit of 12000000"));
}

TEST_CASE("read_image rejects every truncation of a file") {
  const TemporaryFolder folder;
  write_png(folder.path() / "image.png", gradient(3, 5, 7));
  for (const Bytes& whole : {file_bytes(folder.path() / "image.png"), baseline_jpeg, progressive_jpeg}) {
    REQUIRE(outcome(folder, whole) == "read");
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      INFO("the first " << size << " of " << whole.size() << " bytes");
      CHECK(outcome(folder, part) != "read");
    }
  }
  const Bytes part(baseline_jpeg.begin(), baseline_jpeg.end() - 40);
  CHECK(outcome(folder, part) == "truncated: no end marker in " + std::to_string(part.size()) + " bytes");
  const Bytes png = file_bytes(folder.path() / "image.png");
  CHECK(outcome(folder, Bytes(png.begin(), png.begin() + 50)) ==
        "truncated: the chunk at byte 33 holds " + std::to_string(png.size() - 57) + " bytes, 5 are left");
}

TEST_CASE("read_image detects every flipped bit of a PNG file") {
  const TemporaryFolder folder;
  write_png(folder.path() / "image.png", gradient(3, 5, 7));
  Bytes bytes = file_bytes(folder.path() / "image.png");
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    bytes[bit / 8] ^= mask;
    INFO("bit " << bit);
    CHECK(outcome(folder, bytes) != "read");
    bytes[bit / 8] ^= mask;
  }
}

TEST_CASE("read_image rejects a JPEG file with an impossible Huffman table") {
  const TemporaryFolder folder;
  Bytes jpeg = baseline_jpeg;
  const Bytes marker = {0xFF, 0xC4};
  const auto table = std::search(jpeg.begin(), jpeg.end(), marker.begin(), marker.end()) + 4;
  std::fill(table + 1, table + 17, std::uint8_t{255});
  CHECK(outcome(folder, jpeg) == "damaged: the Huffman table at byte " + std::to_string(table - jpeg.begin()) +
                                     " has 4080 codes, at most 256 are possible");
}

TEST_CASE("read_image survives flipped bits of a JPEG file") {
  const TemporaryFolder folder;
  for (Bytes bytes : {baseline_jpeg, progressive_jpeg}) {
    // A step of 3 visits every bit position of a byte.
    for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += 3) {
      const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
      bytes[bit / 8] ^= mask;
      CHECK_NOTHROW(outcome(folder, bytes));
      bytes[bit / 8] ^= mask;
    }
  }
}

TEST_CASE("read_image uses at most 64 MB for a decompression bomb") {
  const TemporaryFolder folder;
  const Bytes bomb = png_file(8, 8, {}, {zlib_bomb(2'000'000)});
  put_file(folder.path() / "bomb.png", bomb);
  const std::int64_t taken = memory_taken([&] {
    CHECK_THROWS_WITH(read_image(folder.path() / "bomb.png"), ContainsSubstring("decoding requires more than"));
  });
  if (!sanitized) CHECK(taken < 64'000'000);
}

TEST_CASE("read_image reads the largest image within 64 MB") {
  const TemporaryFolder folder;
  write_png(folder.path() / "large.png", Array::zeros({3, 2048, 2048}, DType::u8));
  const std::int64_t taken = memory_taken([&] {
    CHECK(read_image(folder.path() / "large.png").shape() == Shape{3, 2048, 2048});
  });
  if (!sanitized) {
    CHECK(taken > 12'000'000);
    CHECK(taken < 64'000'000);
  }
}

TEST_CASE("read_image reads the largest images of the kinds that take most memory within 80 MB") {
  const TemporaryFolder folder;
  // More zeros than the pixels and the filter bytes of all passes.
  put_file(folder.path() / "interlaced.png",
           png_file(2048, 2048, {.color_type = 6, .is_interlaced = true}, {zlib_bomb(120'000)}));
  put_file(folder.path() / "cmyk.jpg", progressive_cmyk_jpeg(2048));
  for (const char* name : {"interlaced.png", "cmyk.jpg"}) {
    INFO(name);
    const std::int64_t taken = memory_taken([&] {
      CHECK(read_image(folder.path() / name).shape() == Shape{3, 2048, 2048});
    });
    if (!sanitized) {
      CHECK(taken > 30'000'000);
      CHECK(taken < 80'000'000);
    }
  }
}

TEST_CASE("read_image reads PNG files with empty chunks of data") {
  const TemporaryFolder folder;
  const Bytes data = zlib_bomb(50);
  const std::vector<std::vector<Bytes>> all = {
      {{}, data}, {{}, {}, data, {}}, {{data[0]}, {}, {data.begin() + 1, data.end()}}};
  for (const auto& chunks : all) {
    CHECK(outcome(folder, png_file(4, 4, {}, chunks)) == "read");
    CHECK(read_image(folder.path() / "file").to_vector<std::uint8_t>() == Bytes(48, 0));
  }
  CHECK_THAT(outcome(folder, png_file(4, 4, {}, {{}})), ContainsSubstring("broken or truncated"));
}

TEST_CASE("read_image names the kinds of JPEG that it cannot read") {
  const TemporaryFolder folder;
  const auto with_frame = [&](std::uint8_t marker, std::uint8_t bits) {
    Bytes jpeg = baseline_jpeg;
    const Bytes frame = {0xFF, 0xC0};
    const auto at = std::search(jpeg.begin(), jpeg.end(), frame.begin(), frame.end());
    at[1] = marker;
    at[4] = bits;
    return outcome(folder, jpeg);
  };
  CHECK(with_frame(0xC0, 8) == "read");
  for (const std::uint8_t marker : Bytes{0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}) {
    CHECK(with_frame(marker, 8) == "arithmetic-coded JPEG is not supported");
  }
  CHECK(with_frame(0xC3, 8) == "lossless JPEG is not supported");
  for (const std::uint8_t marker : Bytes{0xC5, 0xC6, 0xC7})
    CHECK(with_frame(marker, 8) == "hierarchical JPEG is not supported");
  CHECK(with_frame(0xC1, 12) == "expected 8 bits per channel, got 12");
}

TEST_CASE("write_png names the path and leaves no files behind when it fails") {
  const TemporaryFolder folder;
  const Array image = gradient(3, 2, 2);
  const std::string dir = folder.path().string();
  CHECK_THROWS_WITH(write_png(folder.path() / "none" / "image.png", image),
                    dir + "/none/image.png: cannot create a temporary file beside it: No such file or directory");
  std::filesystem::create_directories(folder.path() / "taken" / "inside");
  CHECK_THROWS_WITH(write_png(folder.path() / "taken", image),
                    dir + "/taken: cannot write: it exists and is not a regular file");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("write_png rejects non-image input") {
  CHECK_THROWS_WITH(write_png("any", Array::zeros({2, 4, 4}, DType::u8)),
                    "write_png: expected (3 or 1, H, W), got [2, 4, 4]");
  CHECK_THROWS_WITH(write_png("any", Array::zeros({3, 0, 4}, DType::u8)),
                    "write_png: expected (3 or 1, H, W), got [3, 0, 4]");
  CHECK_THROWS_WITH(write_png("any", Array::zeros({3, 4, 4})), "write_png: expected u8, got f32[3, 4, 4]");
}

}  // namespace test_image
