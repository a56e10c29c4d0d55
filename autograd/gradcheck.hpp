// Derivatives compared with differences of function values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// A function under test: a tensor of f64 made of tensors of f64. It must be deterministic.
using CheckedFunction = std::function<Tensor(const std::vector<Tensor>& inputs)>;

struct GradcheckOptions {
  /// Half the distance of the two points of a central difference. For a function that is linear in each input any size
  /// is exact, and 1 loses the fewest digits.
  double step = 1e-6;
  double atol = 1e-8;
  double rtol = 1e-6;
  /// Seed of the random direction that the output is projected on.
  std::uint64_t seed = 0;
};

struct GradcheckResult {
  bool ok = true;
  /// For the worst element: which input, which element, and both numbers.
  std::string message = {};
  explicit operator bool() const { return ok; }
};

/// Compares the gradient of ⟨v, function(inputs)⟩, v a random direction, with central differences, for every element of
/// every input: |analytic − numeric| ≤ atol + rtol · |numeric|. Inputs are of type f64 (a DTypeError otherwise).
GradcheckResult gradcheck(const CheckedFunction& function, const std::vector<Array>& inputs,
                          const GradcheckOptions& options = {});

/// The same for the gradients of `function`, with respect to its inputs and to the gradient of its output: checks that
/// a backward pass under create_graph is itself differentiated rightly.
GradcheckResult gradgradcheck(const CheckedFunction& function, const std::vector<Array>& inputs,
                              const GradcheckOptions& options = {});

}  // namespace tapestry
