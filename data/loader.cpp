#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/data/detail/batch_maker.hpp>
#include <tapestry/data/loader.hpp>

namespace tapestry::data {

/// A running epoch: workers claim batches in order and put each into the slot of its number.
class Loader::Iterator::Epoch {
 public:
  explicit Epoch(BatchMaker maker)
      : maker_(std::move(maker)),
        slots_(static_cast<std::size_t>(std::min(maker_.options().prefetch, maker_.batches()))) {
    for (std::int64_t i = 0; i < std::min(maker_.options().workers, maker_.batches()); ++i) {
      workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
  }

  // Request all stops before the first join, so that no worker starts another batch.
  ~Epoch() {
    for (std::jthread& worker : workers_) worker.request_stop();
  }

  Epoch(const Epoch&) = delete;
  Epoch& operator=(const Epoch&) = delete;

  std::int64_t batches() const { return maker_.batches(); }

  /// The next batch; called `batches()` times at most.
  Batch next() {
    if (workers_.empty()) return maker_(taken_++);
    std::unique_lock lock(mutex_);
    Slot& slot = slot_of(taken_);
    changed_.wait(lock, [&] { return slot.full; });
    const Slot result = std::exchange(slot, {});
    ++taken_;
    lock.unlock();
    changed_.notify_all();
    if (result.error != nullptr) std::rethrow_exception(result.error);
    return result.batch;
  }

 private:
  struct Slot {
    bool full = false;
    Batch batch;
    std::exception_ptr error;
  };

  Slot& slot_of(std::int64_t batch) { return slots_[static_cast<std::size_t>(batch) % slots_.size()]; }

  void work(const std::stop_token& stop) {
    while (const std::optional<std::int64_t> number = claim(stop)) {
      Slot made{.full = true, .batch = {}, .error = nullptr};
      try {
        made.batch = maker_(*number);
      } catch (...) {
        made.error = std::current_exception();
      }
      {
        const std::lock_guard lock(mutex_);
        slot_of(*number) = std::move(made);
      }
      changed_.notify_all();
    }
  }

  /// Waits for a free slot and returns the number of the next batch; nothing when none is left.
  std::optional<std::int64_t> claim(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto may_go_on = [&] { return claimed_ == batches() || claimed_ - taken_ < std::ssize(slots_); };
    if (!changed_.wait(lock, stop, may_go_on) || stop.stop_requested() || claimed_ == batches()) return std::nullopt;
    return claimed_++;
  }

  BatchMaker maker_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Slot> slots_;
  std::int64_t claimed_ = 0;
  std::int64_t taken_ = 0;
  // Last, so that the threads end before the members they use are destroyed.
  std::vector<std::jthread> workers_;
};

Loader::Loader(const Dataset& dataset, LoaderOptions options) : dataset_(&dataset), options_(std::move(options)) {
  const auto check = [](const char* name, std::int64_t value, std::int64_t least) {
    if (value < least) throw ValueError(fmt::format("loader: {} must be at least {}, got {}", name, least, value));
  };
  check("batch_size", options_.batch_size, 1);
  check("prefetch", options_.prefetch, 1);
  check("workers", options_.workers, 0);
}

std::int64_t Loader::batches() const {
  return count_batches(dataset_->size(), options_);
}

Loader::Iterator Loader::begin() {
  return Iterator(std::make_unique<Iterator::Epoch>(BatchMaker(*dataset_, options_, epoch_++)));
}

Loader::Iterator::Iterator(std::unique_ptr<Epoch> epoch) : epoch_(std::move(epoch)), batches_(epoch_->batches()) {
  fetch();
}

Loader::Iterator::Iterator(Iterator&&) noexcept = default;
Loader::Iterator& Loader::Iterator::operator=(Iterator&&) noexcept = default;
Loader::Iterator::~Iterator() = default;

Loader::Iterator& Loader::Iterator::operator++() {
  ++position_;
  fetch();
  return *this;
}

void Loader::Iterator::fetch() {
  batch_ = {};
  if (position_ == batches_) return;
  const ProfileScope scope("data loading");
  batch_ = epoch_->next();
}

}  // namespace tapestry::data
