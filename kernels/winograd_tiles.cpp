#include <cstddef>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/winograd_tiles.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/channels-inl.hpp>
#include <tapestry/kernels/streaming-inl.hpp>
#include <tapestry/kernels/winograd_tiles.hpp>
#include <tapestry/kernels/winograd_transforms-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

// Every two-dimensional transform goes down the columns first, then along the rows.

void scatter_input(const float* const* HWY_RESTRICT pixels, std::int64_t channels, float* HWY_RESTRICT target,
                   std::int64_t plane) {
  for_channels<float>(channels, [&](auto d, std::int64_t channel) {
    using V = hn::Vec<decltype(d)>;
    V rows[6][6];
    HWY_UNROLL(6)
    for (int j = 0; j < 6; ++j) {
      V column[6], transformed[6];
      HWY_UNROLL(6)
      for (int i = 0; i < 6; ++i) column[i] = hn::LoadU(d, pixels[i * 6 + j] + channel);
      transform_input(d, column, transformed);
      HWY_UNROLL(6)
      for (int i = 0; i < 6; ++i) rows[i][j] = transformed[i];
    }
    HWY_UNROLL(6)
    for (int i = 0; i < 6; ++i) {
      V transformed[6];
      transform_input(d, rows[i], transformed);
      HWY_UNROLL(6)
      for (int j = 0; j < 6; ++j) hn::StoreU(transformed[j], d, target + (i * 6 + j) * plane + channel);
    }
  });
}

void scatter_gradient(const float* const* HWY_RESTRICT pixels, std::int64_t channels, float* HWY_RESTRICT target,
                      std::int64_t plane) {
  for_channels<float>(channels, [&](auto d, std::int64_t channel) {
    using V = hn::Vec<decltype(d)>;
    V rows[6][4];
    HWY_UNROLL(4)
    for (int j = 0; j < 4; ++j) {
      V column[4], transformed[6];
      HWY_UNROLL(4)
      for (int i = 0; i < 4; ++i) column[i] = hn::LoadU(d, pixels[i * 4 + j] + channel);
      transform_gradient(d, column, transformed);
      HWY_UNROLL(6)
      for (int i = 0; i < 6; ++i) rows[i][j] = transformed[i];
    }
    HWY_UNROLL(6)
    for (int i = 0; i < 6; ++i) {
      V transformed[6];
      transform_gradient(d, rows[i], transformed);
      HWY_UNROLL(6)
      for (int j = 0; j < 6; ++j) hn::StoreU(transformed[j], d, target + (i * 6 + j) * plane + channel);
    }
  });
}

bool gather_output(const float* HWY_RESTRICT products, std::int64_t plane, std::int64_t channels,
                   const float* HWY_RESTRICT bias, float* const* HWY_RESTRICT pixels, bool streams) {
  bool is_finite = true;
  for_channels<float>(channels, [&](auto d, std::int64_t channel) {
    using V = hn::Vec<decltype(d)>;
    V rows[4][6];
    HWY_UNROLL(6)
    for (int j = 0; j < 6; ++j) {
      V column[6], transformed[4];
      HWY_UNROLL(6)
      for (int i = 0; i < 6; ++i) column[i] = hn::LoadU(d, products + (i * 6 + j) * plane + channel);
      transform_output(d, column, transformed);
      HWY_UNROLL(4)
      for (int i = 0; i < 4; ++i) rows[i][j] = transformed[i];
    }
    const V zero = hn::Zero(d);
    const V offset = bias == nullptr ? zero : hn::LoadU(d, bias + channel);
    // NaN once a result is infinite or NaN, else 0.
    V witness = zero;
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
      V transformed[4];
      transform_output(d, rows[i], transformed);
      HWY_UNROLL(4)
      for (int j = 0; j < 4; ++j) {
        witness = hn::MulAdd(transformed[j], zero, witness);
        store_result(streams, hn::Add(transformed[j], offset), d, pixels[i * 4 + j] + channel);
      }
    }
    is_finite = is_finite && hn::AllTrue(d, hn::Eq(witness, zero));
  });
  return is_finite;
}

