#include <algorithm>
#include <string>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/data/drawing/draw.hpp>

#include "catch.hpp"

using namespace tapestry;
using namespace tapestry::data;

namespace {

using Bytes = std::vector<std::uint8_t>;

Array black(std::int64_t channels, std::int64_t height, std::int64_t width,
            MemoryFormat format = MemoryFormat::channels_last) {
  return Array::zeros({channels, height, width}, DType::u8, format);
}

}  // namespace

TEST_CASE("fill_rectangle clips to the image in either memory format") {
  for (const MemoryFormat format : {MemoryFormat::row_major, MemoryFormat::channels_last}) {
    Array image = black(3, 2, 3, format);
    fill_rectangle(image, 1, -5, 9, 6, {1, 2, 3});
    CHECK(image.to_vector<std::uint8_t>() == Bytes{0, 1, 1, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 3, 3, 0, 0, 0});
  }
}

TEST_CASE("draw_text draws letters") {
  Array image = black(1, 9, 6);
  draw_text(image, 0, 0, "T", {1, 1, 1});
  const Bytes drawn = image.to_vector<std::uint8_t>();
  std::string picture;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    picture += drawn[i] != 0 ? '#' : '.';
    if (i % 6 == 5) picture += '\n';
  }
  CHECK(picture ==
        "#####.\n"
        "..#...\n"
        "..#...\n"
        "..#...\n"
        "..#...\n"
        "..#...\n"
        "..#...\n"
        "......\n"
        "......\n");
}

TEST_CASE("draw_text scales and accepts any bytes") {
  Array small = black(1, 24, 60);
  draw_text(small, 2, 1, "A\n7", {9, 9, 9});
  Array large = black(1, 48, 120);
  draw_text(large, 4, 2, "A\n7", {9, 9, 9}, 2);
  CHECK(enlarge(small, 2).to_vector<std::uint8_t>() == large.to_vector<std::uint8_t>());

  Array question = black(1, 12, 20);
  draw_text(question, 0, 0, "??", {9, 9, 9});
  Array umlaut = black(1, 12, 20);
  draw_text(umlaut, 0, 0, "\xC3\xA4", {9, 9, 9});
  CHECK(umlaut.to_vector<std::uint8_t>() == question.to_vector<std::uint8_t>());
  CHECK(text_width("??") == text_width("\xC3\xA4"));
  CHECK(text_width("ab\nabcd", 3) == 3 * text_width("abcd"));
  CHECK_THROWS_WITH(draw_text(small, 0, 0, "a", {}, 0), "draw_text: scale must be at least 1, got 0");
}

TEST_CASE("draw_text draws every printable character within its bounds") {
  std::string all;
  for (char c = ' '; c <= '~'; ++c) all += c;
  Array image = black(1, 14, text_width(all) + 10);
  draw_text(image, 0, 0, all, {1, 1, 1});
  // The last characters are drawn, so the buffer was large enough.
  const Bytes drawn = image.to_vector<std::uint8_t>();
  std::int64_t last = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (drawn[i] != 0) last = std::max(last, static_cast<std::int64_t>(i) % image.size(2));
  }
  CHECK(last >= text_width(all) - 3);
}

TEST_CASE("paste clips to the canvas") {
  Array canvas = black(3, 2, 2);
  const Array image = Array::from({3, 2, 2}, Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  paste(canvas, image, 1, -1);
  CHECK(canvas.to_vector<std::uint8_t>() == Bytes{0, 3, 0, 0, 0, 7, 0, 0, 0, 11, 0, 0});
  paste(canvas, Array::full({1, 1, 1}, 50, DType::u8), 0, 1);
  CHECK(canvas.to_vector<std::uint8_t>() == Bytes{0, 3, 50, 0, 0, 7, 50, 0, 0, 11, 50, 0});
  Array gray = black(1, 2, 2);
  CHECK_THROWS_WITH(paste(gray, image, 0, 0),
                    "paste: expected 1 channels or 1 (canvas [1, 2, 2]), got image [3, 2, 2]");
}

TEST_CASE("enlarge repeats every pixel") {
  const Array image = Array::from({1, 1, 2}, Bytes{4, 9});
  CHECK(enlarge(image, 2).to_vector<std::uint8_t>() == Bytes{4, 4, 9, 9, 4, 4, 9, 9});
  CHECK_THROWS_WITH(enlarge(image, 0), "enlarge: factor must be at least 1, got 0");
  CHECK_THROWS_WITH(enlarge(Array::zeros({1, 2, 2}), 2), "enlarge: expected u8, got f32[1, 2, 2]");
}
