// Runtime selection of the instruction set for kernels that are templates over float and double. Highway's own macros
// accept no template arguments.
#pragma once

#include <type_traits>

#include <hwy/highway.h>

/// In HWY_NAMESPACE: names the float and double instances of the function template `name` for TAPESTRY_EXPORT.
#define TAPESTRY_KERNEL(name)               \
  constexpr auto& name##_f32 = name<float>; \
  constexpr auto& name##_f64 = name<double>

/// Outside of it, under HWY_ONCE: the tables of both instances for all instruction sets.
#define TAPESTRY_EXPORT(name) \
  HWY_EXPORT(name##_f32);     \
  HWY_EXPORT(name##_f64)

/// The instance of `name` for T, float or double, and the best instruction set of this machine, as a function pointer.
#define TAPESTRY_DISPATCH(name, T)             \
  ([] {                                        \
    if constexpr (std::is_same_v<T, float>) {  \
      return HWY_DYNAMIC_DISPATCH(name##_f32); \
    } else {                                   \
      return HWY_DYNAMIC_DISPATCH(name##_f64); \
    }                                          \
  }())
