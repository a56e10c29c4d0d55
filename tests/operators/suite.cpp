#include "operators/suite.hpp"

#include <limits>
#include <string_view>

#include <tapestry/core/error.hpp>

namespace tapestry::testing {
namespace {

/// The same elements as a view into a larger array, in the same format: the middle one of three such arrays, or,
/// because only arrays of rank 3 and 4 can be channels-last, some images of a larger batch.
Array as_view(const Array& array) {
  const bool is_batch = array.rank() == 4;
  const Shape larger = is_batch ? array.shape().with(0, array.size(0) + 3) : joined({3}, array.shape());
  const Array whole = Array::full(larger, 7, array.dtype(), array.format());
  Array view = is_batch ? whole.slice(2, 2 + array.size(0)) : whole.slice(1, 2).reshape(array.shape());
  REQUIRE(view.shares_memory_with(whole));
  REQUIRE(view.format() == array.format());
  view.copy_from(array);
  return view;
}

void require_same_from_views(const CheckedFunction& function, const std::vector<Array>& inputs) {
  INFO("views");
  for (const bool is_channels_last : {false, true}) {
    std::vector<Array> copies, views;
    for (const Array& input : inputs) {
      copies.push_back((is_channels_last ? in_channels_last(input) : input).clone());
      views.push_back(as_view(copies.back()));
    }
    require_close(evaluate(function, views, as_view), evaluate(function, copies), 0);
  }
}

/// Requires that f32 gives the same as f64 for the same numbers, except for rounding.
void require_same_in_f32(const CheckedFunction& function, const std::vector<Array>& inputs, double tolerance) {
  std::vector<Array> single, same_in_double;
  for (const Array& input : inputs) {
    single.push_back(input.to(DType::f32));
    same_in_double.push_back(single.back().to(DType::f64));
  }
  INFO("f32 against f64, " << describe(inputs));
  Evaluation wanted = evaluate(function, same_in_double);
  wanted.value = wanted.value.to(DType::f32);
  for (Array& gradient : wanted.gradients) gradient = gradient.to(DType::f32);
  require_close(evaluate(function, single), wanted, tolerance);
}

/// Requires that channels-last inputs, all or only one of them, give the same as row-major inputs.
void require_same_in_channels_last(const CheckedFunction& function, const std::vector<Array>& inputs,
                                   double tolerance) {
  INFO("channels-last, " << describe(inputs));
  const Evaluation wanted = evaluate(function, inputs);
  std::vector<Array> all;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    all.push_back(in_channels_last(inputs[i]));
    std::vector<Array> one = inputs;
    one[i] = all.back();
    require_close(evaluate(function, one), wanted, tolerance);
  }
  require_close(evaluate(function, all), wanted, tolerance);
}

/// Requires that the gradient made of operators, which can be differentiated again, equals the fast one.
void require_both_forms(const CheckedFunction& function, const std::vector<Array>& inputs, double tolerance) {
  INFO("the gradient made of operators against the fast one");
  const auto same = [](const Array& seed) { return seed; };
  require_close(evaluate(function, inputs, same, {.create_graph = true}), evaluate(function, inputs), tolerance);
}

/// The value and the gradients of the inputs, one of which is replaced after forward unless `replacement` is undefined.
Evaluation evaluate_replacing(const CheckedFunction& function, const std::vector<Array>& inputs, std::size_t replaced,
                              bool is_leaf, const Array& replacement) {
  std::vector<Tensor> tensors, leaves;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    tensors.push_back(Tensor(inputs[i]).set_requires_grad(is_leaf || i != replaced));
    if (tensors[i].requires_grad()) leaves.push_back(tensors[i]);
  }
  const Tensor output = function(tensors);
  // The result of an operator that has nothing to do is its input.
  if (replacement.defined() && !output.is_same(tensors[replaced])) tensors[replaced].set_array(replacement);
  Evaluation result{.value = output.array(), .gradients = {}};
  if (!output.requires_grad()) return result;
  for (const Tensor& gradient : grad(output, leaves, Generator(99).reals(output.shape()))) {
    if (gradient.defined()) result.gradients.push_back(gradient.array());
  }
  return result;
}

