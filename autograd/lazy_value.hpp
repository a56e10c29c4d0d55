// A value that is known but not computed until somebody reads it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/array.hpp>
#include <tapestry/core/profile_span.hpp>

namespace tapestry {

/// How the result of an operator will be computed. Its shape, dtype and format are known, and everything that could be
/// wrong has been checked. Tensors and saved values share one object; the first reader computes it, whatever thread it
/// is on. Memory that it reads is computed from before somebody overwrites it, so that nobody can tell it from a result
/// that was computed at once.
class LazyValue : public WriteObserver, public std::enable_shared_from_this<LazyValue> {
 public:
  ~LazyValue() override;
  LazyValue(const LazyValue&) = delete;
  LazyValue& operator=(const LazyValue&) = delete;

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  MemoryFormat format() const { return format_; }

  /// True when the array is there.
  bool is_computed() const;
  /// The array, computed if it is not there.
  Array array();
  /// `array()` into `value`, unless `is_ready` says that another thread has done it.
  void read_into(Array& value, std::atomic<bool>& is_ready);

  /// True when the array is computed again instead of being kept: only its readers hold it.
  bool is_recomputed() const { return is_recomputed_; }
  /// True while computing the array takes a convolution or a matrix product.
  virtual bool is_costly() const { return false; }
  /// Notes one more value that folds the computation of this one into its own; returns how many there are.
  int add_fold() { return ++folds_; }
  /// True when the array has been overwritten where it is not kept.
  bool is_overwritten() const;
  /// Throws a GradError when the array that the value had has been overwritten.
  void check_not_overwritten(std::string_view role);

 protected:
  LazyValue(std::string_view name, const Shape& shape, DType dtype, MemoryFormat format);

  /// Says before construction ends that the value is computed from another.
  void reads(const Tensor& input);
  /// Says before construction ends that what the value is computed from is kept anyway, and that computing it again is
  /// better than keeping it.
  void set_recomputed() { is_recomputed_ = true; }

  /// Computes the array, with the lock held.
  /// It may write the result over what it lets go of; where it throws it has everything back.
  virtual Array compute() = 0;
  /// Lets go of what the array is computed from, with the lock held: it is there for good.
  virtual void release() = 0;
  /// Computes the array by `compute` instead, unless it is there; then returns false.
  bool compute_by(const std::function<Array()>& compute);

  std::mutex& mutex() const { return mutex_; }
  const detail::ProfileOrigin& origin() const { return origin_; }
  /// The array if it is there, with the lock held.
  Array held() const;
  /// Takes the array, with the lock held.
  void keep(const Array& array);

 private:
  template <class Lazy, class... Arguments>
  friend std::shared_ptr<Lazy> make_lazy(Arguments&&... arguments);
  void start_watching();
  void stop_watching();
  void add_reader(const std::weak_ptr<LazyValue>& reader);
  void remove_reader(const LazyValue* reader);
  Array array_locked(const std::function<Array()>& compute);
  void before_write(const Storage& storage) override;
  void keep_for_good();

  Shape shape_;
  DType dtype_;
  MemoryFormat format_;
  std::atomic<bool> is_recomputed_ = false;
  std::atomic<int> folds_ = 0;
  detail::ProfileOrigin origin_;

  mutable std::mutex mutex_;
  /// What the value is computed from: its memory is watched until the array is there for good.
  std::vector<WeakArray> sources_;
  std::vector<std::weak_ptr<LazyValue>> lazy_sources_;
  struct Reader {
    const LazyValue* key;
    std::weak_ptr<LazyValue> value;
  };
  std::vector<Reader> readers_;  ///< the values of which this is a source
  Array kept_;
  WeakArray last_;  ///< where the array is not kept
  std::uint64_t version_ = 0;
  bool is_overwritten_ = false;
};

/// A lazy value that watches what it reads.
template <class Lazy, class... Arguments>
std::shared_ptr<Lazy> make_lazy(Arguments&&... arguments) {
  auto value = std::make_shared<Lazy>(std::forward<Arguments>(arguments)...);
  value->start_watching();
  return value;
}

}  // namespace tapestry
