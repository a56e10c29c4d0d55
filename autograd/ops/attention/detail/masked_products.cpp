#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <tapestry/autograd/ops/attention/detail/masked_products.hpp>
#include <tapestry/autograd/ops/matmul/detail/product.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry::detail {
namespace {

bool is_finite(const Array& x) {
  std::atomic<bool> finite = true;
  visit_floating("masked_product", x.dtype(), [&]<class T>() {
    // By the bits of the exponent, which the compiler can vectorize.
    using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    constexpr auto exponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
    const T* in = x.data<T>();
    for_ranges(x.numel(), [&](std::int64_t begin, std::int64_t end) {
      Bits found = 0;
      for (std::int64_t i = begin; i < end; ++i) {
        found |= static_cast<Bits>((std::bit_cast<Bits>(in[i]) & exponent) == exponent);
      }
      if (found != 0) finite = false;
    });
  });
  return finite;
}

/// The product of row-major factors, term by term.
template <class T>
void multiply_nonzero(const Array& a, bool is_transposed, const Array& b, Array& result) {
  const std::int64_t rows = result.size(-2), columns = result.size(-1), depth = b.size(-2);
  const T* const left = a.data<T>();
  const T* const right = b.data<T>();
  T* const out = result.mutable_data<T>();
  if (columns == 0) return;
  parallel_ranges(result.numel() / columns, 1 + map_grain / (1 + depth * columns), [&](auto begin, auto end) {
    std::vector<double> sums(static_cast<std::size_t>(columns));
    for (std::int64_t row = begin; row < end; ++row) {
      std::fill(sums.begin(), sums.end(), 0.0);
      const std::int64_t batch = row / rows;
      const T* const factors = left + batch * rows * depth + row % rows * (is_transposed ? 1 : depth);
      for (std::int64_t k = 0; k < depth; ++k) {
        const auto factor = static_cast<double>(factors[k * (is_transposed ? rows : 1)]);
        if (factor == 0) continue;
        const T* const terms = right + (batch * depth + k) * columns;
        for (std::int64_t c = 0; c < columns; ++c)
          sums[static_cast<std::size_t>(c)] += factor * static_cast<double>(terms[c]);
      }
      std::transform(sums.begin(), sums.end(), out + row * columns, [](double sum) { return static_cast<T>(sum); });
    }
  });
}

// The derivatives of each are products of these two kinds again.
struct MaskedProduct {
  static constexpr std::string_view name = "masked_product";
  bool is_transposed_;
  SavedTensor weights_ = {}, values_ = {};

  Tensor forward(const Tensor& weights, const Tensor& values) {
    if (values.requires_grad()) weights_ = SavedTensor(weights);
    if (weights.requires_grad()) values_ = SavedTensor(values);
    const Array& terms = values.array();
    if (is_finite(terms)) return product(weights.array(), is_transposed_, terms, false);
    const Shape& shape = weights.shape();
    Array result =
        Array::empty(shape.with(-2, shape[is_transposed_ ? -1 : -2]).with(-1, values.size(-1)), values.dtype());
    visit_floating(name, values.dtype(), [&]<class T>() {
      multiply_nonzero<T>(weights.array().contiguous(), is_transposed_, terms.contiguous(), result);
    });
    return result;
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    Tensor dweights, dvalues;
    if (wanted[0]) {
      const Tensor values = values_.tensor();
      dweights = is_transposed_ ? masked_scores(values, gradient) : masked_scores(gradient, values);
    }
    if (wanted[1]) dvalues = masked_product(weights_.tensor(), !is_transposed_, gradient);
    return {dweights, dvalues};
  }
};

struct MaskedScores {
  static constexpr std::string_view name = "masked_scores";
  SavedTensor query_ = {}, key_ = {};

  Tensor forward(const Tensor& query, const Tensor& key) {
    if (key.requires_grad()) query_ = SavedTensor(query);
    if (query.requires_grad()) key_ = SavedTensor(key);
    return product(query.array(), false, key.array(), true);
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    return {wanted[0] ? masked_product(gradient, false, key_.tensor()) : Tensor(),
            wanted[1] ? masked_product(gradient, true, query_.tensor()) : Tensor()};
  }
};

}  // namespace

Tensor masked_product(const Tensor& weights, bool is_transposed, const Tensor& values) {
  return record(MaskedProduct{.is_transposed_ = is_transposed}, weights, values);
}

Tensor masked_scores(const Tensor& query, const Tensor& key) {
  return record(MaskedScores{}, query, key);
}

}  // namespace tapestry::detail
