#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/data/drawing/draw.hpp>

#include "catch.hpp"

namespace test_draw {

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

  Array question = black(1, 12, 40);
  draw_text(question, 0, 0, "??a???", {9, 9, 9});
  Array broken = black(1, 12, 40);
  draw_text(broken, 0, 0,
            std::string_view("\xC3\xFF"
                             "a\x01\x7F\0",
                             6),
            {9, 9, 9});
  CHECK(broken.to_vector<std::uint8_t>() == question.to_vector<std::uint8_t>());
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

TEST_CASE("draw_text draws Latin letters with accents") {
  const auto drawn = [](std::string_view text) {
    Array image = black(1, 12, 6);
    draw_text(image, 0, 3, text, {1, 1, 1});
    const Bytes pixels = image.to_vector<std::uint8_t>();
    std::string picture;
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      picture += pixels[i] != 0 ? '#' : '.';
      if (i % 6 == 5) picture += '\n';
    }
    return picture;
  };
  CHECK(drawn("\u00e9") ==
        "......\n"
        "......\n"
        "..#...\n"
        ".#....\n"
        "......\n"
        ".##...\n"
        "#..#..\n"
        "####..\n"
        "#.....\n"
        ".##...\n"
        "......\n"
        "......\n");
  // The letter followed by a combining accent.
  CHECK(drawn("e\u0301") == drawn("\u00e9"));
  CHECK(drawn("U\u0308") == drawn("\u00dc"));
  CHECK(drawn("\u0103\u0301") == drawn("\u1eaf"));
  // The accent replaces the dot of an i.
  CHECK(drawn("\u0131\u0308") == drawn("\u00ef"));
  CHECK(drawn("\u00c6") == drawn("AE"));
  CHECK(text_width("\u00e9t\u00e9") == text_width("ete"));
  // Every letter differs from its base and from the others.
  std::set<std::string> pictures;
  const std::string french_polish_turkish = "aeiouAEIOUcCnNsSzZlLgGyY";
  for (const char letter : french_polish_turkish) pictures.insert(drawn(std::string(1, letter)));
  const std::vector<std::string> accented = {
      "\u00e0", "\u00e1", "\u00e2", "\u00e3", "\u00e4", "\u00e5", "\u0105", "\u00e7", "\u0107", "\u010d", "\u00e8",
      "\u00e9", "\u00ea", "\u00eb", "\u0119", "\u011b", "\u011f", "\u00ee", "\u00ef", "\u0131", "\u0142", "\u00f1",
      "\u0144", "\u00f4", "\u00f6", "\u0151", "\u00f8", "\u015b", "\u015f", "\u0161", "\u00f9", "\u00fb", "\u00fc",
      "\u00ff", "\u017a", "\u017c", "\u017e", "\u00c9", "\u00d6", "\u00dc", "\u0130", "\u015a", "\u1ea5", "\u1ed9"};
  for (const std::string& letter : accented) pictures.insert(drawn(letter));
  CHECK(pictures.size() == french_polish_turkish.size() + accented.size());
}

TEST_CASE("draw_text draws one box for each character that the font does not have") {
  const std::int64_t box = text_width("\u8bad");
  CHECK(text_width("\u8bad\u7ec3") == 2 * box);
  CHECK(text_width("\U0001F600a") == box + text_width("a"));
  CHECK(text_width("\u0436\n\u0436\u0436") == 2 * box);
  Array image = black(1, 8, 6);
  draw_text(image, 0, 0, "\u8bad", {1, 1, 1});
  const Bytes pixels = image.to_vector<std::uint8_t>();
  CHECK(std::count(pixels.begin(), pixels.end(), 1) == 2 * 5 + 2 * 5);
}

}  // namespace test_draw
