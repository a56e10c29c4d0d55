// The memory behind arrays, shared by every array that refers to it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tapestry {

class Storage;

/// Is notified before memory is written.
class WriteObserver {
 public:
  virtual ~WriteObserver() = default;
  virtual void before_write(const Storage& storage) = 0;
};

/// A block of memory with a version that counts its changes, so that a saved value can detect that it has been
/// overwritten.
class Storage {
 public:
  /// Undefined contents. Throws an OutOfMemoryError.
  explicit Storage(std::size_t bytes);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() { return data_; }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed); }

  /// Notifies the observers, then counts a change.
  void begin_write() {
    if (is_observed()) notify_observers();
    version_.fetch_add(1, std::memory_order_relaxed);
  }
  /// Notifies the observer of every write until it is removed or destroyed.
  void add_observer(std::weak_ptr<WriteObserver> observer);
  void remove_observer(const WriteObserver* observer);
  bool is_observed() const { return is_observed_.load(std::memory_order_acquire); }

 private:
  struct Entry {
    const WriteObserver* key;
    std::weak_ptr<WriteObserver> observer;
  };
  void notify_observers();

  std::size_t bytes_;
  std::byte* data_;
  std::atomic<std::uint64_t> version_ = 0;
  std::atomic<bool> is_observed_ = false;
  std::vector<Entry> observers_;
};

}  // namespace tapestry
