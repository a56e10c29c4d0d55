#include <type_traits>

#include <tapestry/kernels/conv/conv2d.hpp>
#include <tapestry/kernels/conv/conv2d_depthwise.hpp>
#include <tapestry/kernels/conv/conv2d_implicit_gemm.hpp>
#include <tapestry/kernels/conv/conv2d_reference.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>
#include <tapestry/kernels/winograd/winograd.hpp>

namespace tapestry::kernels {

template <class T>
Conv2dAlgorithm choose_algorithm(const Conv2dGeometry& g, ConvMath math) {
  if (g.groups > 1 && g.groups == g.in_channels) return Conv2dAlgorithm::depthwise;
  // With fewer channels the transforms cost more than the products that they save. The batch has no say, so that a
  // sample gives the same bits alone.
  constexpr std::int64_t least = 16;
  const bool pays = g.in_channels >= least && g.out_channels >= least;
  if (std::is_same_v<T, float> && math == ConvMath::fast && pays && winograd::can_compute(g)) {
    return Conv2dAlgorithm::winograd;
  }
  return Conv2dAlgorithm::implicit_gemm;
}

template <class T>
std::size_t conv2d_workspace(const Conv2dGeometry& geometry, Conv2dPass pass, Conv2dAlgorithm algorithm) {
  if (algorithm == Conv2dAlgorithm::reference) return 0;
  if (algorithm == Conv2dAlgorithm::winograd) return winograd::workspace(geometry, pass);
  const bool is_depthwise = algorithm == Conv2dAlgorithm::depthwise;
  switch (pass) {
    case Conv2dPass::forward:
      return is_depthwise ? depthwise::forward_workspace<T>(geometry) : implicit_gemm::forward_workspace<T>(geometry);
    case Conv2dPass::input_gradient:
      return is_depthwise ? depthwise::input_gradient_workspace<T>(geometry)
                          : implicit_gemm::input_gradient_workspace<T>(geometry);
    case Conv2dPass::weight_gradient:
      return is_depthwise ? depthwise::weight_gradient_workspace<T>(geometry)
                          : implicit_gemm::weight_gradient_workspace<T>(geometry);
  }
  return 0;
}

bool can_normalise(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm) {
  switch (algorithm) {
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::can_normalise(geometry);
    case Conv2dAlgorithm::depthwise:
      return depthwise::can_normalise(geometry);
    case Conv2dAlgorithm::reference:
    case Conv2dAlgorithm::winograd:
      return false;
  }
  return false;
}

namespace {

template <class T>
void rectify(const Conv2dGeometry& g, T* y) {
  constexpr std::int64_t grain = std::int64_t{1} << 14;
  parallel_ranges(g.batch * g.out_height * g.out_width * g.out_channels, grain,
                  [=](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = begin; i < end; ++i) y[i] = y[i] <= 0 ? T{0} : y[i];
                  });
}

template <class T>
void forward(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* x,
             const ChannelAffine<T>* normalisation, const T* weight, const T* bias, bool relu, T* y, void* workspace) {
  switch (algorithm) {
    case Conv2dAlgorithm::reference:
      reference::forward(geometry, x, weight, bias, y);
      break;
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::forward(geometry, x, normalisation, weight, bias, relu, y, workspace);
    case Conv2dAlgorithm::depthwise:
      depthwise::forward(geometry, x, normalisation, weight, bias, y, workspace);
      break;
    case Conv2dAlgorithm::winograd:
      if constexpr (std::is_same_v<T, float>) winograd::forward(geometry, x, weight, bias, relu, y, workspace);
      return;
  }
  if (relu) rectify(geometry, y);
}

}  // namespace

template <class T>
void conv2d_forward(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* x, const T* weight,
                    const T* bias, T* y, void* workspace, const ChannelAffine<T>* normalisation) {
  forward(geometry, algorithm, x, normalisation, weight, bias, /*relu=*/false, y, workspace);
}

