#include <algorithm>
#include <cstdlib>
#include <typeinfo>
#include <unordered_map>

#include <cxxabi.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/module_of.hpp>

namespace tapestry::nn {

void detail::ModuleState::train(bool mode) {
  training = mode;
  for (const auto& [child_name, child] : children) child->train(mode);
}

void detail::ModuleState::remove_hook(HookId id) {
  std::erase_if(pre_hooks, [&](const auto& entry) { return entry.first == id; });
  std::erase_if(hooks, [&](const auto& entry) { return entry.first == id; });
}

bool detail::ModuleState::has_hooks() const {
  return !pre_hooks.empty() || !hooks.empty();
}

const detail::ModuleState& detail::ModuleState::root() const {
  const ModuleState* state = this;
  while (state->parent != nullptr) state = state->parent;
  return *state;
}

ModuleBase::ModuleBase() : state_(std::make_shared<detail::ModuleState>()) {}
ModuleBase::~ModuleBase() = default;

ModuleBase::ModuleBase(ModuleBase&& other) noexcept : state_(std::move(other.state_)) {
  if (state_ == nullptr) return;
  state_->name.clear();
  state_->parent = nullptr;
}

ModuleBase& ModuleBase::operator=(ModuleBase&& other) noexcept {
  ModuleBase moved(std::move(other));
  std::swap(state_, moved.state_);
  if (state_ != nullptr && moved.state_ != nullptr) {
    state_->name = std::move(moved.state_->name);
    state_->parent = moved.state_->parent;
  }
  return *this;
}

// Calls call(prefix, module) for this module and all submodules, outer ones first.
template <class Visit>
void ModuleBase::visit(const std::string& prefix, const Visit& call) const {
  call(prefix, *this);
  for (const auto& [name, child] : children()) child->visit(prefix + name + ".", call);
}

bool ModuleBase::is_training() const {
  const detail::ModuleState& state = this->state();
  const ModuleBase* caller = detail::ForwardScope::caller();
  // An unregistered module does not follow the mode of the module that calls it.
  if (state.training && caller != nullptr && detail::ForwardScope::running() == this &&
      &state.root() != &caller->state().root()) {
    detail::throw_not_registered(*caller, *this);
  }
  return state.training;
}

std::string ModuleBase::class_name() const {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status), &std::free);
  const std::string full = status == 0 ? demangled.get() : typeid(*this).name();
  const std::size_t arguments = std::min(full.find('<'), full.size());
  const std::size_t qualifier = full.substr(0, arguments).rfind("::");
  return qualifier == std::string::npos ? full : full.substr(qualifier + 2);
}

HookId ModuleBase::add_forward_pre_hook(TensorsPreHook hook) {
  state().pre_hooks.emplace_back(state().next_hook, std::move(hook));
  return state().next_hook++;
}

HookId ModuleBase::add_forward_hook(TensorsHook hook) {
  state().hooks.emplace_back(state().next_hook, std::move(hook));
  return state().next_hook++;
}

void ModuleBase::throw_moved_from() const {
  throw ValueError(fmt::format("{}: the module has been moved from and cannot be used", class_name()));
}

std::vector<NamedTensor> ModuleBase::named_parameters() const {
  std::vector<NamedTensor> result;
  visit("", [&](const std::string& prefix, const ModuleBase& module) {
    for (const auto& [name, tensor] : module.state().parameters) result.push_back({prefix + name, tensor});
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
    for (const auto& [name, tensor] : module.state().buffers) result.push_back({prefix + name, tensor});
  });
  return result;
}

std::vector<std::pair<std::string, ModuleBase*>> ModuleBase::named_modules() {
  std::vector<std::pair<std::string, ModuleBase*>> result = {{"", this}};
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto [prefix, module] = result[i];
    for (const auto& [name, child] : module->children()) {
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
    throw ValueError(fmt::format("get_submodule: the module \"{}\" is not of the requested type", name));
  }
  std::vector<std::string> names;
  for (const auto& [found, module] : named_modules()) names.push_back(found);
  throw ValueError(fmt::format("get_submodule: no module \"{}\" among \"{}\"", name, fmt::join(names, "\", \"")));
}

std::unique_ptr<ModuleBase> ModuleBase::make_like() const {
  throw ValueError(
      fmt::format("clone: the class {0} does not override make_like\n"
                  "hint: add std::unique_ptr<ModuleBase> make_like() const override {{ return make<{0}>(…); }}",
                  class_name()));
}

std::unique_ptr<ModuleBase> ModuleBase::make_like(const ModuleBase& module) {
  auto result = module.make_like();
  if (result == nullptr) {
    throw ValueError(fmt::format("clone: make_like of the class {} returns a null pointer", module.class_name()));
  }
  const ModuleBase& made = *result;
  if (typeid(made) != typeid(module)) {
    throw ValueError(fmt::format("clone: make_like of the class {0} returns a {1}\nhint: override make_like in {0}",
                                 module.class_name(), made.class_name()));
  }
  return result;
}

