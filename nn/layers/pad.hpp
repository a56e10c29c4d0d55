// The padding layer of images.
#pragma once

#include <tapestry/autograd/ops/shape/pad.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// A number per side of an image; a single number stands for all four.
struct Sides {
  std::int64_t left, right, top, bottom;
  constexpr Sides(Integer auto all) : Sides(all, all, all, all) {}  // NOLINT: implicit by design
  constexpr Sides(Integer auto l, Integer auto r, Integer auto t, Integer auto b)
      : left(l), right(r), top(t), bottom(b) {}
};

/// `pad` of (N, C, H, W) along height and width: PyTorch's ZeroPad2d, ConstantPad2d, ReflectionPad2d, ReplicationPad2d
/// and CircularPad2d by mode.
class Pad2d : public Module {
 public:
  struct Options {
    Required<Sides> padding;  ///< pixels added on each side; in mode zeros, negative numbers remove pixels
    PaddingMode mode = PaddingMode::zeros;  ///< what the padding holds
    double value = 0;                       ///< the value of the padding in mode zeros
  };

  explicit Pad2d(const Options& options) : options_(options) {}
  Tensor forward(const Tensor& x) const override {
    const auto& [left, right, top, bottom] = options_.padding.get();
    return pad(x, {left, right, top, bottom}, options_.mode, options_.value);
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Pad2d>(options_); }

  Options options_;
};

}  // namespace tapestry::nn
