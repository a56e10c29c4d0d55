// Required option fields, and protection of options against narrowing conversions.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

namespace tapestry {

/// An integer type other than bool.
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

/// True when converting From to To cannot lose a fraction; false for double to integer and for integer to bool.
template <class From, class To>
concept KeepsNumber = std::same_as<From, To> ||(Integer<From> && (Integer<To> || std::floating_point<To>)) ||
                      (std::floating_point<From> && std::floating_point<To> && sizeof(From) <= sizeof(To));

/// `KeepsNumber` for an argument, which may be a Required<From>.
template <class Argument, class To>
concept Keeps = KeepsNumber<typename RequiredValue<std::remove_cvref_t<Argument>>::type, To>;

}  // namespace detail

/// A required field of an options aggregate: it has no default, so omitting it does not compile. Nor does a number that
/// the field would round, such as a double for an integer.
template <class T>
class Required {
 public:
  // The following two do not compile. They exist so that an error says what is wrong with an option, rather than that
  // no constructor fits.
  template <class Missing = void>
  Required() : value_() {
    static_assert(!std::is_void_v<Missing>, "a required option is missing");
  }
  template <class U>
  requires std::convertible_to<U, T> && std::is_arithmetic_v<T> &&(!detail::Keeps<U, T>)  //
      Required(U&&)
      : value_() {  // NOLINT: implicit by design
    static_assert(detail::Keeps<U, T>, "an option of this type would lose a part of the number");
  }
  template <class U>
  requires std::convertible_to<U, T> &&(!std::is_arithmetic_v<T> || detail::Keeps<U, T>)  //
      constexpr Required(U&& value)
      : value_(static_cast<T>(std::forward<U>(value))) {}  // NOLINT: implicit by design
  /// From several numbers in braces, such as `.kernel_size = {1, 7}` for a Required<Pair>.
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
