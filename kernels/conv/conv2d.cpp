#include <algorithm>
#include <type_traits>

#include <tapestry/kernels/conv/conv2d.hpp>
#include <tapestry/kernels/conv/conv2d_depthwise.hpp>
#include <tapestry/kernels/conv/conv2d_implicit_gemm.hpp>
#include <tapestry/kernels/conv/conv2d_reference.hpp>
#include <tapestry/kernels/winograd/winograd.hpp>

namespace tapestry::kernels {

template <class T>
Conv2dAlgorithm choose_algorithm(const Conv2dGeometry& g, bool allow_winograd) {
  // The other algorithms add up all terms of an element in one chain, too inexact in f32 for kernels as large as
  // images.
  constexpr std::int64_t too_deep = std::int64_t{1} << 16;
  const std::int64_t channels = std::max({g.in_channels / g.groups, g.out_channels / g.groups, std::int64_t{1}});
  const bool is_deep = std::is_same_v<T, float> && g.kernel_height * g.kernel_width > too_deep / channels;
  if (g.groups > 1 && g.groups == g.in_channels && !is_deep) return Conv2dAlgorithm::depthwise;
  // With fewer channels the transforms cost more than the multiplications that they save. The choice does not depend on
  // the batch size, so that a sample has the same bits alone as in a batch.
  constexpr std::int64_t min_channels = 16;
  const bool pays = g.in_channels >= min_channels && g.out_channels >= min_channels;
  if (std::is_same_v<T, float> && allow_winograd && pays && winograd::can_compute(g)) return Conv2dAlgorithm::winograd;
  return is_deep ? Conv2dAlgorithm::reference : Conv2dAlgorithm::implicit_gemm;
}

template <class T>
std::size_t conv2d_workspace(const Conv2dGeometry& geometry, Conv2dPass pass, Conv2dAlgorithm algorithm) {
  switch (algorithm) {
    case Conv2dAlgorithm::reference:
      return 0;
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::workspace<T>(geometry, pass);
    case Conv2dAlgorithm::depthwise:
      return depthwise::workspace<T>(geometry, pass);
    case Conv2dAlgorithm::winograd:
      return winograd::workspace(geometry, pass);
  }
  return 0;
}

bool can_load_epilogue(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm) {
  if (algorithm == Conv2dAlgorithm::implicit_gemm) return implicit_gemm::can_load_epilogue(geometry);
  return algorithm == Conv2dAlgorithm::depthwise && depthwise::can_apply_epilogue(geometry);
}

bool can_store_epilogue(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm) {
  if (algorithm == Conv2dAlgorithm::depthwise) return depthwise::can_apply_epilogue(geometry);
  return algorithm != Conv2dAlgorithm::reference;
}

template <class T>
void conv2d_forward(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* x, const T* weight,
                    const T* bias, T* y, void* workspace, const Epilogue<T>& load, const Epilogue<T>& store) {
  switch (algorithm) {
    case Conv2dAlgorithm::reference:
      return reference::forward(geometry, x, weight, bias, y);
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::forward(geometry, x, load, weight, bias, store, y, workspace);
    case Conv2dAlgorithm::depthwise:
      return depthwise::forward(geometry, x, load, weight, bias, store, y, workspace);
    case Conv2dAlgorithm::winograd:
      if constexpr (std::is_same_v<T, float>) winograd::forward(geometry, x, weight, bias, store, y, workspace);
      return;
  }
}

template <class T>
void conv2d_input_gradient(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* dy, const T* weight,
                           const T* bias, T* dx, void* workspace, const Epilogue<T>& store) {
  switch (algorithm) {
    case Conv2dAlgorithm::reference:
      return reference::input_gradient(geometry, dy, weight, bias, dx);
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::input_gradient(geometry, dy, weight, bias, store, dx, workspace);
    case Conv2dAlgorithm::depthwise:
      return depthwise::input_gradient(geometry, dy, weight, bias, store, dx, workspace);
    case Conv2dAlgorithm::winograd:
      if constexpr (std::is_same_v<T, float>) {
        winograd::input_gradient(geometry, dy, weight, bias, store, dx, workspace);
      }
      return;
  }
}

template <class T>
void conv2d_weight_gradient(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* x, const T* dy,
                            T* dweight, void* workspace, const Epilogue<T>& load) {
  switch (algorithm) {
    case Conv2dAlgorithm::reference:
      return reference::weight_gradient(geometry, x, dy, dweight);
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::weight_gradient(geometry, x, load, dy, dweight, workspace);
    case Conv2dAlgorithm::depthwise:
      return depthwise::weight_gradient(geometry, x, load, dy, dweight, workspace);
    case Conv2dAlgorithm::winograd:
      if constexpr (std::is_same_v<T, float>) winograd::weight_gradient(geometry, x, dy, dweight, workspace);
      return;
  }
}

#define TAPESTRY_INSTANTIATE(T)                                                                                        \
  template Conv2dAlgorithm choose_algorithm<T>(const Conv2dGeometry&, bool);                                           \
  template std::size_t conv2d_workspace<T>(const Conv2dGeometry&, Conv2dPass, Conv2dAlgorithm);                        \
  template void conv2d_forward(const Conv2dGeometry&, Conv2dAlgorithm, const T*, const T*, const T*, T*, void*,        \
                               const Epilogue<T>&, const Epilogue<T>&);                                                \
  template void conv2d_input_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const T*, const T*, const T*, T*, void*, \
                                      const Epilogue<T>&);                                                             \
  template void conv2d_weight_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const T*, const T*, T*, void*,          \
                                       const Epilogue<T>&)
TAPESTRY_INSTANTIATE(float);
TAPESTRY_INSTANTIATE(double);
#undef TAPESTRY_INSTANTIATE

}  // namespace tapestry::kernels
