#include <algorithm>
#include <cstddef>

#include <tapestry/kernels/indexing/pad.hpp>
#include <tapestry/kernels/reduction/gather_sums.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {
namespace {

/// Adjacent positions along the last axis of the target that come from adjacent positions of the source, or from none
/// (−1).
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

/// The rows of the target that come from a row of the source, where a row is an index of all axes but the last: one for
/// every choice of a position along each axis.
class TargetRows {
 public:
  explicit TargetRows(const std::vector<GatherAxis>& axes) {
    for (std::size_t axis = axes.size() - 1; axis-- > 0;) {
      Axis result{.positions = std::vector<std::vector<std::int64_t>>(static_cast<std::size_t>(axes[axis].source_size)),
                  .size = static_cast<std::int64_t>(axes[axis].source.size())};
      for (std::int64_t i = 0; i < result.size; ++i) {
        const std::int64_t from = axes[axis].source[static_cast<std::size_t>(i)];
        if (from >= 0) result.positions[static_cast<std::size_t>(from)].push_back(i);
      }
      rows_ *= axes[axis].source_size;
      axes_.push_back(std::move(result));
    }
  }

  /// The number of rows of the source.
  std::int64_t rows() const { return rows_; }
  /// The number of target rows that come from a source row.
  std::int64_t count(std::int64_t row) const {
    std::int64_t result = 1;
    for (const Axis& axis : axes_) result *= static_cast<std::int64_t>(take(axis, row).size());
    return result;
  }
  /// One of them, 0 ≤ choice < count(row).
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
    std::vector<std::vector<std::int64_t>> positions;  ///< the target positions of every source position
    std::int64_t size;                                 ///< the size of the target
  };

  /// The target positions of `row`'s position along an axis; removes that position from `row`.
  static const std::vector<std::int64_t>& take(const Axis& axis, std::int64_t& row) {
    const auto size = static_cast<std::int64_t>(axis.positions.size());
    const auto& result = axis.positions[static_cast<std::size_t>(row % size)];
    row /= size;
    return result;
  }

  std::vector<Axis> axes_;  ///< the fastest first
  std::int64_t rows_ = 1;
};

/// The source row of a target row, or −1.
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

/// The maximum number of targets of a source.
std::int64_t most_uses(const GatherAxis& axis) {
  std::vector<std::int64_t> uses(static_cast<std::size_t>(axis.source_size), 0);
  for (const std::int64_t source : axis.source) {
    if (source >= 0) ++uses[static_cast<std::size_t>(source)];
  }
  return uses.empty() ? 0 : *std::max_element(uses.begin(), uses.end());
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
  parallel_each(rows, y_row, [&](std::int64_t row) {
    T* const out = y + row * y_row;
    const std::int64_t from = source_row(axes, row);
    if (from < 0) {
      std::fill_n(out, y_row, value);
      return;
    }
    for (const Run& run : runs) {
      if (run.source < 0) {
        std::fill_n(out + run.target * inner, run.length * inner, value);
      } else {
        std::copy_n(x + from * x_row + run.source * inner, run.length * inner, out + run.target * inner);
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
  const std::int64_t uses = most_uses(axes.back());
  const auto add_row = [&]<class Sum>(std::int64_t target_row, Sum* out) {
    for (const Run& run : runs) {
      if (run.source < 0) continue;
      const T* const in = dy + target_row * y_row + run.target * inner;
      Sum* const sums = out + run.source * inner;
      for (std::int64_t i = 0; i < run.length * inner; ++i) sums[i] += in[i];
    }
  };
  // Each row of dx gathers its own sum, so that no two threads write to the same location.
  parallel_each(targets.rows(), x_row, [&](std::int64_t row) {
    const std::int64_t count = targets.count(row);
    gather_sums(count * uses, x_row, dx + row * x_row, [&](auto* sums) {
      for (std::int64_t choice = 0; choice < count; ++choice) add_row(targets.at(row, choice), sums);
    });
  });
}

template void gather_axes(const std::vector<GatherAxis>&, std::int64_t, float, const float*, float*);
template void gather_axes(const std::vector<GatherAxis>&, std::int64_t, double, const double*, double*);
template void scatter_axes(const std::vector<GatherAxis>&, std::int64_t, const float*, float*);
template void scatter_axes(const std::vector<GatherAxis>&, std::int64_t, const double*, double*);

}  // namespace tapestry::kernels
