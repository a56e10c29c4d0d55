#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/attention/attention.hpp>
#include <tapestry/autograd/ops/attention/detail/masked_products.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/reduced_axes.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/elementwise/exp_rows.hpp>
#include <tapestry/kernels/reduction/softmax.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry {
namespace {

constexpr std::string_view attention_name = "scaled_dot_product_attention";

/// Calls body(row, first element) for every row of the last axis, in parallel.
template <class Body>
void for_each_query(const Shape& scores, const Body& body) {
  const std::int64_t keys = scores[-1];
  if (keys == 0) return;
  kernels::parallel_ranges(scores.numel() / keys, 1 + 4096 / keys, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) body(row, row * keys);
  });
}

/// The keys that the queries of scores (…, L, S) may attend to.
class Visibility {
 public:
  Visibility(const Shape& scores, const Array& mask, bool is_causal) : scores_(scores), is_causal_(is_causal) {
    if (!mask.defined()) return;
    mask_ = mask.contiguous();
    strides_.assign(static_cast<std::size_t>(scores.rank()), 0);
    std::int64_t stride = 1;
    for (int axis = 1; axis <= mask.rank(); ++axis) {
      if (mask.size(-axis) != 1) strides_[static_cast<std::size_t>(scores.rank() - axis)] = stride;
      stride *= mask.size(-axis);
    }
  }

  /// Calls body(key) for every key that the query of a row may attend to.
  template <class Body>
  void for_each_key(std::int64_t row, const Body& body) const {
    const std::int64_t end = is_causal_ ? std::min(scores_[-1], row % scores_[-2] + 1) : scores_[-1];
    if (!mask_.defined()) {
      for (std::int64_t key = 0; key < end; ++key) body(key);
      return;
    }
    const auto* allowed = mask_.data<std::uint8_t>() + mask_row(row);
    for (std::int64_t key = 0; key < end; ++key) {
      if (allowed[key * strides_.back()] != 0) body(key);
    }
  }

 private:
  std::int64_t mask_row(std::int64_t row) const {
    std::int64_t offset = 0;
    for (int axis = scores_.rank() - 2; axis >= 0; --axis) {
      offset += row % scores_[axis] * strides_[static_cast<std::size_t>(axis)];
      row /= scores_[axis];
    }
    return offset;
  }

  Shape scores_;
  bool is_causal_;
  Array mask_;
  std::vector<std::int64_t> strides_;  ///< strides of the mask for every axis of the scores
};

/// The softmax of the scores over the keys that a query may attend to; 0 for all other keys.
struct AttentionWeights {
  static constexpr std::string_view name = attention_name;
  bool is_causal_;
  Array mask_;
  SavedTensor y_ = {};

  Array forward(const Tensor& scores) {
    Array result = Array::empty(scores.shape(), scores.dtype());
    const std::int64_t keys = scores.size(-1);
    const Array rows = scores.array().contiguous();
    const Visibility visible(scores.shape(), mask_, is_causal_);
    visit_floating(name, scores.dtype(), [&]<class T>() {
      const T* in = rows.data<T>();
      T* out = result.mutable_data<T>();
      for_each_query(scores.shape(), [&](std::int64_t row, std::int64_t first) {
        constexpr T none = -std::numeric_limits<T>::infinity();
        T* const weights = out + first;
        std::fill_n(weights, keys, none);
        T largest = none;
        visible.for_each_key(row, [&](std::int64_t key) {
          const T score = in[first + key];
          weights[key] = score;
          // Keeps a NaN as the maximum.
          if (score > largest || score != score) largest = score;
        });
        if (largest == none) {
          std::fill_n(weights, keys, T{0});
          return;
        }
        const auto share = static_cast<T>(1 / kernels::exp_row(keys, weights, largest, weights));
        for (std::int64_t key = 0; key < keys; ++key) weights[key] *= share;
      });
    });
    y_ = SavedTensor::output(result);
    return result;
  }

