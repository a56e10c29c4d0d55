// Activation functions. Floating types only. At ±∞ elementwise ones and their derivatives have their limits. Denormal
// numbers count as zero.
#pragma once

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// max(x, 0), elementwise; NaN stays NaN. The derivative at 0 is 0.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.
/// Example: relu(Array::from<float>({3}, {-1, 0, 2})).array().to_vector<float>() == std::vector<float>{0, 0, 2}
Tensor relu(const Tensor& x);

/// min(max(x, 0), 6), elementwise; NaN stays NaN. The derivative is 0 at both kinks.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010.
/// Example: relu6(Array::from<float>({3}, {-1, 4, 9})).array().to_vector<float>() == std::vector<float>{0, 4, 6}
Tensor relu6(const Tensor& x);

struct LeakyReluOptions {
  double negative_slope = 0.01;  ///< the slope below 0
};

/// x where x > 0, negative_slope · x elsewhere. The derivative at 0 is negative_slope.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
/// Example: leaky_relu(Array::full({1}, -4), {.negative_slope = 0.5}).array().at({0}) == -2
Tensor leaky_relu(const Tensor& x, const LeakyReluOptions& options = {});

/// x where x > 0, weight · x elsewhere, with one weight for all channels or one per channel (axis 1, or axis 0 of a
/// vector). The derivative at 0 is the weight.
///
/// Shapes: x (N, C, …), weight (1) or (C) → (N, C, …).
/// Throws: ShapeError when the weight does not fit; DTypeError unless both are of one floating dtype.
/// Source: He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015 (equation 1).
/// Example: prelu(Array::full({1, 2}, -4), Array::from<float>({2}, {1, 0.5})).array().at({0, 1}) == -2
Tensor prelu(const Tensor& x, const Tensor& weight);

struct EluOptions {
  double alpha = 1;  ///< the limit for x → −∞ is −alpha
};

/// x where x > 0, alpha · (eˣ − 1) elsewhere.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units",
/// 2015.
/// Example: elu(Array::full({1}, -1e4), {.alpha = 2}).array().at({0}) == -2
Tensor elu(const Tensor& x, const EluOptions& options = {});

/// λ · x where x > 0, λ · α · (eˣ − 1) elsewhere, with α = 1.6732632423543772 and λ = 1.0507009873554805, for which
/// mean 0 and variance 1 are a fixed point.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks", 2017.
/// Example: selu(Array::full({1}, 1, DType::f64)).array().at({0}) == 1.0507009873554804934193349852946
Tensor selu(const Tensor& x);

/// How `gelu` is computed: by the error function, or by the paper's approximation with tanh.
enum class GeluApproximation { none, tanh };

struct GeluOptions {
  GeluApproximation approximate = GeluApproximation::none;  ///< exact by default
};

/// x · Φ(x) with Φ the distribution function of the standard normal: x · (1 + erf(x / √2)) / 2, or approximately
/// x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) / 2.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Hendrycks and Gimpel, "Gaussian error linear units", 2016.
/// Example: gelu(Array::from<float>({2}, {-1e4, 1e4})).array().to_vector<float>() == std::vector<float>{0, 1e4}
Tensor gelu(const Tensor& x, const GeluOptions& options = {});

/// x · sigmoid(x), also called swish.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation in
/// reinforcement learning", 2018.
/// Example: silu(Array::from<float>({2}, {-1e4, 1e4})).array().to_vector<float>() == std::vector<float>{0, 1e4}
Tensor silu(const Tensor& x);

/// x · min(max(x + 3, 0), 6) / 6. The derivative is 0 at −3 and 1 at 3.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Howard et al., "Searching for MobileNetV3", 2019.
/// Example: hardswish(Array::from<float>({3}, {-4, 0, 4})).array().to_vector<float>() == std::vector<float>{0, 0, 4}
Tensor hardswish(const Tensor& x);

/// min(max(x + 3, 0), 6) / 6. The derivative is 0 at −3 and at 3.
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Howard et al., "Searching for MobileNetV3", 2019.
/// Example: hardsigmoid(Array::from<float>({3}, {-4, 0, 4})).array().to_vector<float>() == std::vector<float>{0, 0.5,
/// 1}
Tensor hardsigmoid(const Tensor& x);

/// 1 / (1 + e⁻ˣ)
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: PyTorch's `torch.sigmoid`.
/// Example: sigmoid(Array::zeros({2})).array().at({1}) == 0.5
Tensor sigmoid(const Tensor& x);

/// (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: PyTorch's `torch.tanh`.
/// Example: tanh(Array::from<float>({2}, {0, 1e4})).array().to_vector<float>() == std::vector<float>{0, 1}
Tensor tanh(const Tensor& x);

struct SoftplusOptions {
  double beta = 1;        ///< sharpness of the bend, > 0
  double threshold = 20;  ///< where beta · x exceeds this, the result is x
};

/// ln(1 + e^{beta · x}) / beta, a smooth `relu`.
///
/// Shapes: x of any shape → the same.
/// Throws: ValueError unless beta > 0; DTypeError unless x is floating.
/// Source: Dugas, Bengio, Bélisle, Nadeau and Garcia, "Incorporating second-order functional knowledge for better
/// option pricing", 2000.
/// Example: softplus(Array::from<float>({2}, {-1e4, 1e4})).array().to_vector<float>() == std::vector<float>{0, 1e4}
Tensor softplus(const Tensor& x, const SoftplusOptions& options = {});

/// x · tanh(ln(1 + eˣ))
///
/// Shapes: x of any shape → the same.
/// Throws: DTypeError unless x is floating.
/// Source: Misra, "Mish: a self regularized non-monotonic activation function", 2019.
/// Example: mish(Array::from<float>({2}, {-1e4, 1e4})).array().to_vector<float>() == std::vector<float>{0, 1e4}
Tensor mish(const Tensor& x);

/// e^{xᵢ} / Σⱼ e^{xⱼ} along an axis, computed with the maximum subtracted, so that no finite input overflows.
///
/// Shapes: x of rank 1 or more → the same.
/// Throws: ShapeError for an axis that is out of range, DTypeError unless x is floating.
/// Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990.
/// Example: softmax(Array::zeros({2, 4})).array().at({1, 3}) == 0.25
Tensor softmax(const Tensor& x, int axis = -1);

/// ln softmax(x) along an axis: xᵢ − max x − ln Σⱼ e^{xⱼ − max x}.
///
/// Shapes: x of rank 1 or more → the same.
/// Throws: ShapeError for an axis that is out of range, DTypeError unless x is floating.
/// Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990.
/// Example: log_softmax(Array::zeros({2, 1})).array().at({1, 0}) == 0
Tensor log_softmax(const Tensor& x, int axis = -1);

}  // namespace tapestry
