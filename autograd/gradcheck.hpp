// Checks derivatives against finite differences.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// A function under test, from f64 tensors to an f64 tensor. It must be deterministic.
using CheckedFunction = std::function<Tensor(const std::vector<Tensor>& inputs)>;

struct GradcheckOptions {
  /// Half the distance between the two points of a central difference. For a function that is linear in each input any
  /// step is exact, and 1 loses the fewest digits.
  double step = 1e-6;
  double atol = 1e-8;
  double rtol = 1e-6;
  /// Seed of the random direction onto which the output is projected.
  std::uint64_t seed = 0;
};

struct GradcheckResult {
  bool ok = true;
  /// The worst element: its input, its index, and both numbers.
  std::string message = {};
  explicit operator bool() const { return ok; }
};

/// Compares the gradient of ⟨v, function(inputs)⟩, v a random direction, with central differences, for every element of
/// every input: |analytic − numeric| ≤ atol + rtol · |numeric|. Inputs are of type f64 (a DTypeError otherwise).
GradcheckResult gradcheck(const CheckedFunction& function, const std::vector<Array>& inputs,
                          const GradcheckOptions& options = {});

/// The same for leaves that `function` reads by itself, such as the parameters of a module. They must be row-major (a
/// ValueError otherwise); their elements are changed in place and restored.
GradcheckResult gradcheck(const std::function<Tensor()>& function, const std::vector<Tensor>& leaves,
                          const GradcheckOptions& options = {});

/// Checks second derivatives: the gradients of `function`, differentiated with respect to its inputs and to the
/// gradient of its output under create_graph.
GradcheckResult gradgradcheck(const CheckedFunction& function, const std::vector<Array>& inputs,
                              const GradcheckOptions& options = {});

}  // namespace tapestry
