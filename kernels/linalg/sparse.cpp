#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <tapestry/kernels/linalg/sparse.hpp>
#include <tapestry/kernels/reduction/gather_sums.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {
namespace {

/// Calls `body(row, first, end)` for every row with its range of edges, in parallel; `work` is the number of elements
/// that an edge processes.
template <class Body>
void for_each_row(const SparseRows& matrix, std::int64_t work, const Body& body) {
  constexpr std::int64_t grain = std::int64_t{1} << 14;
  const std::int64_t per_row = 1 + work * (1 + matrix.edges / std::max<std::int64_t>(matrix.rows, 1));
  parallel_ranges(matrix.rows, 1 + grain / per_row, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) body(row, matrix.begin[row], matrix.begin[row + 1]);
  });
}

/// The number of heads that are processed together, so that the values of an edge are fetched once for them.
constexpr std::int64_t head_block = 16;

/// One value per head of a block.
template <class T>
class HeadSums {
 public:
  void fill(T value) { values_.fill(value); }
  T& operator[](std::int64_t head) { return values_[static_cast<std::size_t>(head)]; }

 private:
  std::array<T, head_block> values_{};
};

/// Calls `body(first head, count)` for every block of heads.
template <class Body>
void for_head_blocks(std::int64_t heads, const Body& body) {
  for (std::int64_t head = 0; head < heads; head += head_block) body(head, std::min(head_block, heads - head));
}

}  // namespace

template <class T>
void sparse_sum(const SparseRows& matrix, std::int64_t heads, std::int64_t features, const T* value, const T* x,
                T* out) {
  const std::int64_t width = heads * features;
  for_each_row(matrix, width, [&](std::int64_t row, std::int64_t first, std::int64_t end) {
    gather_sums(end - first, width, out + row * width, [&]<class Sum>(Sum* sums) {
      for (std::int64_t i = first; i < end; ++i) {
        for (std::int64_t h = 0; h < heads; ++h) {
          const auto factor = static_cast<Sum>(value[matrix.edge[i] * heads + h]);
          const T* from = x + matrix.column[i] * width + h * features;
          Sum* to = sums + h * features;
          for (std::int64_t f = 0; f < features; ++f) to[f] += factor * static_cast<Sum>(from[f]);
        }
      }
    });
  });
}

template <class T>
void sparse_dot(const SparseRows& matrix, std::int64_t heads, std::int64_t features, const T* a, const T* b, T* value) {
  const std::int64_t width = heads * features;
  for_each_row(matrix, width, [&](std::int64_t row, std::int64_t first, std::int64_t end) {
    for (std::int64_t i = first; i < end; ++i) {
      for (std::int64_t h = 0; h < heads; ++h) {
        const T* left = a + row * width + h * features;
        const T* right = b + matrix.column[i] * width + h * features;
        double sum = 0;
        for (std::int64_t f = 0; f < features; ++f) sum += static_cast<double>(left[f]) * static_cast<double>(right[f]);
        value[matrix.edge[i] * heads + h] = static_cast<T>(sum);
      }
    }
  });
}

template <class T>
void sparse_max(const SparseRows& matrix, std::int64_t features, const T* value, const T* x, T* out,
                std::int64_t* chosen) {
  for_each_row(matrix, features, [&](std::int64_t row, std::int64_t first, std::int64_t end) {
    T* const largest = out + row * features;
    std::int64_t* const place = chosen + row * features;
    std::fill_n(largest, features, T{0});
    std::fill_n(place, features, std::int64_t{-1});
    for (std::int64_t i = first; i < end; ++i) {
      const T factor = value[matrix.edge[i]];
      const T* from = x + matrix.column[i] * features;
      for (std::int64_t f = 0; f < features; ++f) {
        const T message = factor * from[f];
        // True for the first NaN too. Selected rather than branched on, because a branch would be mispredicted.
        const bool is_larger = i == first || (!(message <= largest[f]) && largest[f] == largest[f]);
        largest[f] = is_larger ? message : largest[f];
        place[f] = is_larger ? matrix.edge[i] : place[f];
      }
    }
  });
}

