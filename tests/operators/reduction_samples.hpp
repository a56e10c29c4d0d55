// Random calls of operators that reduce axes.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <tapestry/core/error.hpp>

#include "operators/suite.hpp"

namespace tapestry::testing {

using ReductionCall = std::function<Tensor(const Tensor& x, const std::vector<int>& axes, bool keepdim)>;

/// A call over some axes, of which none are all, of numbers away from 0, with at least `fewest` elements for each of
/// the result; the reference is `plain` of these.
inline Sample reduction_sample(Generator& random, const ReductionCall& call,
                               const std::function<double(const std::vector<double>&)>& plain,
                               std::int64_t fewest = 1) {
  Shape shape = random.shape(fewest > 1 ? 1 : 0, 4, 4);
  const std::vector<int> axes = some_axes(random, shape);
  const auto is_reduced = [&](int axis) {
    return axes.empty() ||
           std::any_of(axes.begin(), axes.end(), [&](int one) { return shape.checked_axis(one) == axis; });
  };
  if (fewest > 1) shape = shape.with(axes.empty() ? 0 : axes[0], random.between(fewest, 5));
  const Array x = random.reals_with_gap(shape);
  Shape kept = shape;
  std::vector<std::int64_t> rest;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (is_reduced(axis)) {
      kept = kept.with(axis, 1);
    } else {
      rest.push_back(shape[axis]);
    }
  }
  std::vector<std::vector<double>> groups(static_cast<std::size_t>(kept.numel()));
  Index index(static_cast<std::size_t>(shape.rank()), 0);
  for (std::int64_t i = 0; i < shape.numel(); ++i, advance(index, shape))
    groups[broadcast_position(index, kept)].push_back(element(x, index));
  std::vector<double> values;
  for (const auto& group : groups) values.push_back(plain(group));

  const bool keepdim = random.one_in(2);
  return {.function = [=](Inputs in) { return call(in[0], axes, keepdim); },
          .inputs = {x},
          .expected = Array::from(keepdim ? kept : Shape(rest), values),
          .options = (keepdim ? "keepdim, " : "") + in_words(axes)};
}

/// The errors of every reduction of floating tensors.
inline std::vector<Rejection> reduction_rejections(const std::string& name, const ReductionCall& call) {
  const auto over = [=](const std::vector<int>& axes) {
    return [=] { return call(Array::zeros({2, 3}), axes, false); };
  };
  return {rejects<ShapeError>(over({2}), "shape: axis 2 is out of range for [2, 3] of rank 2"),
          rejects<ShapeError>(over({0, -2}), name + ": axis -2 of [2, 3] is listed twice in [0, -2]"),
          rejects<DTypeError>([=] { return call(Array::zeros({2}, DType::i64), {0}, false); },
                              name + ": expected f32 or f64, got i64")};
}

}  // namespace tapestry::testing
