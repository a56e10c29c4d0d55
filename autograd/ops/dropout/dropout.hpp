// Dropout. Each function draws from a `RandomStream` and advances it by one step; the mask is a function of (seed,
// stream, step, element in row-major order), independent of the memory format and the number of threads, and backward
// uses the same mask. A dropped element is 0 even where x is infinite or NaN, and so is its gradient; p = 0 returns x
// itself and p = 1 gives zeros. The stream does not advance when an argument is rejected.
#pragma once

#include <cstdint>
#include <string_view>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/random.hpp>

namespace tapestry {

/// Zeroes every element with probability p and multiplies the others by 1 / (1 − p).
///
/// Shapes: x of any shape → the same.
/// Throws: ValueError when p is not in [0, 1], DTypeError unless x is floating.
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
/// Example: [] { RandomStream stream; return dropout(Array::full({2}, 3), 1, stream).array().at({1}) == 0; }()
Tensor dropout(const Tensor& x, double p, RandomStream& stream);

/// Zeroes every channel of every sample, a whole feature map, with probability p and multiplies the others by 1 / (1 −
/// p).
///
/// Shapes: x (N, C, H, W) → the same.
/// Throws: ShapeError unless the rank is 4, ValueError when p is not in [0, 1], DTypeError unless x is floating.
/// Source: Tompson et al., "Efficient object localization using convolutional networks", 2015 (section 3.2).
/// Example: [] { RandomStream stream; return dropout2d(Array::full({1, 1, 1, 1}, 5), 0, stream).item() == 5; }()
Tensor dropout2d(const Tensor& x, double p, RandomStream& stream);

/// Zeroes every weight of a convolution or linear layer with probability p and multiplies the others by 1 / (1 − p), so
/// that evaluation uses the weights unchanged. Weights are dropped once per call, that is once per forward pass of the
/// layer: all samples of a batch see the same ones.
///
/// Shapes: weight of any shape → the same.
/// Throws: ValueError when p is not in [0, 1], DTypeError unless weight is floating.
/// Source: Wan et al., "Regularization of neural networks using DropConnect", 2013 (there per sample, and unscaled).
/// Example: [] { RandomStream stream; return drop_connect(Array::full({2, 3}, 4), 1, stream).array().at({1, 2}) == 0;
/// }()
Tensor drop_connect(const Tensor& weight, double p, RandomStream& stream);

/// Zeroes squares of block_size × block_size pixels, drawn independently for every channel of every sample, and divides
/// the rest by the fraction of elements kept. At each pixel where a square fits into the map, one begins with
/// probability γ = p / block_size² · H·W / ((H − block_size + 1)(W − block_size + 1)), so that about the fraction p is
/// dropped, slightly less since squares overlap; p = 1 drops everything.
///
/// Shapes: x (N, C, H, W) → the same.
/// Throws: ShapeError unless the rank is 4 and a block fits into the map; ValueError when p is not in [0, 1] or
/// block_size < 1; DTypeError unless x is floating.
/// Source: Ghiasi et al., "DropBlock: a regularization method for convolutional networks", 2018 (algorithm 1).
/// Example: [] { RandomStream stream; return drop_block2d(Array::full({1, 1, 4, 4}, 2), 1, 3, stream).array().at({0, 0,
/// 3, 3}) == 0; }()
Tensor drop_block2d(const Tensor& x, double p, std::int64_t block_size, RandomStream& stream);

/// The unit that `stochastic_depth` drops.
enum class StochasticDepthMode {
  row,    ///< every sample, x[n, …], independently
  batch,  ///< the whole tensor
};

/// Zeroes the residual branch x of every sample (or of all together) with probability p and multiplies what is kept by
/// 1 / (1 − p). Also known as drop path.
///
/// Shapes: x (N, …) → the same; of any shape in mode `batch`.
/// Throws: ValueError when p is not in [0, 1], ShapeError for a scalar in mode `row`, DTypeError unless x is floating.
/// Source: Huang et al., "Deep networks with stochastic depth", 2016; torchvision's `stochastic_depth`.
/// Example: [] { RandomStream stream; return stochastic_depth(Array::full({2, 3}, 4), 0, stream).array().at({1, 2}) ==
/// 4; }()
Tensor stochastic_depth(const Tensor& x, double p, RandomStream& stream,
                        StochasticDepthMode mode = StochasticDepthMode::row);

/// Dropout that keeps mean 0 and variance 1, for networks of `selu`: with α′ = −λα ≈ −1.7581, the value that selu tends
/// to, and q = 1 − p, every element becomes a·α′ + b with probability p, infinite or not, and else a·x + b, where a = 1
/// / √(q + α′²·q·p) and b = −a·p·α′. The exception is p = 1, which gives zeros.
///
/// Shapes: x of any shape → the same.
/// Throws: ValueError when p is not in [0, 1], DTypeError unless x is floating.
/// Source: Klambauer et al., "Self-normalizing neural networks", 2017 (section 2 and appendix).
/// Example: [] { RandomStream stream; return alpha_dropout(Array::full({2}, 3), 0, stream).array().at({1}) == 3; }()
Tensor alpha_dropout(const Tensor& x, double p, RandomStream& stream);

/// Throws a ValueError naming `operation` when p is not in [0, 1].
void check_dropout_probability(std::string_view operation, double p);

}  // namespace tapestry
