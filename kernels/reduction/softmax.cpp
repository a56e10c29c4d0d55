#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <tapestry/kernels/elementwise/exp_rows.hpp>
#include <tapestry/kernels/elementwise/vector_math.hpp>
#include <tapestry/kernels/reduction/extremes.hpp>
#include <tapestry/kernels/reduction/softmax.hpp>

namespace tapestry::kernels {
namespace {

template <class T>
using Block = std::array<T, static_cast<std::size_t>(block_size)>;

/// If the elements of the axis are adjacent in memory, calls `row(first)` for every row, which begins at element
/// `first`. Otherwise calls `rows(first, count)` for blocks of `count` rows side by side, whose first elements begin at
/// `first`.
template <class Row, class Rows>
void for_rows(const MiddleAxis& axis, const Row& row, const Rows& rows) {
  if (axis.size == 0) return;
  for_blocks(axis, [&](std::int64_t outer, std::int64_t first, std::int64_t last) {
    const std::int64_t start = outer * axis.size * axis.inner;
    if (axis.inner == 1) {
      row(start);
    } else {
      rows(start + first, static_cast<std::size_t>(last - first));
    }
  });
}

/// Σ term(i) for i in [first, first + size), with several partial sums to hide latency.
template <class Term>
double row_sum(std::int64_t first, std::int64_t size, const Term& term) {
  std::array<double, 8> sums = {};
  const std::int64_t end = first + size;
  for (; first + 8 <= end; first += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += term(first + static_cast<std::int64_t>(lane));
  }
  for (; first < end; ++first) sums[0] += term(first);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// Calls `finish(i, sum)` for every element i, with the sum of `term(j)` over the elements j of its row.
template <class Term, class Finish>
void with_row_sums(const MiddleAxis& axis, const Term& term, const Finish& finish) {
  for_rows(
      axis,
      [&](std::int64_t first) {
        const double sum = row_sum(first, axis.size, term);
        for (std::int64_t i = first; i < first + axis.size; ++i) finish(i, sum);
      },
      [&](std::int64_t first, std::size_t count) {
        Block<double> sums = {};
        const std::int64_t end = first + axis.size * axis.inner;
        for (std::int64_t row = first; row < end; row += axis.inner) {
          for (std::size_t k = 0; k < count; ++k) sums[k] += term(row + static_cast<std::int64_t>(k));
        }
        for (std::int64_t row = first; row < end; row += axis.inner) {
          for (std::size_t k = 0; k < count; ++k) finish(row + static_cast<std::int64_t>(k), sums[k]);
        }
      });
}

/// The normalizers of rows side by side: their maxima and Σ e^{x − maximum}.
template <class T>
struct Normalizers {
  Block<T> largest;
  Block<double> sums = {};

  /// Calls `keep(i, powers)` with e^{x − maximum} of all i-th elements, computed in type Power.
  template <class Power, class Keep>
  void find(const MiddleAxis& axis, std::size_t count, const T* x, const Keep& keep) {
    std::copy_n(x, count, largest.data());
    for (std::int64_t i = 1; i < axis.size; ++i) {
      const T* in = x + i * axis.inner;
      for (std::size_t k = 0; k < count; ++k) largest[k] = replaces<true>(in[k], largest[k]) ? in[k] : largest[k];
    }
    Block<Power> powers = {};
    for (std::int64_t i = 0; i < axis.size; ++i) {
      const T* in = x + i * axis.inner;
      for (std::size_t k = 0; k < count; ++k) powers[k] = static_cast<Power>(in[k]) - static_cast<Power>(largest[k]);
      vector_exp(static_cast<std::int64_t>(count), powers.data());
      for (std::size_t k = 0; k < count; ++k) sums[k] += static_cast<double>(powers[k]);
      keep(i, powers);
    }
  }
};

}  // namespace

template <class T>
void softmax(const MiddleAxis& axis, const T* x, T* y) {
  for_rows(
      axis,
      [&](std::int64_t first) {
        T* out = y + first;
        const double sum = exp_row(axis.size, x + first, row_extreme<true>(x + first, axis.size), out);
        for (std::int64_t i = 0; i < axis.size; ++i) out[i] = static_cast<T>(static_cast<double>(out[i]) / sum);
      },
      [&](std::int64_t first, std::size_t count) {
        Normalizers<T> by;
        by.template find<T>(axis, count, x + first, [&](std::int64_t i, const Block<T>& powers) {
          std::copy_n(powers.data(), count, y + first + i * axis.inner);
        });
        for (std::int64_t i = 0; i < axis.size; ++i) {
          T* out = y + first + i * axis.inner;
          for (std::size_t k = 0; k < count; ++k) out[k] = static_cast<T>(static_cast<double>(out[k]) / by.sums[k]);
        }
      });
}

template <class T>
void softmax_gradient(const MiddleAxis& axis, const T* y, const T* dy, T* dx) {
  // A share of 0, which may be masked, contributes nothing even where its gradient is not finite.
  with_row_sums(
      axis,
      [=](std::int64_t i) {
        const double product = static_cast<double>(y[i]) * static_cast<double>(dy[i]);
        return y[i] == 0 ? 0.0 : product;
      },
      [=](std::int64_t i, double sum) {
        const T gradient = y[i] * (dy[i] - static_cast<T>(sum));
        dx[i] = y[i] == 0 ? T{0} : gradient;
      });
}

template <class T>
void log_softmax(const MiddleAxis& axis, const T* x, T* y) {
  // In double precision: a logarithm near 0 is the difference of larger numbers.
  for_rows(
      axis,
      [&](std::int64_t first) {
        const auto largest = static_cast<double>(row_extreme<true>(x + first, axis.size));
        const double normalizer = std::log(exp_sum(axis.size, x + first, largest));
        for (std::int64_t i = first; i < first + axis.size; ++i)
          y[i] = static_cast<T>(static_cast<double>(x[i]) - largest - normalizer);
      },
      [&](std::int64_t first, std::size_t count) {
        Normalizers<T> by;
        by.template find<double>(axis, count, x + first, [](std::int64_t, const Block<double>&) {});
        for (std::size_t k = 0; k < count; ++k) by.sums[k] = std::log(by.sums[k]);
        for (std::int64_t i = 0; i < axis.size; ++i) {
          const T* in = x + first + i * axis.inner;
          T* out = y + first + i * axis.inner;
          for (std::size_t k = 0; k < count; ++k) {
            const double shifted = static_cast<double>(in[k]) - static_cast<double>(by.largest[k]);
            out[k] = static_cast<T>(shifted - by.sums[k]);
          }
        }
      });
}

template <class T>
void log_softmax_gradient(const MiddleAxis& axis, const T* y, const T* dy, T* dx) {
  parallel_ranges(axis.outer * axis.size * axis.inner, std::int64_t{1} << 14,
                  [=](std::int64_t begin, std::int64_t end) { exp_row(end - begin, y + begin, T{0}, dx + begin); });
  with_row_sums(
      axis, [=](std::int64_t i) { return static_cast<double>(dy[i]); },
      [=](std::int64_t i, double sum) { dx[i] = dy[i] - dx[i] * static_cast<T>(sum); });
}

template void softmax(const MiddleAxis&, const float*, float*);
template void softmax(const MiddleAxis&, const double*, double*);
template void softmax_gradient(const MiddleAxis&, const float*, const float*, float*);
template void softmax_gradient(const MiddleAxis&, const double*, const double*, double*);
template void log_softmax(const MiddleAxis&, const float*, float*);
template void log_softmax(const MiddleAxis&, const double*, double*);
template void log_softmax_gradient(const MiddleAxis&, const float*, const float*, float*);
template void log_softmax_gradient(const MiddleAxis&, const double*, const double*, double*);

}  // namespace tapestry::kernels
