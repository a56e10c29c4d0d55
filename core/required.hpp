// Options without a default, as a type.
#pragma once

#include <concepts>
#include <utility>

namespace tapestry {

/// A field of an options aggregate that must be given: it has no default, so leaving it out does not compile.
template <class T>
class Required {
 public:
  template <class U>
  requires std::convertible_to<U, T>
  constexpr Required(U&& value) : value_(static_cast<T>(std::forward<U>(value))) {}  // NOLINT: implicit by design
  constexpr operator const T&() const { return value_; }                             // NOLINT
  constexpr const T& get() const { return value_; }

 private:
  T value_;
};

}  // namespace tapestry
