#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/reduce.hpp>
#include <tapestry/kernels/reduction/column_sums.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry {
namespace {

/// The approximate number of elements per partial sum.
constexpr std::int64_t reduce_grain = std::int64_t{1} << 14;
/// The maximum number of partial sums of one sum, to limit their memory.
constexpr std::int64_t max_pieces = 64;

/// A run of axes that are adjacent in memory and are either all kept or all summed.
struct Run {
  std::int64_t size;
  bool reduced;
};

std::vector<Run> memory_runs(const Array& x, std::span<const bool> reduced) {
  const auto strides = x.strides();
  std::vector<int> axes;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (x.size(axis) != 1) axes.push_back(axis);
  }
  std::stable_sort(axes.begin(), axes.end(), [&](int a, int b) {
    return strides[static_cast<std::size_t>(a)] > strides[static_cast<std::size_t>(b)];
  });
  std::vector<Run> runs;
  for (const int axis : axes) {
    const bool is_reduced = reduced[static_cast<std::size_t>(axis)];
    if (!runs.empty() && runs.back().reduced == is_reduced) {
      runs.back().size *= x.size(axis);
    } else {
      runs.push_back({x.size(axis), is_reduced});
    }
  }
  return runs;
}

/// sums[i] = Σ_r in[r·columns + i] over `rows` rows.
template <class T>
void add_rows(std::int64_t rows, std::int64_t columns, const T* in, double* sums) {
  if (columns == 1) {
    // Eight independent sums hide the latency of the additions.
    std::array<double, 8> lanes{};
    std::int64_t row = 0;
    for (; row + 8 <= rows; row += 8) {
      for (std::size_t lane = 0; lane < 8; ++lane)
        lanes[lane] += static_cast<double>(in[row + static_cast<std::int64_t>(lane)]);
    }
    for (std::size_t lane = 0; row < rows; ++row, ++lane) lanes[lane] += static_cast<double>(in[row]);
    *sums = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    return;
  }
  kernels::column_sums(rows, columns, in, sums);
}

/// (outer, middle, inner) → (outer, inner), in f64. The middle is divided by its size alone, and its partial sums are
/// added in index order.
template <class T>
Array sum_middle(std::int64_t outer, std::int64_t middle, std::int64_t inner, const T* in) {
  const std::int64_t rows = std::max(
      {std::int64_t{1}, reduce_grain / std::max<std::int64_t>(inner, 1), (middle + max_pieces - 1) / max_pieces});
  const std::int64_t pieces = std::max<std::int64_t>(1, (middle + rows - 1) / rows);
  Array partial = Array::empty({outer, pieces, inner}, DType::f64);
  double* const parts = partial.mutable_data<double>();
  kernels::parallel_for(outer * pieces, [&](std::int64_t piece, int) {
    const std::int64_t begin = piece % pieces * rows;
    add_rows(std::min(rows, middle - begin), inner, in + (piece / pieces * middle + begin) * inner,
             parts + piece * inner);
  });
  if (pieces == 1) return partial;
  Array sums = Array::empty({outer, inner}, DType::f64);
  double* const totals = sums.mutable_data<double>();
  for (std::int64_t i = 0; i < outer; ++i) add_rows(pieces, inner, parts + i * pieces * inner, totals + i * inner);
  return sums;
}

/// Sums over the last reduced run, which becomes a kept run of size 1.
template <class T>
Array sum_last_run(std::vector<Run>& runs, const T* in) {
  const auto last = std::find_if(runs.rbegin(), runs.rend(), [](const Run& run) { return run.reduced; });
  const auto product = [](auto begin, auto end) {
    std::int64_t size = 1;
    for (; begin != end; ++begin) size *= begin->size;
    return size;
  };
  const std::int64_t inner = product(runs.rbegin(), last);
  const std::int64_t outer = product(last + 1, runs.rend());
  Array sums = sum_middle(outer, last->size, inner, in);
  *last = {1, false};
  return sums;
}

}  // namespace

Array sum_over(const Array& x, std::span<const bool> reduced) {
  Shape shape = x.shape();
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (reduced[static_cast<std::size_t>(axis)]) shape = shape.with(axis, 1);
  }
  if (shape == x.shape()) return x;
  Array result = Array::empty(shape, x.dtype(), x.format());
  visit_floating("sum", x.dtype(), [&]<class T>() {
    std::vector<Run> runs = memory_runs(x, reduced);
    const auto any_reduced = [&] {
      return std::any_of(runs.begin(), runs.end(), [](const Run& run) { return run.reduced; });
    };
    Array sums = sum_last_run(runs, x.data<T>());
    while (any_reduced()) sums = sum_last_run(runs, sums.data<double>());
    std::transform(sums.data<double>(), sums.data<double>() + sums.numel(), result.mutable_data<T>(),
                   [](double sum) { return static_cast<T>(sum); });
  });
  return result;
}

Array sum_to(const Array& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const int extra = x.rank() - shape.rank();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (extra < 0 || (shape[axis] != 1 && shape[axis] != x.size(axis + extra))) {
      throw ShapeError(fmt::format("sum_to: {} does not broadcast to {}", to_string(shape), to_string(x.shape())));
    }
  }
  std::array<bool, Shape::max_rank> reduced{};
  for (int axis = 0; axis < x.rank(); ++axis) {
    reduced[static_cast<std::size_t>(axis)] = axis < extra || (shape[axis - extra] == 1 && x.size(axis) != 1);
  }
  return sum_over(x, std::span<const bool>(reduced.data(), static_cast<std::size_t>(x.rank()))).reshape(shape);
}

}  // namespace tapestry
