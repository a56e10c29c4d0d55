// Batches of a data set, prepared by background threads while the model computes.
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
  bool shuffle = false;       ///< a new random order every epoch, drawn from (seed, epoch)
  std::uint64_t seed = 0;     ///< of the order and of the random transforms, not `manual_seed`
  bool drop_last = false;     ///< drop an incomplete last batch
  std::int64_t workers = 1;   ///< threads that prepare batches; 0: the calling thread
  Transform transform = {};   ///< applied to every image
  std::int64_t prefetch = 4;  ///< the maximum number of batches prepared ahead of the loop
};

/// Images f32 (N, C, H, W) in channels_last memory and labels i64 (N).
struct Batch {
  Array images;
  Array labels;
};

/// Iterates over a data set in batches, one epoch per loop:
///
///     for (auto [images, labels] : loader) { … }
///
/// The order depends only on (seed, epoch), and the random numbers of a sample's transform only on (seed, epoch,
/// index): batches are the same at any number of workers. `manual_seed` does not change them. A loader counts its
/// epochs itself, so make it once, before the loop over epochs: one that is made anew for every epoch repeats the order
/// and the transforms of epoch 0 unless its seed or `set_epoch` says otherwise. Images that the transform returns as u8
/// become f32 in [0, 1]. An exception from a data set or transform is thrown by the loop when it reaches that batch. A
/// loop may stop at any time.
class Loader {
 public:
  class Iterator;

  /// `dataset` must outlive the loader and its loops. Throws a ValueError when the batch size or the prefetch is less
  /// than 1 or the number of workers is negative.
  Loader(const Dataset& dataset, LoaderOptions options);
  Loader(const Dataset&& dataset, LoaderOptions options) = delete;

  /// The number of batches in an epoch.
  std::int64_t batches() const;
  /// The epoch of the next loop; starts at 0 and increases with every loop.
  std::int64_t epoch() const { return epoch_; }
  /// Sets the epoch, to continue an earlier run.
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

/// The position of a loop in its epoch. The destructor stops and joins the workers.
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
