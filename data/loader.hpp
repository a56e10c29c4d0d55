// Batches of a data set, prepared on threads of their own while the model computes.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>

#include <tapestry/core/array.hpp>
#include <tapestry/core/required.hpp>
#include <tapestry/data/dataset.hpp>
#include <tapestry/data/transforms/transform.hpp>

namespace tapestry::data {

struct LoaderOptions {
  Required<std::int64_t> batch_size;
  bool shuffle = false;       ///< another order in every epoch, drawn from (seed, epoch)
  std::uint64_t seed = 0;     ///< of the order and of what the transform draws
  bool drop_last = false;     ///< leave out a last batch that is not full
  std::int64_t workers = 1;   ///< threads that prepare batches; 0: the calling thread does
  Transform transform = {};   ///< applied to every image
  std::int64_t prefetch = 4;  ///< the most batches ready or in the making ahead of the loop
};

/// Images f32 (N, C, H, W) in channels_last memory and labels i64 (N).
struct Batch {
  Array images;
  Array labels;
};

/// Goes over a data set in batches, one epoch for each loop:
///
///     for (auto [images, labels] : loader) { … }
///
/// The order depends on (seed, epoch) alone, and what the transform draws for a sample on (seed, epoch, its
/// index): the batches are the same at any number of workers. Images that come out of the transform as u8
/// become f32 in [0, 1]. What a data set or transform throws, the loop throws when it gets to that batch. A
/// loop may be left at any time.
class Loader {
 public:
  class Iterator;

  /// `dataset` must outlive the loader and its loops. Throws a ValueError when the batch size or the prefetch
  /// is less than 1 or the workers are fewer than 0.
  Loader(const Dataset& dataset, LoaderOptions options);
  Loader(const Dataset&& dataset, LoaderOptions options) = delete;

  /// The number of batches in an epoch.
  std::int64_t batches() const;
  /// The number of the epoch that the next loop goes through; at first 0, one more with every loop begun.
  std::int64_t epoch() const { return epoch_; }
  /// Sets it, to go on where an earlier run stopped.
  void set_epoch(std::int64_t epoch) { epoch_ = epoch; }

  /// Begins an epoch. Throws a ShapeError or DTypeError, then or in the loop, when the images of a batch
  /// differ in shape or are not u8 or f32 (C, H, W).
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }

 private:
  const Dataset* dataset_;
  LoaderOptions options_;
  std::int64_t epoch_ = 0;
};

/// The place of a loop in its epoch. Its end stops and joins the workers.
class Loader::Iterator {
 public:
  Iterator(Iterator&&) noexcept;
  Iterator& operator=(Iterator&&) noexcept;
  ~Iterator();

  const Batch& operator*() const& { return batch_; }
  Batch operator*() const&& { return batch_; }
  const Batch* operator->() const { return &batch_; }
  Iterator& operator++();
  bool operator==(std::default_sentinel_t) const { return position_ == batches_; }

 private:
  friend class Loader;
  class Epoch;
  explicit Iterator(std::unique_ptr<Epoch> epoch);
  void fetch();

  std::unique_ptr<Epoch> epoch_;
  std::int64_t position_ = 0;
  std::int64_t batches_ = 0;
  Batch batch_;
};

}  // namespace tapestry::data