void transform_kernels(const float* HWY_RESTRICT kernels, std::int64_t count, float* HWY_RESTRICT target,
                       std::int64_t plane) {
  for_channels<float>(count, [&](auto d, std::int64_t kernel) {
    using V = hn::Vec<decltype(d)>;
    V rows[6][3];
    HWY_UNROLL(3)
    for (int j = 0; j < 3; ++j) {
      V column[3], transformed[6];
      HWY_UNROLL(3)
      for (int i = 0; i < 3; ++i) column[i] = hn::LoadU(d, kernels + (i * 3 + j) * count + kernel);
      transform_kernel(d, column, transformed);
      HWY_UNROLL(6)
      for (int i = 0; i < 6; ++i) rows[i][j] = transformed[i];
    }
    HWY_UNROLL(6)
    for (int i = 0; i < 6; ++i) {
      V transformed[6];
      transform_kernel(d, rows[i], transformed);
      HWY_UNROLL(6)
      for (int j = 0; j < 6; ++j) hn::StoreU(transformed[j], d, target + (i * 6 + j) * plane + kernel);
    }
  });
}

void transform_kernel_gradients(const float* HWY_RESTRICT sums, std::int64_t plane, std::int64_t count,
                                float* HWY_RESTRICT gradients) {
  for_channels<float>(count, [&](auto d, std::int64_t kernel) {
    using V = hn::Vec<decltype(d)>;
    V rows[3][6];
    HWY_UNROLL(6)
    for (int j = 0; j < 6; ++j) {
      V column[6], transformed[3];
      HWY_UNROLL(6)
      for (int i = 0; i < 6; ++i) column[i] = hn::LoadU(d, sums + (i * 6 + j) * plane + kernel);
      transform_kernel_gradient(d, column, transformed);
      HWY_UNROLL(3)
      for (int i = 0; i < 3; ++i) rows[i][j] = transformed[i];
    }
    HWY_UNROLL(3)
    for (int i = 0; i < 3; ++i) {
      V transformed[3];
      transform_kernel_gradient(d, rows[i], transformed);
      HWY_UNROLL(3)
      for (int j = 0; j < 3; ++j) hn::StoreU(transformed[j], d, gradients + (i * 3 + j) * count + kernel);
    }
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
HWY_EXPORT(scatter_input);
HWY_EXPORT(scatter_gradient);
HWY_EXPORT(gather_output);
HWY_EXPORT(transform_kernels);
HWY_EXPORT(transform_kernel_gradients);
}  // namespace

namespace winograd {

void scatter_input(const float* const* pixels, std::int64_t channels, float* target, std::int64_t plane) {
  HWY_DYNAMIC_DISPATCH(scatter_input)(pixels, channels, target, plane);
}

void scatter_gradient(const float* const* pixels, std::int64_t channels, float* target, std::int64_t plane) {
  HWY_DYNAMIC_DISPATCH(scatter_gradient)(pixels, channels, target, plane);
}

bool gather_output(const float* products, std::int64_t plane, std::int64_t channels, const float* bias,
                   float* const* pixels, bool streams) {
  return HWY_DYNAMIC_DISPATCH(gather_output)(products, plane, channels, bias, pixels, streams);
}

void transform_kernels(const float* kernels, std::int64_t count, float* target, std::int64_t plane) {
  HWY_DYNAMIC_DISPATCH(transform_kernels)(kernels, count, target, plane);
}

void transform_kernel_gradients(const float* sums, std::int64_t plane, std::int64_t count, float* gradients) {
  HWY_DYNAMIC_DISPATCH(transform_kernel_gradients)(sums, plane, count, gradients);
}

}  // namespace winograd
}  // namespace tapestry::kernels
#endif
