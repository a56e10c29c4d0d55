#include <utility>

#include <tapestry/autograd/detail/lazy_activation_gradient.hpp>

namespace tapestry::detail {

LazyActivationGradient::LazyActivationGradient(std::string_view name, const Tensor& dy, const Tensor& value,
                                               bool is_output, const kernels::Activation& activation)
    : LazyValue(name, value.shape(), value.dtype(), value.format()),
      activation_(activation),
      is_output_(is_output),
      dy_(Tensor(dy.array())),
      value_(value.detach()) {
  if (const auto elementwise = std::dynamic_pointer_cast<LazyElementwise>(value.lazy_value())) {
    numbers_ = elementwise->numbers();
  }
  reads(dy_);
  reads(value_);
}

bool LazyActivationGradient::is_after(const std::shared_ptr<const ChannelNumbers>& numbers) const {
  return numbers && numbers == numbers_;
}

std::optional<Array> LazyActivationGradient::incoming() {
  const std::lock_guard lock(mutex());
  if (held().defined()) return std::nullopt;
  return dy_.array().contiguous(format());
}

bool LazyActivationGradient::compute_with(const Body& body) {
  return compute_by([&] { return run(body); });
}

Array LazyActivationGradient::compute() {
  return run([](const Array& dy, const ActivationArrays& source, Array& dx) {
    const auto [samples, rows, channels] = rows_of(dx);
    visit_floating("activation", dx.dtype(), [&, rows = rows, channels = channels]<class T>() {
      kernels::activation_gradient(rows, channels, dy.data<T>(), source.over<T>(), dx.mutable_data<T>());
    });
  });
}

Array LazyActivationGradient::run(const Body& body) {
  ActivationArrays source;
  if (auto chain = LazyElementwise::chain_of(value_); chain && chain->epilogue.numbers) {
    source = {activation_, chain->input, /*is_output=*/false, chain->epilogue.numbers};
  } else {
    source = {activation_, value_.array(), is_output_};
  }
  Array dy = std::exchange(dy_, Tensor()).array();
  try {
    const bool is_unique = dy.is_unique();
    const Array ordered = dy.contiguous(format());
    const bool may_overwrite = is_unique || !ordered.shares_memory_with(dy);
    Array dx = may_overwrite ? ordered : Array::empty(shape(), dtype(), format());
    body(ordered, source, dx);
    return dx;
  } catch (...) {
    dy_ = Tensor(dy);
    throw;
  }
}

void LazyActivationGradient::release() {
  dy_ = Tensor();
  value_ = Tensor();
}

}  // namespace tapestry::detail
