// Resampling of images by weighted sums along both axes, over raw memory. Images are channels-last. T is float or
// double.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tapestry::kernels {

/// The terms of every output position along one axis: output o is the sum of weight · input[source] over the terms
/// [begin[o], begin[o + 1]).
struct ResampleAxis {
  struct Term {
    std::int64_t source;
    double weight;
  };
  std::int64_t in;
  std::vector<std::int64_t> begin = {0};
  std::vector<Term> terms = {};

  std::int64_t out() const { return static_cast<std::int64_t>(begin.size()) - 1; }
  std::span<const Term> terms_of(std::int64_t output) const {
    const auto first = static_cast<std::size_t>(begin[static_cast<std::size_t>(output)]);
    const auto last = static_cast<std::size_t>(begin[static_cast<std::size_t>(output) + 1]);
    return std::span(terms).subspan(first, last - first);
  }
};

/// The adjoint: the same weights from outputs to inputs, with terms in the order of their source.
ResampleAxis adjoint(const ResampleAxis& axis);

/// y (batch, rows.out(), columns.out(), channels) from x (batch, rows.in, columns.in, channels). Positions without
/// terms are 0.
template <class T>
void resample(std::int64_t batch, std::int64_t channels, const ResampleAxis& rows, const ResampleAxis& columns,
              const T* x, T* y);

}  // namespace tapestry::kernels