std::unique_ptr<ModuleBase> ModuleBase::clone() const {
  auto copy = make_like(*this);
  copy->copy_state(*this);
  return copy;
}

void ModuleBase::copy_state(const ModuleBase& source) {
  const detail::ModuleState& from = source.state();
  const auto copy_tensors = [&](std::vector<NamedTensor>& targets, const std::vector<NamedTensor>& sources) {
    const auto have_one_name = [](const NamedTensor& a, const NamedTensor& b) { return a.name == b.name; };
    if (!std::equal(targets.begin(), targets.end(), sources.begin(), sources.end(), have_one_name)) {
      throw ValueError(fmt::format("clone: make_like of the class {} returns a module with other parameters or buffers",
                                   class_name()));
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
      targets[i].tensor.set_array(sources[i].tensor.array().clone());
      if (is_floating(targets[i].tensor.dtype())) {
        targets[i].tensor.set_requires_grad(sources[i].tensor.requires_grad());
      }
    }
  };
  copy_tensors(state().parameters, from.parameters);
  copy_tensors(state().buffers, from.buffers);
  const auto have_one_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  const auto &targets = state().children, &sources = from.children;
  if (!std::equal(targets.begin(), targets.end(), sources.begin(), sources.end(), have_one_name)) {
    throw ValueError(
        fmt::format("clone: make_like of the class {} returns a module with other children", class_name()));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i].second->copy_state(*sources[i].second);
  state().training = from.training;
}

StateDict ModuleBase::state_dict() const {
  StateDict state;
  visit("", [&](const std::string& prefix, const ModuleBase& module) {
    for (const auto* tensors : {&module.state().parameters, &module.state().buffers}) {
      for (const auto& [name, tensor] : *tensors) state.emplace_back(prefix + name, tensor.array().clone());
    }
  });
  return state;
}

void ModuleBase::load_state_dict(const StateDict& state) {
  std::unordered_map<std::string_view, const Array*> given;
  std::vector<std::string> complaints;
  for (const auto& [name, array] : state) {
    if (!given.emplace(name, &array).second) complaints.push_back(fmt::format("{} is listed twice", name));
  }
  std::vector<std::pair<Array, const Array*>> copies;
  visit("", [&](const std::string& prefix, const ModuleBase& module) {
    for (const auto* tensors : {&module.state().parameters, &module.state().buffers}) {
      for (const auto& [name, tensor] : *tensors) {
        const auto found = given.find(prefix + name);
        if (found == given.end()) {
          complaints.push_back(fmt::format("{}{} is missing", prefix, name));
          continue;
        }
        const Array& value = *found->second;
        if (!value.defined()) {
          complaints.push_back(fmt::format("{}{} is undefined", prefix, name));
        } else if (value.shape() != tensor.shape()) {
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
    for (const auto* tensors : {&module.state().parameters, &module.state().buffers}) {
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
    throw ValueError(fmt::format("module: a name must not be empty or contain a dot, got \"{}\"", name));
  }
  const auto tensor_name = [](const NamedTensor& entry) { return std::string_view(entry.name); };
  const auto child_name = [](const auto& entry) { return std::string_view(entry.first); };
  if (is_taken(state().parameters, tensor_name) || is_taken(state().buffers, tensor_name) ||
      is_taken(state().children, child_name)) {
    throw ValueError(fmt::format("module: the name \"{}\" is taken", name));
  }
}

void ModuleBase::check_entry(std::string_view name, const Array& value) const {
  check_name(name);
  if (!value.defined()) throw ValueError(fmt::format("module: the value of \"{}\" is undefined", name));
}

void ModuleBase::add_child(std::string name, std::unique_ptr<ModuleBase> child) {
  check_name(name);
  if (child == nullptr) throw ValueError(fmt::format("module: expected a submodule \"{}\", got a null pointer", name));
  child->state().name = name;
  child->state().parent = &state();
  state().children.emplace_back(std::move(name), std::move(child));
}

Parameter ModuleBase::add_parameter(std::string name, Array value) {
  check_entry(name, value);
  const Tensor parameter = Tensor(std::move(value)).set_requires_grad();
  state().parameters.push_back({std::move(name), parameter});
  return Parameter(parameter);
}

Buffer ModuleBase::add_buffer(std::string name, Array value) {
  check_entry(name, value);
  return Buffer(state().buffers.emplace_back(NamedTensor{std::move(name), Tensor(std::move(value))}).tensor);
}

}  // namespace tapestry::nn
