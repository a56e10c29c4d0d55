#include <algorithm>
#include <array>
#include <span>
#include <string>

#include <fmt/format.h>
#include <stb/stb_easy_font.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/drawing/detail/letters.hpp>
#include <tapestry/data/drawing/draw.hpp>

namespace tapestry::data {
namespace {

void check_image(const char* operation, const Array& image) {
  if (image.rank() != 3) {
    throw ShapeError(fmt::format("{}: expected (C, H, W), got {}", operation, to_string(image.shape())));
  }
  if (image.dtype() != DType::u8) {
    throw DTypeError(fmt::format("{}: expected u8, got {}", operation, to_string(image)));
  }
}

void check_scale(const char* operation, const char* name, std::int64_t scale) {
  if (scale < 1) throw ValueError(fmt::format("{}: {} must be at least 1, got {}", operation, name, scale));
}

constexpr std::int64_t line_height = 12;
/// The width of a box, and the space after a letter.
constexpr std::int64_t box_width = 5;
constexpr std::int64_t letter_gap = 2;

struct Vertex {
  float x, y, z;
  std::array<std::uint8_t, 4> color;
};
using Quad = std::array<Vertex, 4>;

/// The width of a letter with the space after it.
std::int64_t advance(const Letter& letter) {
  if (letter.base.empty()) return box_width + letter_gap;
  std::string base = letter.base;
  return stb_easy_font_width(base.data());
}

/// The pixels of a mark and the row of the first, relative to the letter's top; '/' separates rows.
struct Mark {
  std::string_view pixels;
  std::int64_t row;
};

/// `top` is the row for marks of two rows above the letter.
Mark mark_of(char mark, std::int64_t top) {
  switch (mark) {
    case '`':
      return {"#./.#", top};
    case '\'':
      return {".#/#.", top};
    case '^':
      return {".#./#.#", top};
    case '~':
      return {".#.#/#.#.", top};
    case ':':
      return {"#.#", top + 1};
    case 'o':
      return {"##/##", top};
    case 'v':
      return {"#.#/.#.", top};
    case '-':
      return {"####", top + 1};
    case 'u':
      return {"#..#/.##.", top};
    case '.':
      return {"#", top + 1};
    case '"':
      return {".#.#/#.#.", top};
    case '?':
      return {"##/.#", top};
    case '+':
      return {"....#/...#.", top + 1};
    case ',':
      return {".#/#.", 7};
    case '!':
      return {"#", 8};
    case '/':
      return {"#####", 3};
    case '=':
      return {"#####", 1};
    default:
      return {"", 0};
  }
}

bool is_above(char mark) {
  return mark_of(mark, -9).row < 0;
}

/// Draws on an image in units of `scale` pixels, from a letter's top left corner.
struct Pen {
  Array& image;
  std::int64_t x, y, scale;
  Color color;

