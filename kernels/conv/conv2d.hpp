// Two-dimensional convolution over raw memory: its geometry, the choice of an algorithm, and the three passes.
//
// Images are channels-last, x[n][h][w][c]; weights are [out_channels][in_channels / groups][kernel_height]
// [kernel_width]. "Convolution" is cross-correlation: the kernel is not flipped.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tapestry/kernels/elementwise/epilogue.hpp>

namespace tapestry::kernels {

/// The shapes and options of a convolution. Sizes and padding are in elements; the padding after the last row and
/// column follows from the output size. Preconditions: all sizes ≥ 0; kernel, stride and dilation ≥ 1; groups divides
/// both channel counts.
struct Conv2dGeometry {
  std::int64_t batch;
  std::int64_t in_channels, in_height, in_width;
  std::int64_t out_channels, out_height, out_width;
  std::int64_t kernel_height, kernel_width;
  std::int64_t stride_height, stride_width;
  std::int64_t pad_top, pad_left;
  std::int64_t dilation_height, dilation_width;
  std::int64_t groups;
};

enum class Conv2dPass { forward, input_gradient, weight_gradient };

/// `reference`: the definition as plain loops, for comparison. `implicit_gemm`: a GEMM of gathered pixels and packed
/// weights. `depthwise`: vectorized over channels; requires groups = in_channels. `winograd`: fewer multiplications;
/// requires f32 and `winograd::can_compute`.
enum class Conv2dAlgorithm { reference, implicit_gemm, depthwise, winograd };

/// The algorithm for all passes of a convolution in type T; depends on the arguments alone. Winograd's algorithms,
/// whose rounding errors are larger than those of a plain sum, are chosen only if `allow_winograd`.
template <class T>
Conv2dAlgorithm choose_algorithm(const Conv2dGeometry& geometry, bool allow_winograd);

/// Bytes of workspace (64-byte aligned) that a pass needs with this algorithm and `num_threads()` threads; the maximum
/// of int64 if the number overflows.
template <class T>
std::size_t conv2d_workspace(const Conv2dGeometry& geometry, Conv2dPass pass, Conv2dAlgorithm algorithm);

/// True when the forward pass and the weight gradient can apply an epilogue without addend to x as they load it (a
/// prologue), with the same bits as `apply_epilogue` of x as one sample.
bool can_load_epilogue(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm);

/// True when the forward pass and the input gradient can apply an epilogue to their results as they store them, with
/// the same bits as `apply_epilogue` of the results.
bool can_store_epilogue(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm);

/// y = store(conv(load(x), weight) + bias); `bias` (out_channels) may be null.
template <class T>
void conv2d_forward(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* x, const T* weight,
                    const T* bias, T* y, void* workspace, const Epilogue<T>& load = {}, const Epilogue<T>& store = {});

/// dx = store(gradient of ⟨dy, conv(x, weight)⟩ with respect to x, plus bias): a transposed convolution. `bias`
/// (in_channels) may be null.
template <class T>
void conv2d_input_gradient(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* dy, const T* weight,
                           const T* bias, T* dx, void* workspace, const Epilogue<T>& store = {});

/// dweight = the gradient of ⟨dy, conv(load(x), weight)⟩ with respect to weight.
template <class T>
void conv2d_weight_gradient(const Conv2dGeometry& geometry, Conv2dAlgorithm algorithm, const T* x, const T* dy,
                            T* dweight, void* workspace, const Epilogue<T>& load = {});

}  // namespace tapestry::kernels
