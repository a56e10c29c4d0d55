// The test suite for all operators. An entry describes one operator: random valid calls with the results of
// plain loops, calls on empty arrays, and calls that throw. `check_operator` does the rest.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tapestry/core/required.hpp>

#include "autograd/generate.hpp"

namespace tapestry::testing {

using Inputs = const std::vector<Tensor>&;
using Index = std::vector<std::int64_t>;

/// The element of an f64 array at an index.
inline double element(const Array& array, const Index& index) {
  const auto strides = array.strides();
  std::int64_t position = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) position += index[axis] * strides[axis];
  return array.data<double>()[position];
}

/// The f64 array of `shape` with value(index) at every index: a reference as plain as the definition.
template <class Value>
Array made_of(const Shape& shape, const Value& value) {
  std::vector<double> values;
  Index index(static_cast<std::size_t>(shape.rank()), 0);
  for (std::int64_t i = 0; i < shape.numel(); ++i, advance(index, shape)) {
    values.push_back(static_cast<double>(value(static_cast<const Index&>(index))));
  }
  return Array::from(shape, values);
}

/// The f64 array of f(element).
template <class F>
Array mapped(const Array& x, const F& f) {
  return made_of(x.shape(), [&](const Index& index) { return f(element(x, index)); });
}

/// The sizes of one shape and then those of another.
inline Shape joined(const Shape& front, const Shape& back) {
  std::vector<std::int64_t> sizes(front.begin(), front.end());
  sizes.insert(sizes.end(), back.begin(), back.end());
  return Shape(sizes);
}

/// Some of the axes of a shape, or all, in any order, some counted from the end.
inline std::vector<int> some_axes(Generator& random, const Shape& shape, bool takes_all = false) {
  std::vector<int> axes;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (!takes_all && random.one_in(2)) continue;
    const auto place = axes.begin() + random.between(0, static_cast<std::int64_t>(axes.size()));
    axes.insert(place, random.one_in(2) ? axis : axis - shape.rank());
  }
  return axes;
}

inline std::string in_words(const std::vector<int>& axes) {
  std::string text = "axes";
  for (const int axis : axes) text += " " + std::to_string(axis);
  return text;
}

/// One call of an operator.
struct Sample {
  CheckedFunction function;   ///< the operator with its options, as a function of its differentiable inputs
  std::vector<Array> inputs;  ///< f64
  Array expected;             ///< the result by plain loops, f64
  std::string options = {};   ///< described in words, for messages
};

/// A call that throws, and the full text of the error.
struct Rejection {
  std::function<void()> require;
};

template <class Error, class Call>
Rejection rejects(Call call, const std::string& text) {
  return {[=] { REQUIRE_THROWS_MATCHES(call(), Error, Catch::Matchers::Message(text)); }};
}

/// Both lists, concatenated.
inline std::vector<Rejection> with(std::vector<Rejection> rejections, const std::vector<Rejection>& more) {
  rejections.insert(rejections.end(), more.begin(), more.end());
  return rejections;
}

struct OperatorEntry {
  /// The declared name; a build step looks for `.name = "…"` of every operator.
  std::string name;
  /// Generates a valid call: different axes, different options per axis, away from kinks and ties.
  std::function<Sample(Generator&)> sample;
  /// Calls on arrays without elements, at least one; `expected` has the shape of the result.
  std::vector<Sample> on_empty = {};
  /// Calls that throw, at least one.
  std::vector<Rejection> rejections = {};
  int configurations = 30;
  /// False for results without a derivative: masks and indices.
  bool is_differentiable = true;
  GradcheckOptions gradients = {};
  /// Tolerance of f64 results against plain loops, relative to the larger of 1 and the value: some roundings of 1e-16.
  double tolerance = 1e-14;
  /// Tolerance of f32 against f64, for values and gradients: some successive roundings of 6e-8.
  double f32_tolerance = 1e-6;
  /// Tolerance of the gradient made of operators against the fast one: some hundred roundings of 1e-16.
  double forms_tolerance = 1e-13;
  /// Tolerance between memory formats: 0 if the order of summation does not depend on the format.
  double format_tolerance = 0;
};

/// An operator that only moves elements.
inline OperatorEntry moving(OperatorEntry entry) {
  entry.gradients = linear_in_each;
  entry.tolerance = 0;
  entry.f32_tolerance = 0;
  return entry;
}

/// Requires of every generated call: the result of plain loops, gradients of both orders and in both forms, the same in
/// f32, in both memory formats, for views into larger arrays and when the value of an input is replaced after forward,
/// and no crash if an input is undefined; then the calls on empty arrays and the errors.
void check_operator(const OperatorEntry& entry);

}  // namespace tapestry::testing
