// Example modules for the tests of ModuleBase.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/dropout.hpp>
#include <tapestry/nn/layers/flatten.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/nn/sequential.hpp>

#include "core/generate.hpp"

namespace tapestry::testing {

/// x · factor
class Scale : public nn::Module {
 public:
  explicit Scale(double factor) : factor_(add_parameter("factor", Array::full({}, factor))) {}
  Tensor forward(const Tensor& x) const override { return x * factor_; }
  std::unique_ptr<ModuleBase> make_like() const override { return make<Scale>(0); }
  const Tensor& factor() const { return factor_; }

 private:
  nn::Parameter factor_;
};

/// Images (N, 2, 1, 3) → (N, 4), with a parameter, a buffer, a layer and layers within a layer of its own.
class Net : public nn::Module {
 public:
  Net()
      : gain_(add_parameter("gain", Array::full({1, 2, 1, 1}, 3))),
        calls_(add_buffer("calls", Array::zeros({}, DType::i64))),
        mix_(add("mix", nn::Conv2d({.in_channels = 2, .out_channels = 5, .kernel_size = 1}))),
        rest_(add("rest", nn::sequential({nn::BatchNorm2d({.num_features = 5}), nn::Flatten(), nn::Dropout({.p = 0.5}),
                                          nn::Linear({.in_features = 15, .out_features = 4})}))) {}
  Tensor forward(const Tensor& x) const override { return rest_(mix_(x * gain_)); }
  const nn::Module* mix() const { return &mix_; }
  const nn::Module* rest() const { return &rest_; }

 private:
  nn::Parameter gain_;
  nn::Buffer calls_;
  nn::Conv2d& mix_;
  nn::Sequential& rest_;
};

/// An input for Net.
inline Array image(std::uint64_t seed = 1) {
  return Generator(seed).reals({6, 2, 1, 3}).to(DType::f32);
}

inline std::vector<std::string> names_of(const std::vector<nn::NamedTensor>& tensors) {
  std::vector<std::string> names;
  for (const auto& entry : tensors) names.push_back(entry.name);
  return names;
}

inline std::vector<std::string> names_of(const nn::StateDict& state) {
  std::vector<std::string> names;
  for (const auto& entry : state) names.push_back(entry.first);
  return names;
}

/// Requires the same names and elements.
inline void require_same(const nn::StateDict& got, const nn::StateDict& wanted) {
  REQUIRE(names_of(got) == names_of(wanted));
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO(got[i].first);
    require_equal(got[i].second, wanted[i].second);
  }
}

}  // namespace tapestry::testing
