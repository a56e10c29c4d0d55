#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/detail/pointwise_loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

void DiceLossOptions::check(std::string_view operation) const {
  if (smooth > 0 && std::isfinite(smooth)) return;
  throw ValueError(fmt::format("{}: smooth must be positive and finite, got {}", operation, smooth));
}

Tensor dice_loss(const Tensor& probabilities, const Tensor& targets, const DiceLossOptions& options) {
  constexpr std::string_view name = "dice_loss";
  detail::check_same_shape(name, probabilities, targets);
  const Shape& shape = probabilities.shape();
  if (shape.rank() < 3) {
    throw ShapeError(fmt::format("{}: expected probabilities (N, C, d₁, …), got {}", name, to_string(shape)));
  }
  const double smooth = options.smooth;
  options.check(name);
  if (options.reduction == Reduction::mean && shape[0] * shape[1] == 0) {
    throw ValueError(fmt::format("{}: cannot take the mean over no classes (input {})", name, to_string(shape)));
  }
  std::vector<int> pixels;
  for (int axis = 2; axis < shape.rank(); ++axis) pixels.push_back(axis);
  const Tensor common = sum(probabilities * targets, pixels);
  const Tensor all = sum(probabilities, pixels) + sum(targets, pixels);
  const Tensor losses = 1 - (common * 2 + smooth) / (all + smooth);
  if (options.reduction == Reduction::none) return losses;
  return options.reduction == Reduction::mean ? mean(losses) : sum(losses);
}

}  // namespace tapestry
