// The layer that flattens images to vectors.
#pragma once

#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `flatten` of the axes first to last: by default of all axes but the first.
class Flatten : public Module {
 public:
  explicit Flatten(int first = 1, int last = -1) : first_(first), last_(last) {}
  Tensor forward(const Tensor& x) const override { return flatten(x, first_, last_); }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<Flatten>(first_, last_); }

  int first_;
  int last_;
};

}  // namespace tapestry::nn
