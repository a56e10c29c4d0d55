// Linear operators, each with its adjoint. For .cpp files.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include <tapestry/autograd/record.hpp>

namespace tapestry::detail {

/// A linear map or its adjoint: each is the other's derivative. `Map` has a `name`, an `adjoint_name`,
/// `Array forward(const Tensor& x) const` and `Array adjoint(const Tensor& gradient) const`.
template <class Map, bool is_adjoint>
struct LinearOperator {
  static constexpr std::string_view name = is_adjoint ? Map::adjoint_name : Map::name;
  std::shared_ptr<const Map> map_;

  Array forward(const Tensor& x) const {
    if constexpr (is_adjoint) {
      return map_->adjoint(x);
    } else {
      return map_->forward(x);
    }
  }

  Tensor backward(const Tensor& gradient) const { return record(LinearOperator<Map, !is_adjoint>{map_}, gradient); }
};

/// Applies a linear map.
template <class Map>
Tensor record_linear(Map map, const Tensor& x) {
  return record(LinearOperator<Map, false>{std::make_shared<const Map>(std::move(map))}, x);
}

/// Applies the adjoint of a linear map.
template <class Map>
Tensor record_adjoint(Map map, const Tensor& x) {
  return record(LinearOperator<Map, true>{std::make_shared<const Map>(std::move(map))}, x);
}

}  // namespace tapestry::detail
