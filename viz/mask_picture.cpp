#include <array>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/drawing/draw.hpp>
#include <tapestry/viz/mask_picture.hpp>

namespace tapestry::viz {
namespace {

constexpr data::Color ground = {34, 34, 40};
// The categorical colors of Tableau 10, ordered so that neighbors differ most.
constexpr std::array<data::Color, 10> colors = {{{78, 121, 167},
                                                 {242, 142, 43},
                                                 {89, 161, 79},
                                                 {225, 87, 89},
                                                 {237, 201, 72},
                                                 {176, 122, 161},
                                                 {118, 183, 178},
                                                 {255, 157, 167},
                                                 {156, 117, 95},
                                                 {186, 176, 172}}};

}  // namespace

Array mask_picture(const Array& mask) {
  if (mask.rank() != 2) throw ShapeError(fmt::format("mask_picture: expected (H, W), got {}", to_string(mask)));
  if (mask.dtype() != DType::i64) throw DTypeError(fmt::format("mask_picture: expected i64, got {}", to_string(mask)));
  const auto classes = mask.to_vector<std::int64_t>();
  Array picture = Array::empty({3, mask.size(0), mask.size(1)}, DType::u8);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (classes[i] < 0) {
      throw ValueError(fmt::format("mask_picture: classes must not be negative, got {} at row {}, column {}",
                                   classes[i], at / mask.size(1), at % mask.size(1)));
    }
    const data::Color color =
        classes[i] == 0 ? ground : colors[static_cast<std::size_t>(classes[i] - 1) % colors.size()];
    data::fill_rectangle(picture, at % mask.size(1), at / mask.size(1), 1, 1, color);
  }
  return picture;
}

}  // namespace tapestry::viz