template <class T>
void conv2d_relu_forward(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* x, const T* weight,
                         const T* bias, T* y, void* workspace) {
  forward<T>(geometry, algorithm, x, nullptr, weight, bias, /*relu=*/true, y, workspace);
}

template <class T>
void conv2d_input_gradient(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* dy, const T* weight,
                           const T* bias, T* dx, void* workspace) {
  switch (algorithm) {
    case Conv2dAlgorithm::reference:
      return reference::input_gradient(geometry, dy, weight, bias, dx);
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::input_gradient(geometry, dy, weight, bias, dx, workspace);
    case Conv2dAlgorithm::depthwise:
      return depthwise::input_gradient(geometry, dy, weight, bias, dx, workspace);
    case Conv2dAlgorithm::winograd:
      if constexpr (std::is_same_v<T, float>) winograd::input_gradient(geometry, dy, weight, bias, dx, workspace);
      return;
  }
}

bool can_add_input_gradient(Conv2dAlgorithm algorithm) {
  return algorithm == Conv2dAlgorithm::implicit_gemm || algorithm == Conv2dAlgorithm::winograd;
}

template <class T>
void conv2d_add_input_gradient(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* dy, const T* weight,
                               T* dx, void* workspace) {
  if (algorithm == Conv2dAlgorithm::implicit_gemm) {
    return implicit_gemm::add_input_gradient(geometry, dy, weight, dx, workspace);
  }
  if constexpr (std::is_same_v<T, float>) winograd::add_input_gradient(geometry, dy, weight, dx, workspace);
}

template <class T>
void conv2d_weight_gradient(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* x, const T* dy,
                            T* dweight, void* workspace, const ChannelAffine<T>* normalisation) {
  switch (algorithm) {
    case Conv2dAlgorithm::reference:
      return reference::weight_gradient(geometry, x, dy, dweight);
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::weight_gradient(geometry, x, normalisation, dy, dweight, workspace);
    case Conv2dAlgorithm::depthwise:
      return depthwise::weight_gradient(geometry, x, normalisation, dy, dweight, workspace);
    case Conv2dAlgorithm::winograd:
      if constexpr (std::is_same_v<T, float>) winograd::weight_gradient(geometry, x, dy, dweight, workspace);
      return;
  }
}

template Conv2dAlgorithm choose_algorithm<float>(const Conv2dGeometry&, ConvMath);
template Conv2dAlgorithm choose_algorithm<double>(const Conv2dGeometry&, ConvMath);
template std::size_t conv2d_workspace<float>(const Conv2dGeometry&, Conv2dPass, Conv2dAlgorithm);
template std::size_t conv2d_workspace<double>(const Conv2dGeometry&, Conv2dPass, Conv2dAlgorithm);
template void conv2d_forward(const Conv2dGeometry&, Conv2dAlgorithm, const float*, const float*, const float*, float*,
                             void*, const ChannelAffine<float>*);
template void conv2d_forward(const Conv2dGeometry&, Conv2dAlgorithm, const double*, const double*, const double*,
                             double*, void*, const ChannelAffine<double>*);
template void conv2d_relu_forward(const Conv2dGeometry&, Conv2dAlgorithm, const float*, const float*, const float*,
                                  float*, void*);
template void conv2d_relu_forward(const Conv2dGeometry&, Conv2dAlgorithm, const double*, const double*, const double*,
                                  double*, void*);
template void conv2d_input_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const float*, const float*, const float*,
                                    float*, void*);
template void conv2d_input_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const double*, const double*, const double*,
                                    double*, void*);
template void conv2d_add_input_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const float*, const float*, float*,
                                        void*);
template void conv2d_add_input_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const double*, const double*, double*,
                                        void*);
template void conv2d_weight_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const float*, const float*, float*, void*,
                                     const ChannelAffine<float>*);
template void conv2d_weight_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const double*, const double*, double*,
                                     void*, const ChannelAffine<double>*);

}  // namespace tapestry::kernels
