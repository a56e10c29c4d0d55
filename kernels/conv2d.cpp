#include <tapestry/kernels/conv2d.hpp>
#include <tapestry/kernels/conv2d_implicit_gemm.hpp>
#include <tapestry/kernels/conv2d_reference.hpp>

namespace tapestry::kernels {

Conv2dAlgorithm choose_algorithm(const Conv2dGeometry&, Conv2dPass) {
  return Conv2dAlgorithm::implicit_gemm;
}

template <class T>
std::size_t conv2d_workspace(const Conv2dGeometry& geometry, Conv2dPass pass, Conv2dAlgorithm algorithm) {
  if (algorithm == Conv2dAlgorithm::reference) return 0;
  switch (pass) {
    case Conv2dPass::forward:
      return implicit_gemm::forward_workspace<T>(geometry);
    case Conv2dPass::input_gradient:
      return implicit_gemm::input_gradient_workspace<T>(geometry);
    case Conv2dPass::weight_gradient:
      return implicit_gemm::weight_gradient_workspace<T>(geometry);
  }
  return 0;
}

template <class T>
void conv2d_forward(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* x, const T* weight,
                    const T* bias, T* y, void* workspace) {
  switch (algorithm) {
    case Conv2dAlgorithm::reference:
      return reference::forward(geometry, x, weight, bias, y);
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::forward(geometry, x, weight, bias, y, workspace);
  }
}

template <class T>
void conv2d_input_gradient(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* dy, const T* weight,
                           T* dx, void* workspace) {
  switch (algorithm) {
    case Conv2dAlgorithm::reference:
      return reference::input_gradient(geometry, dy, weight, dx);
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::input_gradient(geometry, dy, weight, dx, workspace);
  }
}

template <class T>
void conv2d_weight_gradient(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* x, const T* dy,
                            T* dweight, void* workspace) {
  switch (algorithm) {
    case Conv2dAlgorithm::reference:
      return reference::weight_gradient(geometry, x, dy, dweight);
    case Conv2dAlgorithm::implicit_gemm:
      return implicit_gemm::weight_gradient(geometry, x, dy, dweight, workspace);
  }
}

template std::size_t conv2d_workspace<float>(const Conv2dGeometry&, Conv2dPass, Conv2dAlgorithm);
template std::size_t conv2d_workspace<double>(const Conv2dGeometry&, Conv2dPass, Conv2dAlgorithm);
template void conv2d_forward(const Conv2dGeometry&, Conv2dAlgorithm, const float*, const float*, const float*, float*,
                             void*);
template void conv2d_forward(const Conv2dGeometry&, Conv2dAlgorithm, const double*, const double*, const double*,
                             double*, void*);
template void conv2d_input_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const float*, const float*, float*, void*);
template void conv2d_input_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const double*, const double*, double*,
                                    void*);
template void conv2d_weight_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const float*, const float*, float*, void*);
template void conv2d_weight_gradient(const Conv2dGeometry&, Conv2dAlgorithm, const double*, const double*, double*,
                                     void*);

}  // namespace tapestry::kernels
