// The local response normalization layer.
#pragma once

#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/nn/module.hpp>

namespace tapestry::nn {

/// `local_response_norm` as a layer. The constructor checks the options.
class LocalResponseNorm : public Module {
 public:
  struct Options {
    Required<std::int64_t> size;  ///< channels of a window
    double alpha = 1e-4;          ///< factor of the mean square
    double beta = 0.75;           ///< exponent
    double k = 1;                 ///< added to the mean square
  };

  explicit LocalResponseNorm(const Options& options) : options_(options) {
    check_local_response_norm_options("LocalResponseNorm", options.size, options.alpha, options.beta, options.k);
  }
  Tensor forward(const Tensor& x) const override {
    return local_response_norm(x, options_.size, options_.alpha, options_.beta, options_.k);
  }

 private:
  std::unique_ptr<ModuleBase> make_like() const override { return make<LocalResponseNorm>(options_); }

  Options options_;
};

}  // namespace tapestry::nn
