#include <utility>

#include <tapestry/autograd/lazy_value.hpp>
#include <tapestry/autograd/saved_tensor.hpp>
#include <tapestry/core/allocator.hpp>

namespace tapestry {

LazyValue::LazyValue(std::string_view name, const Shape& shape, DType dtype, MemoryFormat format)
    : shape_(shape), dtype_(dtype), format_(format), origin_(detail::ProfileOrigin::here(name)) {}

LazyValue::~LazyValue() {
  stop_watching();
  if (const Array last = last_.lock(); last.defined()) last.remove_observer(this);
}

void LazyValue::reads(const Tensor& input) {
  if (!input.defined()) return;
  if (auto lazy = input.lazy_value()) {
    lazy_sources_.push_back(std::move(lazy));
  } else {
    sources_.emplace_back(input.array());
  }
}

void LazyValue::start_watching() {
  for (const WeakArray& source : sources_) {
    if (const Array array = source.lock(); array.defined()) array.add_observer(weak_from_this());
  }
  for (const auto& source : lazy_sources_) {
    if (const auto lazy = source.lock()) lazy->add_reader(weak_from_this());
  }
}

void LazyValue::add_reader(const std::weak_ptr<LazyValue>& reader) {
  const std::lock_guard lock(mutex_);
  readers_.push_back({reader.lock().get(), reader});
  if (const Array array = held(); array.defined()) array.add_observer(reader);
}

void LazyValue::remove_reader(const LazyValue* reader) {
  const std::lock_guard lock(mutex_);
  std::erase_if(readers_, [&](const Reader& one) { return one.key == reader; });
  if (const Array array = held(); array.defined()) array.remove_observer(reader);
}

void LazyValue::stop_watching() {
  for (const WeakArray& source : sources_) {
    if (const Array array = source.lock(); array.defined()) array.remove_observer(this);
  }
  for (const auto& source : lazy_sources_) {
    if (const auto lazy = source.lock()) lazy->remove_reader(this);
  }
}

Array LazyValue::held() const {
  return kept_.defined() ? kept_ : last_.lock();
}

bool LazyValue::is_computed() const {
  const std::lock_guard lock(mutex_);
  return held().defined();
}

bool LazyValue::is_overwritten() const {
  const std::lock_guard lock(mutex_);
  return is_overwritten_;
}

Array LazyValue::array() {
  const std::lock_guard lock(mutex_);
  return array_locked([this] { return compute(); });
}

bool LazyValue::compute_by(const std::function<Array()>& compute) {
  const std::lock_guard lock(mutex_);
  if (held().defined()) return false;
  array_locked(compute);
  return true;
}

Array LazyValue::array_locked(const std::function<Array()>& compute) {
  if (Array there = held(); there.defined()) return there;
  // The array may be computed in place, over its sources.
  stop_watching();
  Array computed;
  try {
    const detail::ProfileSpan span(origin_);
    computed = detail::naming_out_of_memory(origin_.name, compute);
  } catch (...) {
    start_watching();
    throw;
  }
  keep(computed);
  return computed;
}

void LazyValue::read_into(Array& value, std::atomic<bool>& is_ready) {
  const std::lock_guard lock(mutex_);
  if (is_ready.load(std::memory_order_relaxed)) return;
  value = array_locked([this] { return compute(); });
  is_ready.store(true, std::memory_order_release);
}

void LazyValue::keep(const Array& array) {
  version_ = array.version();
  for (const Reader& reader : readers_) array.add_observer(reader.value);
  if (is_recomputed_) {
    last_ = WeakArray(array);
    array.add_observer(weak_from_this());
    start_watching();
    return;
  }
  kept_ = array;
  sources_.clear();
  lazy_sources_.clear();
  release();
}

void LazyValue::keep_permanently() {
  if (kept_.defined()) return;
  const Array array = array_locked([this] { return compute(); });
  if (kept_.defined()) return;
  array.remove_observer(this);
  stop_watching();
  last_ = {};
  is_recomputed_ = false;
  keep(array);
}

void LazyValue::before_write(const Storage& storage) {
  const std::lock_guard lock(mutex_);
  if (const Array last = last_.lock(); last.defined() && last.lies_in(storage)) {
    is_overwritten_ = true;
  } else {
    keep_permanently();
  }
}

void LazyValue::check_not_overwritten(std::string_view role) {
  const std::lock_guard lock(mutex_);
  const Array there = held();
  const std::uint64_t version = there.defined() ? there.version() : version_ + (is_overwritten_ ? 1 : 0);
  detail::check_saved_version(role, shape_, dtype_, version, version_);
}

}  // namespace tapestry