/// Requires that results and gradients are those of the values that forward saw, even if the value of a leaf or a
/// constant is replaced before they are computed.
void require_same_after_replacement(const CheckedFunction& function, const std::vector<Array>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (const bool is_leaf : {true, false}) {
      INFO("the value of " << (is_leaf ? "leaf " : "constant ") << i << " is replaced, " << describe(inputs));
      const Array other = is_leaf ? Array::full(inputs[i].shape(), std::numeric_limits<double>::quiet_NaN(), DType::f64)
                                  : Array::zeros({0}, DType::f64);
      const Evaluation wanted = evaluate_replacing(function, inputs, i, is_leaf, {});
      const Evaluation got = evaluate_replacing(function, inputs, i, is_leaf, other);
      REQUIRE(got.gradients.size() == wanted.gradients.size());
      require_close(got, wanted, 0);
    }
  }
}

/// Requires an error, or a meaning such as "no bias", for every input that is undefined.
void require_no_crash_without(const CheckedFunction& function, const std::vector<Array>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    INFO("input " << i << " is undefined");
    std::vector<Tensor> tensors(inputs.begin(), inputs.end());
    tensors[i] = Tensor();
    try {
      const Array result = function(tensors).array();
      REQUIRE(result.defined());
    } catch (const Error& error) {
      REQUIRE(std::string_view(error.what()).size() > 0);
    }
  }
}

void require_values_only(const Sample& sample) {
  const auto value = [&](const auto& change) {
    std::vector<Tensor> inputs;
    for (const Array& input : sample.inputs) inputs.push_back(change(input));
    const Tensor result = sample.function(inputs);
    REQUIRE_FALSE(result.requires_grad());
    return result.array().to(DType::f64);
  };
  require_equal(value([](const Array& x) { return x.to(DType::f32); }),
                value([](const Array& x) { return x.to(DType::f32).to(DType::f64); }));
  const Array wanted = value([](const Array& x) { return x; });
  require_equal(value(in_channels_last), wanted);
  require_equal(value(as_view), wanted);
}

std::uint64_t seed_of(std::string_view name) {
  std::uint64_t seed = 0;
  for (const char c : name) seed = seed * 31 + static_cast<unsigned char>(c);
  return seed;
}

void require_sample(const OperatorEntry& entry, const Sample& sample) {
  INFO(describe(sample.inputs) << ' ' << sample.options);
  const Array result = sample.function({sample.inputs.begin(), sample.inputs.end()}).array();
  require_close(result.to(DType::f64), sample.expected, entry.tolerance);
  require_no_crash_without(sample.function, sample.inputs);
  if (!entry.is_differentiable) return require_values_only(sample);
  require_gradients(sample.function, sample.inputs, entry.gradients);
  require_both_forms(sample.function, sample.inputs, entry.forms_tolerance);
  require_same_in_f32(sample.function, sample.inputs, entry.f32_tolerance);
  require_same_in_channels_last(sample.function, sample.inputs, entry.format_tolerance);
  require_same_from_views(sample.function, sample.inputs);
  require_same_after_replacement(sample.function, sample.inputs);
}

}  // namespace

void check_operator(const OperatorEntry& entry) {
  const ThreadCount one(1);
  REQUIRE_FALSE(entry.on_empty.empty());
  REQUIRE_FALSE(entry.rejections.empty());
  Generator random(seed_of(entry.name));
  for (int i = 0; i < entry.configurations; ++i) {
    INFO(entry.name << ", call " << i);
    require_sample(entry, entry.sample(random));
  }
  for (const Sample& sample : entry.on_empty) {
    INFO(entry.name << " on nothing, " << describe(sample.inputs) << ' ' << sample.options);
    if (entry.is_differentiable) {
      require_works_on_empty(sample.function, sample.inputs, sample.expected.shape());
    } else {
      REQUIRE(sample.function({sample.inputs.begin(), sample.inputs.end()}).shape() == sample.expected.shape());
    }
  }
  for (const Rejection& rejection : entry.rejections) rejection.require();
}

}  // namespace tapestry::testing
