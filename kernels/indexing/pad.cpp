#include <algorithm>
#include <cstddef>

#include <tapestry/kernels/indexing/pad.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {
namespace {

/// Neighbors along the last axis of the target that come from neighbors of the source, or from none (−1).
struct Run {
  std::int64_t target, source, length;
};

std::vector<Run> runs_of(const GatherAxis& axis) {
  std::vector<Run> runs;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(axis.source.size()); ++i) {
    const std::int64_t from = axis.source[static_cast<std::size_t>(i)];
    if (!runs.empty()) {
      Run& last = runs.back();
      if (from == (last.source < 0 ? -1 : last.source + last.length)) {
        ++last.length;
        continue;
      }
    }
    runs.push_back({.target = i, .source = from, .length = 1});
  }
  return runs;
}

/// Which rows of the target come from a row of the source, a row being all but the last axis: one for every choice of a
/// position along each axis.
class TargetRows {
 public:
  explicit TargetRows(const std::vector<GatherAxis>& axes) {
    for (std::size_t axis = axes.size() - 1; axis-- > 0;) {
      Axis mine{.positions = std::vector<std::vector<std::int64_t>>(static_cast<std::size_t>(axes[axis].source_size)),
                .size = static_cast<std::int64_t>(axes[axis].source.size())};
      for (std::int64_t i = 0; i < mine.size; ++i) {
        const std::int64_t from = axes[axis].source[static_cast<std::size_t>(i)];
        if (from >= 0) mine.positions[static_cast<std::size_t>(from)].push_back(i);
      }
      rows_ *= axes[axis].source_size;
      axes_.push_back(std::move(mine));
    }
  }

  /// Of the source.
  std::int64_t rows() const { return rows_; }
  std::int64_t count(std::int64_t row) const {
    std::int64_t result = 1;
    for (const Axis& axis : axes_) result *= static_cast<std::int64_t>(take(axis, row).size());
    return result;
  }
  std::int64_t at(std::int64_t row, std::int64_t choice) const {
    std::int64_t result = 0;
    std::int64_t step = 1;
    for (const Axis& axis : axes_) {
      const auto& positions = take(axis, row);
      const auto choices = static_cast<std::int64_t>(positions.size());
      result += positions[static_cast<std::size_t>(choice % choices)] * step;
      choice /= choices;
      step *= axis.size;
    }
    return result;
  }

 private:
  struct Axis {
    std::vector<std::vector<std::int64_t>> positions;  ///< in the target, of every position of the source
    std::int64_t size;                                 ///< of the target
  };

  /// The target positions for `row`'s position along an axis, which it takes off `row`.
  static const std::vector<std::int64_t>& take(const Axis& axis, std::int64_t& row) {
    const auto size = static_cast<std::int64_t>(axis.positions.size());
    const auto& result = axis.positions[static_cast<std::size_t>(row % size)];
    row /= size;
    return result;
  }

  std::vector<Axis> axes_;  ///< fastest first
  std::int64_t rows_ = 1;
};

std::int64_t rows_per_piece(std::int64_t row_size) {
  return 1 + (std::int64_t{1} << 14) / (row_size + 1);
}

/// The source row of a target row, or −1: the axes but the last.
std::int64_t source_row(const std::vector<GatherAxis>& axes, std::int64_t row) {
  std::int64_t result = 0;
  std::int64_t step = 1;
  for (std::size_t axis = axes.size() - 1; axis-- > 0;) {
    const auto size = static_cast<std::int64_t>(axes[axis].source.size());
    const std::int64_t from = axes[axis].source[static_cast<std::size_t>(row % size)];
    if (from < 0) return -1;
    result += from * step;
    step *= axes[axis].source_size;
    row /= size;
  }
  return result;
}

}  // namespace

template <class T>
void gather_axes(const std::vector<GatherAxis>& axes, std::int64_t inner, T value, const T* x, T* y) {
  const std::vector<Run> runs = runs_of(axes.back());
  const std::int64_t x_row = axes.back().source_size * inner;
  const std::int64_t y_row = static_cast<std::int64_t>(axes.back().source.size()) * inner;
  std::int64_t rows = 1;
  for (std::size_t axis = 0; axis + 1 < axes.size(); ++axis) {
    rows *= static_cast<std::int64_t>(axes[axis].source.size());
  }
  parallel_ranges(rows, rows_per_piece(y_row), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      T* const out = y + row * y_row;
      const std::int64_t from = source_row(axes, row);
      if (from < 0) {
        std::fill_n(out, y_row, value);
        continue;
      }
      for (const Run& run : runs) {
        if (run.source < 0) {
          std::fill_n(out + run.target * inner, run.length * inner, value);
        } else {
          std::copy_n(x + from * x_row + run.source * inner, run.length * inner, out + run.target * inner);
        }
      }
    }
  });
}

template <class T>
void scatter_axes(const std::vector<GatherAxis>& axes, std::int64_t inner, const T* dy, T* dx) {
  const std::vector<Run> runs = runs_of(axes.back());
  const std::int64_t x_row = axes.back().source_size * inner;
  const std::int64_t y_row = static_cast<std::int64_t>(axes.back().source.size()) * inner;
  const TargetRows targets(axes);
  const auto add_row = [&](std::int64_t target_row, T* out) {
    for (const Run& run : runs) {
      if (run.source < 0) continue;
      const T* const in = dy + target_row * y_row + run.target * inner;
      T* const sums = out + run.source * inner;
      for (std::int64_t i = 0; i < run.length * inner; ++i) sums[i] += in[i];
    }
  };
  // Rows of dx collect what comes to them, so that no two threads write to one place.
  parallel_ranges(targets.rows(), rows_per_piece(x_row), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      T* const out = dx + row * x_row;
      std::fill_n(out, x_row, T{0});
      const std::int64_t count = targets.count(row);
      for (std::int64_t choice = 0; choice < count; ++choice) add_row(targets.at(row, choice), out);
    }
  });
}

template void gather_axes(const std::vector<GatherAxis>&, std::int64_t, float, const float*, float*);
template void gather_axes(const std::vector<GatherAxis>&, std::int64_t, double, const double*, double*);
template void scatter_axes(const std::vector<GatherAxis>&, std::int64_t, const float*, float*);
template void scatter_axes(const std::vector<GatherAxis>&, std::int64_t, const double*, double*);

}  // namespace tapestry::kernels