template <class T>
void sparse_max_gradient(const SparseRows& transposed, std::int64_t features, const T* value,
                         const std::int64_t* chosen, const T* g, T* out) {
  for_each_row(transposed, features, [&](std::int64_t row, std::int64_t first, std::int64_t end) {
    gather_sums(end - first, features, out + row * features, [&]<class Sum>(Sum* sums) {
      for (std::int64_t i = first; i < end; ++i) {
        const std::int64_t edge = transposed.edge[i];
        const std::int64_t from = transposed.column[i] * features;
        for (std::int64_t f = 0; f < features; ++f) {
          const Sum term = static_cast<Sum>(value[edge]) * static_cast<Sum>(g[from + f]);
          sums[f] += chosen[from + f] == edge ? term : Sum{0};
        }
      }
    });
  });
}

template <class T>
void sparse_softmax(const SparseRows& matrix, std::int64_t heads, const T* x, T* y) {
  for_each_row(matrix, heads, [&](std::int64_t, std::int64_t first, std::int64_t end) {
    for_head_blocks(heads, [&](std::int64_t head, std::int64_t count) {
      HeadSums<T> largest;
      HeadSums<double> totals{};
      largest.fill(-std::numeric_limits<T>::infinity());
      for (std::int64_t i = first; i < end; ++i) {
        const T* in = x + matrix.edge[i] * heads + head;
        for (std::int64_t h = 0; h < count; ++h) largest[h] = std::max(largest[h], in[h]);
      }
      for (std::int64_t i = first; i < end; ++i) {
        const std::int64_t at = matrix.edge[i] * heads + head;
        for (std::int64_t h = 0; h < count; ++h) {
          y[at + h] = std::exp(x[at + h] - largest[h]);
          totals[h] += static_cast<double>(y[at + h]);
        }
      }
      for (std::int64_t i = first; i < end; ++i) {
        T* out = y + matrix.edge[i] * heads + head;
        for (std::int64_t h = 0; h < count; ++h) out[h] = static_cast<T>(static_cast<double>(out[h]) / totals[h]);
      }
    });
  });
}

template <class T>
void sparse_softmax_gradient(const SparseRows& matrix, std::int64_t heads, const T* y, const T* g, T* dx) {
  for_each_row(matrix, heads, [&](std::int64_t, std::int64_t first, std::int64_t end) {
    for_head_blocks(heads, [&](std::int64_t head, std::int64_t count) {
      HeadSums<double> common{};
      for (std::int64_t i = first; i < end; ++i) {
        const std::int64_t at = matrix.edge[i] * heads + head;
        for (std::int64_t h = 0; h < count; ++h)
          common[h] += static_cast<double>(y[at + h]) * static_cast<double>(g[at + h]);
      }
      for (std::int64_t i = first; i < end; ++i) {
        const std::int64_t at = matrix.edge[i] * heads + head;
        for (std::int64_t h = 0; h < count; ++h) {
          dx[at + h] = static_cast<T>(static_cast<double>(y[at + h]) * (static_cast<double>(g[at + h]) - common[h]));
        }
      }
    });
  });
}

#define TAPESTRY_INSTANTIATE(T)                                                                                    \
  template void sparse_sum(const SparseRows&, std::int64_t, std::int64_t, const T*, const T*, T*);                 \
  template void sparse_dot(const SparseRows&, std::int64_t, std::int64_t, const T*, const T*, T*);                 \
  template void sparse_max(const SparseRows&, std::int64_t, const T*, const T*, T*, std::int64_t*);                \
  template void sparse_max_gradient(const SparseRows&, std::int64_t, const T*, const std::int64_t*, const T*, T*); \
  template void sparse_softmax(const SparseRows&, std::int64_t, const T*, T*);                                     \
  template void sparse_softmax_gradient(const SparseRows&, std::int64_t, const T*, const T*, T*)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
