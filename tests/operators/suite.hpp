// The one suite that every operator goes through. An operator is an entry: calls of it that a generator makes up, what
// plain loops give for each, calls on nothing, and calls that it refuses; `check_operator` does the rest.
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

/// The f64 array of `shape` that holds value(index) at every index: a reference as plain as its definition.
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
  CheckedFunction function;   ///< the operator with its options, of the inputs that it has gradients for
  std::vector<Array> inputs;  ///< f64
  Array expected;             ///< the result by plain loops, f64
  std::string options = {};   ///< in words, for messages
};

/// A call that throws, and the whole text of the error.
struct Refusal {
  std::function<void()> require;
};

template <class Error, class Call>
Refusal refuses(Call call, const std::string& text) {
  return {[=] { REQUIRE_THROWS_MATCHES(call(), Error, Catch::Matchers::Message(text)); }};
}

/// All of both.
inline std::vector<Refusal> with(std::vector<Refusal> refusals, const std::vector<Refusal>& more) {
  refusals.insert(refusals.end(), more.begin(), more.end());
  return refusals;
}

struct OperatorEntry {
  /// As declared; a build step looks for `.name = "…"` of every operator.
  std::string name;
  /// Makes up a valid call: axes that differ, options that differ per axis, away from kinks and ties.
  std::function<Sample(Generator&)> sample;
  /// Calls on arrays without elements; `expected` has the shape of the result. Empty only where these are refused.
  std::vector<Sample> on_nothing = {};
  std::vector<Refusal> refusals = {};
  int configurations = 30;
  /// False for what has no derivative: masks and indices.
  bool is_differentiable = true;
  GradcheckOptions gradients = {};
  /// Of the f64 result against plain loops, relative to the larger of 1 and the value: some roundings of 1e-16.
  double tolerance = 1e-14;
  /// Of f32 against f64, values and gradients: some roundings of 6e-8, one after the other.
  double f32_tolerance = 1e-6;
  /// Of the gradient made of operators against the fast one: some hundred roundings of 1e-16.
  double forms_tolerance = 1e-13;
  /// 0 where the order of summation does not depend on the memory format.
  double format_tolerance = 0;
};

/// An operator that moves elements and nothing else.
inline OperatorEntry moving(OperatorEntry entry) {
  entry.gradients = linear_in_each;
  entry.tolerance = 0;
  entry.f32_tolerance = 0;
  return entry;
}

/// Requires of every made-up call: the result of plain loops, gradients of both orders and in both forms, the same in
/// f32, in either memory format and from views into larger arrays; then the calls on nothing and the refusals.
void check_operator(const OperatorEntry& entry);

}  // namespace tapestry::testing
