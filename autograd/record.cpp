#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry::detail {

void throw_released(std::string_view name) {
  throw GradError(
      fmt::format("{}: the values saved for backward have been freed by an earlier backward pass\n"
                  "hint: pass retain_graph = true to all passes but the last",
                  name));
}

void check_anomaly(std::string_view name, const Array& value) {
  if (!is_floating(value.dtype())) return;
  visit_floating(name, value.dtype(), [&]<class T>() {
    const T* first = value.data<T>();
    const T* bad = std::find_if_not(first, first + value.numel(), [](T x) { return std::isfinite(x); });
    if (bad == first + value.numel()) return;
    const auto& node = current_node();
    throw GradError(fmt::format("{}{}: its result {} holds {} at element {} in memory", node ? "backward of " : "",
                                node ? node->name() : name, to_string(value), std::isnan(*bad) ? "NaN" : "infinity",
                                bad - first));
  });
}

void complete(ProfileSpan& span, const Tensor* const* inputs, std::size_t count, const Tensor& value,
              std::int64_t flops) {
  std::for_each(inputs, inputs + count, [&](const Tensor* input) {
    if (input->defined()) span.add_input(input->dtype(), input->shape());
  });
  span.add_output(value.dtype(), value.shape());
  span.complete(flops);
}

std::vector<std::shared_ptr<Node>> nodes_to_record(const Tensor* const* inputs, std::size_t count) {
  std::vector<std::shared_ptr<Node>> nodes;
  if (!grad_enabled()) return nodes;
  if (std::none_of(inputs, inputs + count, [](const Tensor* input) { return input->requires_grad(); })) return nodes;
  nodes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) nodes.push_back(inputs[i]->node());
  return nodes;
}

}  // namespace tapestry::detail
