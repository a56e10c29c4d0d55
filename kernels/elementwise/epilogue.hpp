// What happens to an element on its way to memory, over raw memory: a scale and a shift per channel, an addend, an
// activation. Kernels apply the same struct when they store what they compute, when they load what they read, and as a
// separate pass; the bits are the same in all three places.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

enum class ActivationKind : std::uint8_t {
  none,
  relu,
  relu6,
  leaky_relu,
  hardsigmoid,
  hardswish,
  sigmoid,
  silu,
  gelu,
  gelu_tanh
};

/// True for the activations that kernels fuse with an affine map, and whose gradient batch norm masks as it reads dy.
constexpr bool is_rectifier(ActivationKind kind) {
  return kind == ActivationKind::none || kind == ActivationKind::relu || kind == ActivationKind::relu6;
}

/// An elementwise function. NaN stays NaN in all of them; each gives its limit at ±∞.
struct Activation {
  ActivationKind kind = ActivationKind::none;
  double negative_slope = 0;  ///< of leaky_relu

  bool operator==(const Activation&) const = default;
};

/// y = (x − mean − mean_rest) · scale + bias with numbers per channel; none of it where `scale` is null.
///
/// The rest is what T cannot hold of the mean: x − mean is exact where they are close (Sterbenz), so that y is off by
/// no more than three roundings of (x − mean) · scale and one of y however large the mean is.
template <class T>
struct ChannelAffine {
  const T* mean = nullptr;
  const T* mean_rest = nullptr;
  const T* scale = nullptr;
  const T* bias = nullptr;

  bool is_none() const { return scale == nullptr; }
  /// The numbers from channel number `c` on.
  ChannelAffine from(std::int64_t c) const {
    if (is_none()) return {};
    return {mean + c, mean_rest + c, scale + c, bias + c};
  }
};

/// y = activation(affine(x) + addend). The addend has the elements of y and may be y itself; null for none.
template <class T>
struct Epilogue {
  ChannelAffine<T> affine = {};
  const T* addend = nullptr;
  Activation activation = {};

  bool is_none() const { return affine.is_none() && addend == nullptr && activation.kind == ActivationKind::none; }
  /// That of the elements from `element` on, which begin with channel number `c`.
  Epilogue from(std::int64_t element, std::int64_t c) const {
    return {affine.from(c), addend == nullptr ? nullptr : addend + element, activation};
  }
};

/// Data x[sample][row][channel] whose numbers per channel are [sample][channel]: images in channels-last memory are one
/// sample of N · H · W rows for batch norm, and N samples of H · W rows for group and instance norm.
struct ChannelGeometry {
  std::int64_t samples, rows, channels;
};

/// y = epilogue(x) in a separate pass over memory. y may be x.
template <class T>
void apply_epilogue(const ChannelGeometry& geometry, const T* x, const Epilogue<T>& epilogue, T* y);

/// The same, to the last bit, of some rows of one sample, in the calling thread and into memory that is read at once.
template <class T>
void apply_epilogue_rows(std::int64_t rows, std::int64_t channels, const T* x, const Epilogue<T>& epilogue, T* y);

/// What the gradient of an activation is computed from: its result, for relu, relu6 and sigmoid, or else what goes into
/// it, which is affine(values) or the values themselves.
template <class T>
struct ActivationSource {
  Activation activation;
  const T* values;
  bool is_output;
  ChannelAffine<T> affine = {};

  /// That of the elements from `element` on, which begin with channel number `c`.
  ActivationSource from(std::int64_t element, std::int64_t c) const {
    return {activation, values + element, is_output, affine.from(c)};
  }
};

/// dx = dy · activation′, element by element. dx may be dy.
template <class T>
void activation_gradient(std::int64_t rows, std::int64_t channels, const T* dy, const ActivationSource<T>& source,
                         T* dx);

/// The same of a few rows, in the calling thread and into memory that is read at once.
template <class T>
void activation_gradient_rows(std::int64_t rows, std::int64_t channels, const T* dy, const ActivationSource<T>& source,
                              T* dx);

}  // namespace tapestry::kernels
