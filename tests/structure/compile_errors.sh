#!/usr/bin/env bash
# Statements that must not compile, with the text that the error must contain; and similar ones that must compile.
# usage: tests/structure/compile_errors.sh [BUILD_DIR]     a configured build folder, build/release by default
set -euo pipefail

build=${1:-$(dirname "${BASH_SOURCE[0]}")/../../build/release}
[[ -e $build/include/tapestry/tapestry.hpp ]] || { echo "$build is not a configured build folder" >&2; exit 2; }
failures=0

# Compiles STATEMENT with HEADER; leaves the messages in $messages.
compiles() {
  local header=$1 statement=$2
  messages=$(printf '#include <tapestry/%s>\nusing namespace tapestry;\nvoid test() { %s }\n' "$header" "$statement" |
    "${CXX:-g++}" -std=c++20 -Wall -Wextra -Werror -I "$build/include" -x c++ -c -o /dev/null - 2>&1)
}

# accepts HEADER STATEMENT
accepts() {
  compiles "$1" "$2" && return
  printf 'does not compile: %s\n%s\n' "$2" "$messages"
  failures=$((failures + 1))
}

# refuses HEADER STATEMENT TEXT: the messages must contain TEXT.
refuses() {
  if compiles "$1" "$2"; then
    printf 'compiles: %s\n' "$2"
  elif [[ $messages != *"$3"* ]]; then
    printf 'refused without "%s": %s\n%s\n' "$3" "$2" "$messages"
  else
    return 0
  fi
  failures=$((failures + 1))
}

element_types="the element types of arrays are float (f32), double (f64), std::int64_t (i64) and std::uint8_t (u8)"
accepts core/array.hpp '(void)Array::from({2}, std::vector<float>{1, 2}).data<float>();'
refuses core/array.hpp '(void)Array::from({2}, std::vector<int>{1, 2});' "$element_types"
refuses core/array.hpp '(void)Array::from<int>({2}, {1, 2});' "$element_types"
refuses core/array.hpp '(void)Array().data<int>();' "$element_types"
refuses core/array.hpp '(void)Array().mutable_data<bool>();' "$element_types"
refuses core/array.hpp '(void)Array().to_vector<short>();' "$element_types"
refuses core/dtype.hpp '(void)dtype_of<long double>;' "$element_types"

# Options that are missing or do not fit.
missing="a required option is missing"
accepts core/required.hpp '(void)Required<long>(3);'
refuses core/required.hpp '(void)Required<long>();' "$missing"
refuses nn/layers/linear.hpp 'nn::Linear({});' "$missing"
refuses nn/layers/linear.hpp 'nn::Linear({.in_features = 3});' "$missing"
refuses nn/layers/conv2d.hpp 'nn::Conv2d({.in_channels = 3, .out_channels = 8});' "$missing"
refuses optim/sgd.hpp 'optim::Sgd({Tensor()}, {.momentum = 0.9});' "$missing"
refuses autograd/ops/pool/pooling.hpp 'max_pool2d(Tensor(), {.stride = 2});' "$missing"
accepts nn/layers/dropout.hpp 'nn::Dropout(), nn::Dropout2d(), nn::AlphaDropout();'
accepts nn/layers/activation.hpp 'nn::ELU(), nn::LeakyReLU(), nn::GELU(), nn::Softplus(), nn::PReLU(), nn::Softmax();'

lossy="an option of this type would lose a part of the number"
refuses nn/layers/linear.hpp 'nn::Linear({.in_features = 3.5, .out_features = 2});' "$lossy"
refuses optim/sgd.hpp 'optim::Sgd({Tensor()}, {.lr = true});' "$lossy"
for number in 'long>(2.5)' 'long>(2.5F)' 'long>(true)' 'float>(2.5)' 'bool>(1)' 'bool>("yes")' \
  'long>(Required<double>(2))'; do
  refuses core/required.hpp "(void)Required<$number;" "$lossy"
done

# A temporary guard or scope ends at once and has no effect.
unused=nodiscard
accepts autograd/mode.hpp 'const NoGradGuard guard;'
refuses autograd/mode.hpp 'NoGradGuard();' "$unused"
refuses autograd/mode.hpp 'GradMode(false);' "$unused"
refuses autograd/mode.hpp 'AnomalyGuard();' "$unused"
refuses autograd/mode.hpp 'EagerGuard();' "$unused"
refuses autograd/ops/conv/conv_math.hpp 'ConvMathGuard{ConvMath::exact};' "$unused"
refuses core/profiler.hpp 'Profiler();' "$unused"
refuses core/profiler.hpp 'Profiler([] { return std::int64_t{0}; });' "$unused"
refuses core/profiler.hpp 'ProfileScope("loading");' "$unused"
refuses core/profile_span.hpp 'detail::ProfileSpan("add");' "$unused"
refuses core/profile_span.hpp 'detail::LayerScope("layer1");' "$unused"
refuses kernels/runtime/denormals.hpp 'kernels::DenormalsGuard{kernels::Denormals::keep};' "$unused"
refuses nn/module_of.hpp 'nn::detail::ForwardScope(nullptr);' "$unused"
refuses nn/inspect/evaluation_scope.hpp 'nn::EvaluationScope(*static_cast<nn::ModuleBase*>(nullptr));' "$unused"
refuses nn/inspect/feature_maps.hpp 'nn::FeatureMaps(*static_cast<nn::ModuleBase*>(nullptr), {});' "$unused"

exit $((failures > 0))
