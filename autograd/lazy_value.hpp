// A value that is computed when it is first read.
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

/// The pending result of an operator. Its shape, dtype and format are known, and all arguments have been checked.
/// Tensors and saved tensors share one object; the first read, on any thread, computes it. The arrays that it reads are
/// watched: it is computed before one of them is overwritten, so the result is the same as if it had been computed at
/// once.
class LazyValue : public WriteObserver, public std::enable_shared_from_this<LazyValue> {
 public:
  ~LazyValue() override;
  LazyValue(const LazyValue&) = delete;
  LazyValue& operator=(const LazyValue&) = delete;

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  MemoryFormat format() const { return format_; }

  /// True when the array has been computed and is still held.
  bool is_computed() const;
  /// The array, computed if necessary.
  Array array();
  /// Writes `array()` to `value` and sets `is_ready`, unless another thread has done so.
  void read_into(Array& value, std::atomic<bool>& is_ready);

  /// True when the array is recomputed on demand instead of being kept: only its readers hold it.
  bool is_recomputed() const { return is_recomputed_; }
  /// True while computing the array requires a convolution or a matrix product.
  virtual bool is_costly() const { return false; }
  /// Registers one more value that fuses the computation of this one into its own; returns their number.
  int add_fold() { return ++folds_; }
  /// True when the array is not kept and has been overwritten.
  bool is_overwritten() const;
  /// Throws a GradError when the computed array has been overwritten.
  void check_not_overwritten(std::string_view role);

 protected:
  LazyValue(std::string_view name, const Shape& shape, DType dtype, MemoryFormat format);

  /// Declares, during construction, that the value is computed from `input`.
  void reads(const Tensor& input);
  /// Declares, during construction, that the sources are kept anyway and that recomputing the value is better than
  /// keeping it.
  void set_recomputed() { is_recomputed_ = true; }

  /// Computes the array, with the lock held. It may release its sources and write the result over them; if it throws,
  /// it must have restored them.
  virtual Array compute() = 0;
  /// Releases the sources, with the lock held: the array will not be computed again.
  virtual void release() = 0;
  /// Computes the array by `compute` instead. Returns false, without calling it, when the array has been computed.
  bool compute_by(const std::function<Array()>& compute);

  std::mutex& mutex() const { return mutex_; }
  const detail::ProfileOrigin& origin() const { return origin_; }
  /// The array if it has been computed and is still held, else undefined; with the lock held.
  Array held() const;
  /// Stores the computed array, with the lock held.
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
  void keep_permanently();

  Shape shape_;
  DType dtype_;
  MemoryFormat format_;
  std::atomic<bool> is_recomputed_ = false;
  std::atomic<int> folds_ = 0;
  detail::ProfileOrigin origin_;

  mutable std::mutex mutex_;
  /// The sources, whose memory is watched until the array is kept.
  std::vector<WeakArray> sources_;
  std::vector<std::weak_ptr<LazyValue>> lazy_sources_;
  struct Reader {
    const LazyValue* key;
    std::weak_ptr<LazyValue> value;
  };
  std::vector<Reader> readers_;  ///< the lazy values that read this one
  Array kept_;
  WeakArray last_;  ///< the array, if it is not kept
  std::uint64_t version_ = 0;
  bool is_overwritten_ = false;
};

/// Makes a lazy value that watches the arrays it reads.
template <class Lazy, class... Arguments>
std::shared_ptr<Lazy> make_lazy(Arguments&&... arguments) {
  auto value = std::make_shared<Lazy>(std::forward<Arguments>(arguments)...);
  value->start_watching();
  return value;
}

}  // namespace tapestry
