#include <algorithm>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/conv/conv2d_products.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/conv/conv2d_products.hpp>
#include <tapestry/kernels/conv/conv2d_tiles-inl.hpp>
#include <tapestry/kernels/simd/dispatch.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

template <class T>
std::int64_t lanes_of() {
  return static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<T>()));
}

/// True when `multiply_pitched_tile` can compute the whole tiles of a product.
template <class T>
bool is_pitched(const PixelProduct<T>& product) {
  const Runs& runs = product.runs;
  return product.source_pitch != 0 && product.target_pitch != 0 && runs.rows == 1 && runs.columns == 1 &&
         product.epilogue.is_none() && !product.streams && product.ahead == nullptr;
}

template <class T, int vectors>
void multiply_panel(const PixelProduct<T>& product, const Panels& panels, std::int64_t panel, std::int64_t begin,
                    std::int64_t end) {
  const std::int64_t first = panels.begin(panel);
  const std::int64_t columns = std::min(panels.channels - first, panels.width(panel));
  const T* const weights = product.weights + panels.offset(panel);
  const bool fetches = product.ahead != nullptr && (panel == 0 || !product.streams);
  const bool pitched = is_pitched(product) && columns == panels.width(panel);
  constexpr int rows = tile_rows<vectors>, short_rows = short_tile_rows<vectors>;
  constexpr int narrow = vectors == 1 ? HWY_MAX_BYTES / sizeof(T) : 0;
  const bool is_narrow = product.runs.length == narrow && product.source_pitch == narrow;
  const auto multiply_pitched =
      is_narrow ? multiply_pitched_tile<T, vectors, rows, narrow> : multiply_pitched_tile<T, vectors, rows, 0>;
  for (std::int64_t p = begin; p < end; p += rows) {
    if (pitched && end - p >= rows) {
      multiply_pitched(product, p, weights, product.bias + first, first);
    } else if (end - p <= short_rows) {
      multiply_tile<T, vectors, false, short_rows>(product, p, weights, product.bias + first, first, columns);
    } else if (fetches) {
      multiply_tile<T, vectors, true, rows>(product, p, weights, product.bias + first, first, columns);
    } else {
      multiply_tile<T, vectors, false, rows>(product, p, weights, product.bias + first, first, columns);
    }
  }
}

// If the weights fit into the L1 cache, pixels from memory are read once: all panels for some pixels before the next.
// Otherwise a panel stays in the cache for all pixels.
template <class T>
void multiply(const PixelProduct<T>& product) {
  constexpr std::int64_t resident_bytes = std::int64_t{1} << 15;
  const Runs& runs = product.runs;
  const Panels panels{lanes_of<T>(), runs.rows * runs.columns * runs.length, product.channels};
  const bool resident = product.ahead != nullptr && panels.size() * std::int64_t{sizeof(T)} <= resident_bytes;
  const std::int64_t step = resident ? pixel_granule : std::max<std::int64_t>(product.pixels, 1);
  for (std::int64_t begin = 0; begin < product.pixels; begin += step) {
    const std::int64_t end = std::min(begin + step, product.pixels);
    for (std::int64_t panel = 0; panel < panels.count(); ++panel) {
      if (panels.width(panel) == panels.lanes) {
        multiply_panel<T, 1>(product, panels, panel, begin, end);
      } else {
        multiply_panel<T, 2>(product, panels, panel, begin, end);
      }
    }
  }
}

template <class T, int vectors>
void add_panel(const PixelSum<T>& sum, const Panels& panels, std::int64_t panel) {
  const Runs& runs = sum.runs;
  const std::int64_t tiles = (runs.length + tile_rows<vectors> - 1) / tile_rows<vectors>;
  T* target = sum.sums + panels.offset(panel);
  for (std::int64_t i = 0; i < runs.rows; ++i) {
    for (std::int64_t j = 0; j < runs.columns; ++j) {
      const std::int64_t offset = sum.source_offset + i * runs.row_step + j * runs.column_step;
      for (std::int64_t tile = 0; tile < tiles; ++tile) {
        const std::int64_t begin = runs.length * tile / tiles;
        const std::int64_t height = runs.length * (tile + 1) / tiles - begin;
        const auto index = static_cast<std::size_t>(height - 1);
        PixelSum<T> fetching = sum;
        if (panel > 0) fetching.sources_ahead = sum.sources[0];
        if (tile > 0) fetching.gradients_ahead = sum.gradients;
        if (sum.sources_ahead == nullptr || (panel > 0 && tile > 0)) {
          add_tiles<T, vectors, false>[index](sum, offset + begin, panels.begin(panel), target);
        } else {
          add_tiles<T, vectors, true>[index](fetching, offset + begin, panels.begin(panel), target);
        }
        target += height * panels.width(panel);
      }
    }
  }
}

template <class T>
void add(const PixelSum<T>& sum) {
  const Runs& runs = sum.runs;
  const Panels panels{lanes_of<T>(), runs.rows * runs.columns * runs.length, sum.channels};
  for (std::int64_t panel = 0; panel < panels.count(); ++panel) {
    if (panels.width(panel) == panels.lanes) {
      add_panel<T, 1>(sum, panels, panel);
    } else {
      add_panel<T, 2>(sum, panels, panel);
    }
  }
}

TAPESTRY_KERNEL(lanes_of);
TAPESTRY_KERNEL(multiply);
TAPESTRY_KERNEL(add);

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
TAPESTRY_EXPORT(lanes_of);
TAPESTRY_EXPORT(multiply);
TAPESTRY_EXPORT(add);
}  // namespace

template <class T>
std::int64_t vector_lanes() {
  return TAPESTRY_DISPATCH(lanes_of, T)();
}
template <class T>
void multiply_pixels(const PixelProduct<T>& product) {
  TAPESTRY_DISPATCH(multiply, T)(product);
}
template <class T>
void add_pixels(const PixelSum<T>& sum) {
  TAPESTRY_DISPATCH(add, T)(sum);
}

template std::int64_t vector_lanes<float>();
template std::int64_t vector_lanes<double>();
template void multiply_pixels(const PixelProduct<float>&);
template void multiply_pixels(const PixelProduct<double>&);
template void add_pixels(const PixelSum<float>&);
template void add_pixels(const PixelSum<double>&);

}  // namespace tapestry::kernels
#endif
