#include <mutex>
#include <utility>

#include <tapestry/core/allocator.hpp>
#include <tapestry/core/storage.hpp>

namespace tapestry {

struct Storage::Deferred {
  std::mutex mutex;
  Fill fill;
};

Storage::Storage(std::size_t bytes)
    : bytes_(bytes), data_(static_cast<std::byte*>(Allocator::instance().allocate(bytes))) {}

Storage::Storage(std::size_t bytes, Fill fill)
    : bytes_(bytes), deferred_(std::make_unique<Deferred>()), is_deferred_(true) {
  deferred_->fill = std::move(fill);
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
  is_deferred_.store(false, std::memory_order_release);
}

}  // namespace tapestry
