// Options without a default, as a type, and numbers that are not narrowed on the way into options.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

namespace tapestry {

/// An integer type; bool is none.
template <class T>
concept Integer = std::integral<std::remove_cvref_t<T>> && !std::same_as<std::remove_cvref_t<T>, bool>;

template <class T>
class Required;

namespace detail {

template <class T>
struct RequiredValue {
  using type = T;
};
template <class T>
struct RequiredValue<Required<T>> {
  using type = T;
};

/// True when a number of type From becomes one of type To without losing its fraction: not 3.7 an integer, nor 2 a
/// bool.
template <class From, class To>
concept KeepsNumber = std::same_as<From, To> ||(Integer<From> && (Integer<To> || std::floating_point<To>)) ||
                      (std::floating_point<From> && std::floating_point<To> && sizeof(From) <= sizeof(To));

}  // namespace detail

/// A field of an options aggregate that must be given: it has no default, so leaving it out does not compile. Neither
/// does a number that the field would round: a double for an integer, say.
template <class T>
class Required {
 public:
  template <class U>
  requires std::convertible_to<U, T> &&(
      !std::is_arithmetic_v<T> ||
      detail::KeepsNumber<typename detail::RequiredValue<std::remove_cvref_t<U>>::type, T>)constexpr Required(U&& value)
      : value_(static_cast<T>(std::forward<U>(value))) {}  // NOLINT: implicit by design
  /// From several numbers in braces: `.kernel_size = {1, 7}` for a Required<Pair>.
  template <class... Numbers>
  requires(sizeof...(Numbers) > 1 && (std::is_arithmetic_v<Numbers> && ...) &&
           requires(Numbers... numbers) { T{numbers...}; }) constexpr Required(Numbers... numbers)
      : value_{numbers...} {}                             // NOLINT: implicit by design
  constexpr operator const T&() const { return value_; }  // NOLINT
  constexpr const T& get() const { return value_; }

 private:
  T value_;
};

}  // namespace tapestry