  void fill(std::int64_t left, std::int64_t top, std::int64_t width, std::int64_t height) const {
    fill_rectangle(image, x + left * scale, y + top * scale, width * scale, height * scale, color);
  }
};

void draw_mark(const Pen& pen, const Mark& mark, std::int64_t letter_width) {
  const auto columns = static_cast<std::int64_t>(std::min(mark.pixels.find('/'), mark.pixels.size()));
  const std::int64_t left = (letter_width - columns + 1) / 2;
  std::int64_t row = mark.row, column = 0;
  for (const char pixel : mark.pixels) {
    if (pixel == '/') {
      ++row;
      column = 0;
      continue;
    }
    if (pixel == '#') pen.fill(left + column, row, 1, 1);
    ++column;
  }
}

void draw_box(const Pen& pen) {
  constexpr std::int64_t height = 7;
  pen.fill(0, 0, box_width, 1);
  pen.fill(0, height - 1, box_width, 1);
  pen.fill(0, 0, 1, height);
  pen.fill(box_width - 1, 0, 1, height);
}

void draw_letter(const Pen& pen, const Letter& letter) {
  if (letter.base.empty()) {
    draw_box(pen);
    return;
  }
  const bool has_marks_above = std::ranges::any_of(letter.marks, is_above);
  const bool loses_dot = (letter.base == "i" || letter.base == "j") && (has_marks_above || letter.marks[0] == '*');
  std::string base = letter.base;
  // No character has 20 rectangles or more.
  std::array<Quad, 40> quads;
  const int count = stb_easy_font_print(0, 0, base.data(), nullptr, quads.data(), static_cast<int>(sizeof(quads)));
  std::int64_t highest = line_height, letter_width = 0;
  for (const Quad& quad : std::span(quads).first(static_cast<std::size_t>(count))) {
    const auto left = static_cast<std::int64_t>(quad[0].x);
    const auto top = static_cast<std::int64_t>(quad[0].y);
    if (loses_dot && top < 2) continue;
    highest = std::min(highest, top);
    const auto right = static_cast<std::int64_t>(quad[2].x);
    letter_width = std::max(letter_width, right);
    pen.fill(left, top, right - left, static_cast<std::int64_t>(quad[2].y) - top);
  }
  std::int64_t above = highest - 3;
  for (const char mark : letter.marks) {
    draw_mark(pen, mark_of(mark, above), letter_width);
    if (is_above(mark)) above -= 2;
  }
}

}  // namespace

void fill_rectangle(Array& image, std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height,
                    Color color) {
  check_image("fill_rectangle", image);
  const auto stride = image.strides();
  const std::array<std::uint8_t, 3> parts = {color.red, color.green, color.blue};
  auto* pixels = image.mutable_data<std::uint8_t>();
  const std::int64_t bottom = std::min(y + height, image.size(1));
  const std::int64_t right = std::min(x + width, image.size(2));
  for (std::int64_t channel = 0; channel < image.size(0); ++channel) {
    const std::uint8_t part = parts[static_cast<std::size_t>(channel % 3)];
    for (std::int64_t row = std::max<std::int64_t>(y, 0); row < bottom; ++row) {
      std::uint8_t* line = pixels + channel * stride[0] + row * stride[1];
      for (std::int64_t column = std::max<std::int64_t>(x, 0); column < right; ++column) {
        line[column * stride[2]] = part;
      }
    }
  }
}

void draw_text(Array& image, std::int64_t x, std::int64_t y, std::string_view text, Color color, std::int64_t scale) {
  check_image("draw_text", image);
  check_scale("draw_text", "scale", scale);
  Pen pen = {.image = image, .x = x, .y = y, .scale = scale, .color = color};
  for (const Letter& letter : letters_of(text)) {
    if (letter.base == "\n") {
      pen.x = x;
      pen.y += line_height * scale;
      continue;
    }
    draw_letter(pen, letter);
    pen.x += advance(letter) * scale;
  }
}

std::int64_t text_width(std::string_view text, std::int64_t scale) {
  check_scale("text_width", "scale", scale);
  std::int64_t widest = 0, width = 0;
  for (const Letter& letter : letters_of(text)) {
    width = letter.base == "\n" ? 0 : width + advance(letter);
    widest = std::max(widest, width);
  }
  return scale * widest;
}

void paste(Array& canvas, const Array& image, std::int64_t x, std::int64_t y) {
  check_image("paste", canvas);
  check_image("paste", image);
  if (image.size(0) != canvas.size(0) && image.size(0) != 1) {
    throw ShapeError(fmt::format("paste: expected {} channels or 1 (canvas {}), got image {}", canvas.size(0),
                                 to_string(canvas.shape()), to_string(image.shape())));
  }
  const auto to = canvas.strides();
  const auto from = image.strides();
  auto* out = canvas.mutable_data<std::uint8_t>();
  const auto* in = image.data<std::uint8_t>();
  const std::int64_t bottom = std::min(y + image.size(1), canvas.size(1));
  const std::int64_t right = std::min(x + image.size(2), canvas.size(2));
  for (std::int64_t channel = 0; channel < canvas.size(0); ++channel) {
    const std::int64_t source = image.size(0) == 1 ? 0 : channel * from[0];
    for (std::int64_t row = std::max<std::int64_t>(y, 0); row < bottom; ++row) {
      for (std::int64_t column = std::max<std::int64_t>(x, 0); column < right; ++column) {
        out[channel * to[0] + row * to[1] + column * to[2]] = in[source + (row - y) * from[1] + (column - x) * from[2]];
      }
    }
  }
}

Array enlarge(const Array& image, std::int64_t factor) {
  check_image("enlarge", image);
  check_scale("enlarge", "factor", factor);
  const auto from = image.strides();
  const auto* in = image.data<std::uint8_t>();
  Array result = Array::empty({image.size(0), factor * image.size(1), factor * image.size(2)}, DType::u8,
                              MemoryFormat::channels_last);
  auto* out = result.mutable_data<std::uint8_t>();
  for (std::int64_t row = 0; row < result.size(1); ++row) {
    for (std::int64_t column = 0; column < result.size(2); ++column) {
      for (std::int64_t channel = 0; channel < result.size(0); ++channel) {
        *out++ = in[channel * from[0] + row / factor * from[1] + column / factor * from[2]];
      }
    }
  }
  return result;
}

}  // namespace tapestry::data
