#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/module_base.hpp>

namespace tapestry::nn {

// Calls visit(prefix, module) for this module and all within it, outer ones first.
template <class Visit>
void ModuleBase::visit(const std::string& prefix, const Visit& call) const {
  call(prefix, *this);
  for (const auto& [name, child] : children_) child->visit(prefix + name + ".", call);
}

void ModuleBase::train(bool training) {
  training_ = training;
  for (const auto& [name, child] : children_) child->train(training);
}

std::vector<NamedTensor> ModuleBase::named_parameters() const {
  std::vector<NamedTensor> result;
  visit("", [&](const std::string& prefix, const ModuleBase& module) {
    for (const auto& [name, tensor] : module.parameters_) result.push_back({prefix + name, tensor});
  });
  return result;
}

std::vector<Tensor> ModuleBase::parameters() const {
  std::vector<Tensor> result;
  for (const auto& [name, tensor] : named_parameters()) result.push_back(tensor);
  return result;
}

std::vector<NamedTensor> ModuleBase::named_buffers() const {
  std::vector<NamedTensor> result;
  visit("", [&](const std::string& prefix, const ModuleBase& module) {
    for (const auto& [name, tensor] : module.buffers_) result.push_back({prefix + name, tensor});
  });
  return result;
}

std::vector<std::pair<std::string, ModuleBase*>> ModuleBase::named_modules() {
  std::vector<std::pair<std::string, ModuleBase*>> result = {{"", this}};
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto [prefix, module] = result[i];
    for (const auto& [name, child] : module->children_) {
      result.emplace_back(prefix.empty() ? name : prefix + "." + name, child.get());
    }
  }
  return result;
}

ModuleBase* ModuleBase::find_submodule(std::string_view name) {
  for (const auto& [found, module] : named_modules()) {
    if (found == name) return module;
  }
  return nullptr;
}

void ModuleBase::throw_no_submodule(std::string_view name) {
  if (find_submodule(name) != nullptr) {
    throw ValueError(fmt::format("get_submodule: the module \"{}\" is not of the type asked for", name));
  }
  std::vector<std::string> names;
  for (const auto& [found, module] : named_modules()) names.push_back(found);
  throw ValueError(fmt::format("get_submodule: no module \"{}\" among \"{}\"", name, fmt::join(names, "\", \"")));
}

StateDict ModuleBase::state_dict() const {
  StateDict state;
  visit("", [&](const std::string& prefix, const ModuleBase& module) {
    for (const auto* tensors : {&module.parameters_, &module.buffers_}) {
      for (const auto& [name, tensor] : *tensors) state.emplace_back(prefix + name, tensor.array().clone());
    }
  });
  return state;
}

void ModuleBase::load_state_dict(const StateDict& state) {
  std::unordered_map<std::string_view, const Array*> given;
  std::vector<std::string> complaints;
  for (const auto& [name, array] : state) {
    if (!given.emplace(name, &array).second) complaints.push_back(fmt::format("{} comes twice", name));
  }
  std::vector<std::pair<Array, const Array*>> copies;
  visit("", [&](const std::string& prefix, const ModuleBase& module) {
    for (const auto* tensors : {&module.parameters_, &module.buffers_}) {
      for (const auto& [name, tensor] : *tensors) {
        const auto found = given.find(prefix + name);
        if (found == given.end()) {
          complaints.push_back(fmt::format("{}{} is missing", prefix, name));
          continue;
        }
        const Array& value = *found->second;
        if (value.shape() != tensor.shape()) {
          complaints.push_back(fmt::format("{}{}: expected {}, got {}", prefix, name, to_string(tensor.shape()),
                                           to_string(value.shape())));
        } else if (is_floating(value.dtype()) != is_floating(tensor.dtype())) {
          complaints.push_back(fmt::format("{}{}: expected {}, got {}", prefix, name, to_string(tensor.dtype()),
                                           to_string(value.dtype())));
        }
        copies.emplace_back(tensor.array(), &value);
        given.erase(found);
      }
    }
  });
  for (const auto& [name, array] : state) {
    if (given.contains(name)) complaints.push_back(fmt::format("{} is unexpected", name));
  }
  if (!complaints.empty()) throw ValueError(fmt::format("load_state_dict: {}", fmt::join(complaints, "; ")));
  for (auto& [target, value] : copies) target.copy_from(*value);
}

void ModuleBase::to(DType dtype) {
  if (!is_floating(dtype)) throw_not_floating("Module::to", dtype);
  visit("", [&](const std::string&, const ModuleBase& module) {
    for (const auto* tensors : {&module.parameters_, &module.buffers_}) {
      for (const auto& [name, tensor] : *tensors) {
        if (is_floating(tensor.dtype())) Tensor(tensor).set_array(tensor.array().to(dtype));
      }
    }
  });
}

void ModuleBase::set_requires_grad(bool requires_grad) {
  for (Tensor& tensor : parameters()) tensor.set_requires_grad(requires_grad);
}

void ModuleBase::check_name(std::string_view name) const {
  const auto is_taken = [&](const auto& entries, auto project) {
    return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return project(entry) == name; });
  };
  if (name.empty() || name.find('.') != std::string_view::npos) {
    throw ValueError(fmt::format("module: a name must not be empty or hold a dot, got \"{}\"", name));
  }
  const auto tensor_name = [](const NamedTensor& entry) { return std::string_view(entry.name); };
  const auto child_name = [](const auto& entry) { return std::string_view(entry.first); };
  if (is_taken(parameters_, tensor_name) || is_taken(buffers_, tensor_name) || is_taken(children_, child_name)) {
    throw ValueError(fmt::format("module: the name \"{}\" is taken", name));
  }
}

void ModuleBase::add_child(std::string name, std::unique_ptr<ModuleBase> child) {
  check_name(name);
  child->name_ = name;
  children_.emplace_back(std::move(name), std::move(child));
}

Tensor ModuleBase::add_parameter(std::string name, Array value) {
  check_name(name);
  return parameters_.emplace_back(NamedTensor{std::move(name), Tensor(std::move(value))}).tensor.set_requires_grad();
}

Tensor ModuleBase::add_buffer(std::string name, Array value) {
  check_name(name);
  return buffers_.emplace_back(NamedTensor{std::move(name), Tensor(std::move(value))}).tensor;
}

}  // namespace tapestry::nn
