#include <mutex>
#include <utility>

#include <tapestry/core/allocator.hpp>
#include <tapestry/core/storage.hpp>

namespace tapestry {

namespace {

// Shared by all storages: it is held for a few instructions only, and a member would enlarge every array.
std::mutex observers_mutex;

}  // namespace

Storage::Storage(std::size_t bytes)
    : bytes_(bytes), data_(static_cast<std::byte*>(Allocator::instance().allocate(bytes))) {}

Storage::~Storage() {
  Allocator::instance().deallocate(data_, bytes_);
}

void Storage::add_observer(std::weak_ptr<WriteObserver> observer) {
  const WriteObserver* const key = observer.lock().get();
  const std::lock_guard lock(observers_mutex);
  observers_.push_back({key, std::move(observer)});
  is_observed_.store(true, std::memory_order_release);
}

void Storage::remove_observer(const WriteObserver* observer) {
  const std::lock_guard lock(observers_mutex);
  std::erase_if(observers_, [&](const Entry& entry) { return entry.key == observer; });
  is_observed_.store(!observers_.empty(), std::memory_order_release);
}

// Iterates over a copy and without the lock, because an observer may remove itself.
void Storage::notify_observers() {
  std::vector<Entry> entries;
  {
    const std::lock_guard lock(observers_mutex);
    entries = observers_;
  }
  for (const Entry& entry : entries) {
    if (const auto observer = entry.observer.lock()) observer->before_write(*this);
  }
}

}  // namespace tapestry