  // dsᵢ = yᵢ · (gᵢ − Σⱼ gⱼ yⱼ), as for any softmax.
  Array backward(const Array& gradient) const {
    const Array y = y_.array();
    return detail::run_kernel(name, gradient, y.shape(), y.format(), [&]<class T>(const T* g, T* ds) {
      kernels::softmax_gradient(detail::middle_axis(y, y.rank() - 1), y.data<T>(), g, ds);
    });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor y = y_.tensor();
    const Array is_masked = eq(y, 0);
    const Tensor g = where(is_masked, 0, gradient);
    return where(is_masked, 0, y * (g - sum(g * y, {-1}, true)));
  }
};

Shape scores_shape(const Tensor& query, const Tensor& key) {
  return query.shape().with(query.rank() - 1, key.size(-2));
}

void check_operands(const Tensor& query, const Tensor& key, const Tensor& value) {
  detail::check_same_floating(attention_name, query, key);
  detail::check_same_floating(attention_name, query, value);
  const auto fits = [&] {
    if (query.rank() < 2 || key.rank() != query.rank() || value.rank() != query.rank()) return false;
    for (int axis = 0; axis < query.rank() - 2; ++axis) {
      if (key.size(axis) != query.size(axis) || value.size(axis) != query.size(axis)) return false;
    }
    return key.size(-1) == query.size(-1) && value.size(-2) == key.size(-2);
  };
  if (fits()) return;
  throw ShapeError(
      fmt::format("{}: expected a query (…, L, E), a key (…, S, E) and a value (…, S, V), got {}, {} and {}",
                  attention_name, to_string(query.shape()), to_string(key.shape()), to_string(value.shape())));
}

void check_mask(const Tensor& mask, const Tensor& query, const Shape& scores) {
  if (!mask.defined()) return;
  if (mask.dtype() != DType::u8 && mask.dtype() != query.dtype()) {
    throw DTypeError(fmt::format("{}: expected an attn_mask of type u8 or {}, got {}", attention_name,
                                 to_string(query.dtype()), to_string(mask.array())));
  }
  bool fits = mask.rank() <= scores.rank();
  for (int axis = 1; fits && axis <= mask.rank(); ++axis) {
    fits = mask.size(-axis) == 1 || mask.size(-axis) == scores[-axis];
  }
  if (!fits) {
    throw ShapeError(fmt::format("{}: the attn_mask {} does not broadcast to the scores {}", attention_name,
                                 to_string(mask.shape()), to_string(scores)));
  }
}

/// The mask as u8, or undefined if it excludes nothing: −∞ in a floating mask excludes a key.
Array allowed_by(const Array& mask) {
  if (!mask.defined() || mask.dtype() == DType::u8) return mask;
  constexpr double excluded = -std::numeric_limits<double>::infinity();
  std::atomic<bool> excludes = false;
  visit_floating(attention_name, mask.dtype(), [&]<class T>() {
    const T* in = mask.data<T>();
    kernels::parallel_ranges(mask.numel(), std::int64_t{1} << 14, [&](std::int64_t begin, std::int64_t end) {
      int found = 0;
      for (std::int64_t i = begin; i < end; ++i) found |= static_cast<int>(in[i] == static_cast<T>(excluded));
      if (found != 0) excludes = true;
    });
  });
  return excludes ? ne(mask, excluded) : Array();
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& options) {
  check_operands(query, key, value);
  check_mask(options.attn_mask, query, scores_shape(query, key));
  check_dropout_probability(attention_name, options.dropout_p);
  if (options.dropout_p > 0 && options.stream == nullptr) {
    throw ValueError(fmt::format("{}: dropout_p {} requires a random stream", attention_name, options.dropout_p));
  }
  // Scales the query, which is smaller than the scores.
  const double scale = options.scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  const Array allowed = allowed_by(options.attn_mask.defined() ? options.attn_mask.array() : Array());
  const bool is_masked = options.is_causal || allowed.defined() || options.dropout_p > 0;
  Tensor scores = is_masked ? detail::masked_scores(query * scale, key) : matmul(query * scale, transpose(key, -1, -2));
  if (options.attn_mask.defined() && options.attn_mask.dtype() != DType::u8) scores = scores + options.attn_mask;
  Tensor weights = record(AttentionWeights{.is_causal_ = options.is_causal, .mask_ = allowed}, scores);
  if (options.dropout_p > 0) weights = dropout(weights, options.dropout_p, *options.stream);
  return is_masked ? detail::masked_product(weights, false, value) : matmul(weights, value);
}

}  // namespace tapestry
