#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>

namespace tapestry {
namespace {

void check_dtype(const Array& input) {
  if (input.dtype() != DType::f64) {
    throw DTypeError(fmt::format("gradcheck: expected inputs of type f64, got {}", to_string(input)));
  }
}

/// Elements are perturbed in place and counted in row-major order.
void check_perturbable(const Array& point) {
  check_dtype(point);
  if (point.format() != MemoryFormat::row_major) {
    throw ValueError(fmt::format("gradcheck: leaves must be row-major, got {} in channels-last", to_string(point)));
  }
}

std::vector<Tensor> leaves(const std::vector<Array>& inputs) {
  std::vector<Tensor> result;
  for (const Array& input : inputs) {
    check_dtype(input);
    Array own = Array::empty(input.shape(), DType::f64);
    own.copy_from(input);
    result.push_back(Tensor(own).set_requires_grad());
  }
  return result;
}

/// ⟨direction, output⟩, accumulated in extended precision so that the difference of two such sums loses no digits.
double project(const Array& direction, const Array& output) {
  if (output.shape() != direction.shape()) {
    throw ShapeError(fmt::format("gradcheck: expected results of one shape, got {} and then {}",
                                 to_string(direction.shape()), to_string(output.shape())));
  }
  const auto weights = direction.to_vector<double>();
  const auto values = output.to_vector<double>();
  long double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += static_cast<long double>(weights[i]) * values[i];
  return static_cast<double>(sum);
}

/// The gradients of an output; undefined when it has no history and therefore claims not to depend on the inputs.
std::vector<Tensor> gradients_or_none(const Tensor& output, const std::vector<Tensor>& inputs, const Tensor& seed,
                                      const BackwardOptions& options) {
  return output.requires_grad() ? grad(output, inputs, seed, options) : std::vector<Tensor>(inputs.size());
}

}  // namespace

GradcheckResult gradcheck(const CheckedFunction& function, const std::vector<Array>& inputs,
                          const GradcheckOptions& options) {
  const std::vector<Tensor> points = leaves(inputs);
  return gradcheck([&] { return function(points); }, points, options);
}

GradcheckResult gradcheck(const std::function<Tensor()>& function, const std::vector<Tensor>& points,
                          const GradcheckOptions& options) {
  for (const Tensor& point : points) check_perturbable(point.array());
  const Tensor output = function();
  RandomStream random{.seed = options.seed};
  const Array direction = random.uniform(output.shape(), -1, 1, DType::f64);
  const std::vector<Tensor> analytic = gradients_or_none(output, points, direction, {.retain_graph = true});

  GradcheckResult result;
  double worst = 0;
  const NoGradGuard no_grad;
  for (std::size_t i = 0; i < points.size(); ++i) {
    Array point = points[i].array();
    const auto gradient = analytic[i].defined() ? analytic[i].array().to_vector<double>()
                                                : std::vector<double>(static_cast<std::size_t>(point.numel()), 0.0);
    for (std::int64_t element = 0; element < point.numel(); ++element) {
      const double value = point.data<double>()[element];
      const auto projected_at = [&](double x) {
        point.mutable_data<double>()[element] = x;
        return project(direction, function().array());
      };
      const double above = projected_at(value + options.step);
      const double below = projected_at(value - options.step);
      point.mutable_data<double>()[element] = value;
      const double numeric = (above - below) / (2 * options.step);
      const double here = gradient[static_cast<std::size_t>(element)];
      const double allowed = options.atol + options.rtol * std::abs(numeric);
      const double excess =
          std::isfinite(here) && std::isfinite(numeric) ? std::abs(here - numeric) / allowed : INFINITY;
      if (excess > 1 && excess > worst) {
        worst = excess;
        result = {
            .ok = false,
            .message = fmt::format("gradcheck: input {} {} at [{}]: analytic {:.17g}, numeric {:.17g}, difference "
                                   "{:.3g}, allowed {:.3g}",
                                   i, to_string(point.shape()), detail::index_of(element, point.shape()), here, numeric,
                                   std::abs(here - numeric), allowed)};
      }
    }
  }
  return result;
}

GradcheckResult gradgradcheck(const CheckedFunction& function, const std::vector<Array>& inputs,
                              const GradcheckOptions& options) {
  const Tensor output = function(leaves(inputs));
  RandomStream random{.seed = options.seed, .stream = 1};
  std::vector<Array> points = inputs;
  points.push_back(random.uniform(output.shape(), -1, 1, DType::f64));
  std::vector<Array> directions;
  for (const Array& input : inputs) directions.push_back(random.uniform(input.shape(), -1, 1, DType::f64));

  // The last point is the gradient of the output; the result is a projection of all gradients.
  const CheckedFunction projected_gradient = [&](const std::vector<Tensor>& at) {
    // The finite differences call this without recording, but the inner backward needs the tape.
    const GradMode recording(true);
    const std::vector<Tensor> here(at.begin(), at.end() - 1);
    const std::vector<Tensor> gradients = gradients_or_none(function(here), here, at.back(), {.create_graph = true});
    Tensor projected = Array::scalar(0, DType::f64);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (gradients[i].defined()) projected = projected + sum(gradients[i] * directions[i]);
    }
    return projected;
  };
  GradcheckResult result = gradcheck(projected_gradient, points, options);
  if (!result.ok)
    result.message =
        fmt::format("gradgradcheck (input {} is the output's gradient): {}", inputs.size(), result.message);
  return result;
}

}  // namespace tapestry
