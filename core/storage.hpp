// The memory behind arrays, shared by every array that looks at it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tapestry {

/// A block of memory with a version that counts the changes made to it, by which a saved value knows that it
/// has been overwritten.
class Storage {
 public:
  /// Undefined contents. Throws std::bad_alloc.
  explicit Storage(std::size_t bytes);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void bump_version() { version_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::size_t bytes_;
  std::byte* data_;
  std::atomic<std::uint64_t> version_ = 0;
};

}  // namespace tapestry
