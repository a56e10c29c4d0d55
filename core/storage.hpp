// The memory behind arrays, shared by every array that looks at it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace tapestry {

/// A block of memory with a version that counts the changes made to it, by which a saved value knows that it
/// has been overwritten.
class Storage {
 public:
  /// Writes the contents of memory.
  using Fill = std::function<void(std::byte* memory)>;
  /// Adds to the contents of memory.
  using Add = std::function<void(std::byte* memory)>;

  /// Undefined contents. Throws std::bad_alloc.
  explicit Storage(std::size_t bytes);
  /// Contents that `fill` writes when they are first asked for, to memory that is taken then. Where it throws they are
  /// to be asked for again. `add` may be null.
  Storage(std::size_t bytes, Fill fill, Add add);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() {
    if (is_deferred()) fill_in();
    return data_;
  }
  /// True until the contents have been asked for, if they are computed then.
  bool is_deferred() const { return is_deferred_.load(std::memory_order_acquire); }
  /// Adds contents that have not been asked for to those of memory of as many bytes; returns false where they have
  /// been, or cannot be added.
  bool add_deferred_to(std::byte* memory);
  std::size_t bytes() const { return bytes_; }
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void bump_version() { version_.fetch_add(1, std::memory_order_relaxed); }

 private:
  struct Deferred;
  void fill_in();

  std::size_t bytes_;
  std::byte* data_ = nullptr;
  std::unique_ptr<Deferred> deferred_;
  std::atomic<bool> is_deferred_ = false;
  std::atomic<std::uint64_t> version_ = 0;
};

}  // namespace tapestry
