#include <algorithm>

#include <tapestry/kernels/conv/conv2d_windows.hpp>
#include <tapestry/kernels/conv/unfold.hpp>
#include <tapestry/kernels/reduction/gather_sums.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels {
namespace {

/// The windows [begin, end) along an axis whose tap is inside the image; that of window i is at i · stride + offset.
struct Windows {
  std::int64_t begin, end, offset;
};

Windows windows_with(const Conv2dAxis& axis, std::int64_t tap) {
  const std::int64_t offset = tap * axis.dilation - axis.pad;
  const auto first_from = [&](std::int64_t position) {
    const std::int64_t distance = position - offset;
    return distance <= 0 ? 0 : std::min(axis.out_size, (distance - 1) / axis.stride + 1);
  };
  return {.begin = first_from(0), .end = first_from(axis.in_size), .offset = offset};
}

}  // namespace

template <class T>
void unfold(const Conv2dGeometry& g, const T* x, T* columns) {
  const Conv2dAxis rows = vertical(g);
  const std::int64_t taps = g.kernel_height * g.kernel_width;
  const std::int64_t total = g.batch * g.in_channels * taps * g.out_height;
  parallel_each(total, g.out_width, [&](std::int64_t index) {
    T* const out = columns + index * g.out_width;
    const std::int64_t tap = index / g.out_height % taps;
    const std::int64_t row = index % g.out_height * rows.stride + tap / g.kernel_width * rows.dilation - rows.pad;
    const Windows on = windows_with(horizontal(g), tap % g.kernel_width);
    if (row < 0 || row >= g.in_height || on.begin >= on.end) {
      std::fill_n(out, g.out_width, T{0});
      return;
    }
    const T* const in = x + (index / g.out_height / taps * g.in_height + row) * g.in_width + on.offset;
    std::fill(out, out + on.begin, T{0});
    if (g.stride_width == 1) {
      std::copy(in + on.begin, in + on.end, out + on.begin);
    } else {
      for (std::int64_t j = on.begin; j < on.end; ++j) out[j] = in[j * g.stride_width];
    }
    std::fill(out + on.end, out + g.out_width, T{0});
  });
}

template <class T>
void fold(const Conv2dGeometry& g, const T* columns, T* x) {
  const Conv2dAxis rows = vertical(g);
  // Each row of the image gathers its own sum, so that no two threads write to the same location.
  const std::int64_t work = g.in_width * g.kernel_height * g.kernel_width;
  parallel_each(g.batch * g.in_channels * g.in_height, work, [&](std::int64_t index) {
    gather_sums(g.kernel_height * g.kernel_width, g.in_width, x + index * g.in_width, [&](auto* row) {
      for (std::int64_t r = 0; r < g.kernel_height; ++r) {
        const std::int64_t distance = index % g.in_height + rows.pad - r * rows.dilation;
        if (distance < 0 || distance % rows.stride != 0 || distance / rows.stride >= g.out_height) continue;
        const std::int64_t tap_row = index / g.in_height * g.kernel_height + r;
        for (std::int64_t s = 0; s < g.kernel_width; ++s) {
          const Windows on = windows_with(horizontal(g), s);
          const T* const in =
              columns + ((tap_row * g.kernel_width + s) * g.out_height + distance / rows.stride) * g.out_width;
          for (std::int64_t j = on.begin; j < on.end; ++j) row[j * g.stride_width + on.offset] += in[j];
        }
      }
    });
  });
}

template void unfold(const Conv2dGeometry&, const float*, float*);
template void unfold(const Conv2dGeometry&, const double*, double*);
template void fold(const Conv2dGeometry&, const float*, float*);
template void fold(const Conv2dGeometry&, const double*, double*);

}  // namespace tapestry::kernels
