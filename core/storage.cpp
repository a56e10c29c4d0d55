#include <mutex>
#include <utility>

#include <tapestry/core/allocator.hpp>
#include <tapestry/core/storage.hpp>

namespace tapestry {

struct Storage::Deferred {
  std::mutex mutex;
  Fill fill;
  Add add;
};

Storage::Storage(std::size_t bytes)
    : bytes_(bytes), data_(static_cast<std::byte*>(Allocator::instance().allocate(bytes))) {}

Storage::Storage(std::size_t bytes, Fill fill, Add add)
    : bytes_(bytes), deferred_(std::make_unique<Deferred>()), is_deferred_(true) {
  deferred_->fill = std::move(fill);
  deferred_->add = std::move(add);
}

Storage::~Storage() {
  if (data_ != nullptr) Allocator::instance().deallocate(data_, bytes_);
}

void Storage::fill_in() {
  const std::lock_guard lock(deferred_->mutex);
  if (!is_deferred()) return;
  if (data_ == nullptr) data_ = static_cast<std::byte*>(Allocator::instance().allocate(bytes_));
  deferred_->fill(data_);
  deferred_->fill = nullptr;
  deferred_->add = nullptr;
  is_deferred_.store(false, std::memory_order_release);
}

bool Storage::add_deferred_to(std::byte* memory) {
  if (!is_deferred()) return false;
  const std::lock_guard lock(deferred_->mutex);
  if (!deferred_->add) return false;
  deferred_->add(memory);
  return true;
}

}  // namespace tapestry
