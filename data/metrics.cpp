#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/metrics.hpp>

namespace tapestry::data {
namespace {

void check_alike(std::string_view metric, const Array& a, const Array& b) {
  if (a.shape() != b.shape()) {
    throw ShapeError(
        fmt::format("{}: expected two arrays of the same shape, got {} and {}", metric, to_string(a), to_string(b)));
  }
  if (a.dtype() != b.dtype()) {
    throw DTypeError(
        fmt::format("{}: expected two arrays of the same dtype, got {} and {}", metric, to_string(a), to_string(b)));
  }
  if (a.numel() == 0) throw ValueError(fmt::format("{}: expected at least one element, got {}", metric, to_string(a)));
}

std::size_t checked_class(const Array& array, std::int64_t value, std::size_t index, std::int64_t classes) {
  if (value < 0 || value >= classes) {
    throw ValueError(fmt::format("mean_iou: expected classes in [0, {}), got {} at element {} of {}", classes, value,
                                 index, to_string(array)));
  }
  return static_cast<std::size_t>(value);
}

}  // namespace

double mean_iou(const Array& predicted, const Array& truth, std::int64_t classes) {
  check_alike("mean_iou", predicted, truth);
  if (truth.dtype() != DType::i64) {
    throw DTypeError(fmt::format("mean_iou: expected classes of i64, got {}", to_string(truth)));
  }
  if (classes < 1) throw ValueError(fmt::format("mean_iou: classes must be at least 1, got {}", classes));
  const auto ours = predicted.to_vector<std::int64_t>();
  const auto theirs = truth.to_vector<std::int64_t>();
  std::vector<std::int64_t> common(static_cast<std::size_t>(classes));
  std::vector<std::int64_t> either(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const std::size_t a = checked_class(predicted, ours[i], i, classes);
    const std::size_t b = checked_class(truth, theirs[i], i, classes);
    ++either[a];
    if (a == b) {
      ++common[a];
    } else {
      ++either[b];
    }
  }
  double total = 0;
  int present = 0;
  for (std::size_t c = 0; c < common.size(); ++c) {
    if (either[c] == 0) continue;
    total += static_cast<double>(common[c]) / static_cast<double>(either[c]);
    ++present;
  }
  return total / present;
}

double psnr(const Array& image, const Array& original, double peak) {
  check_alike("psnr", image, original);
  if (!is_floating(image.dtype())) throw_not_floating("psnr", image.dtype());
  if (!(peak > 0)) throw ValueError(fmt::format("psnr: peak must be positive, got {}", peak));
  const auto have = image.to(DType::f64).to_vector<double>();
  const auto want = original.to(DType::f64).to_vector<double>();
  double squares = 0;
  for (std::size_t i = 0; i < have.size(); ++i) squares += (have[i] - want[i]) * (have[i] - want[i]);
  return 10 * std::log10(peak * peak * static_cast<double>(have.size()) / squares);
}

}  // namespace tapestry::data
