// Comparison with torchvision: torchvision_reference.py writes weights, images and the results that torchvision
// computes. These tests are skipped if Debian's python3-torchvision is not installed.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/conv/conv_math.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/io/safetensors.hpp>
#include <tapestry/models/alexnet.hpp>
#include <tapestry/models/googlenet.hpp>
#include <tapestry/models/mobilenet_v2.hpp>
#include <tapestry/models/resnet.hpp>
#include <tapestry/models/shufflenet_v2.hpp>
#include <tapestry/models/vgg.hpp>

#include "core/generate.hpp"
#include "data/temporary_folder.hpp"
#include "skip.hpp"

namespace test_torchvision {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Network = std::unique_ptr<nn::Module>;

template <class Model>
Network own(Model model) {
  return std::make_unique<Model>(std::move(model));
}

/// By torchvision's names.
const std::pair<std::string, Network (*)()> networks[] = {
    {"resnet18", [] { return own(models::resnet18()); }},
    {"resnet50", [] { return own(models::resnet50()); }},
    {"mobilenet_v2", [] { return own(models::MobileNetV2({})); }},
    {"shufflenet_v2_x1_0", [] { return own(models::shufflenet_v2_x1_0()); }},
    {"vgg11_bn", [] { return own(models::vgg11_bn()); }},
    {"alexnet", [] { return own(models::AlexNet({})); }},
    {"googlenet", [] { return own(models::GoogLeNet({})); }},
};

bool has_torchvision() {
  return std::system("/usr/bin/python3 -c 'import torchvision' 2>/dev/null") == 0;
}

/// The output of torchvision_reference.py.
struct Reference {
  explicit Reference(const std::string& name, const std::string& options = "") {
    const TemporaryFolder folder;
    const std::string path = folder.path().string();
    const std::string script = TAPESTRY_SOURCE_DIR "/tests/models/torchvision_reference.py";
    const std::string command = fmt::format("/usr/bin/python3 '{}' {} '{}' {}", script, name, path, options);
    INFO(command);
    REQUIRE(std::system(command.c_str()) == 0);
    weights = io::load_safetensors(path + "/weights.safetensors");
    const auto outputs = io::load_safetensors(path + "/outputs.safetensors");
    images = outputs.at(0).second;
    logits = outputs.at(1).second;
    if (!options.empty()) gradients = io::load_safetensors(path + "/gradients.safetensors");
  }

  nn::StateDict weights;
  Array images;
  Array logits;
  nn::StateDict gradients;
};

std::vector<std::string> names_of(const nn::StateDict& state) {
  std::vector<std::string> names;
  for (const auto& entry : state) names.push_back(entry.first);
  return names;
}

/// The largest difference of two elements, relative to the largest expected magnitude.
double relative_difference(const Array& got, const Array& wanted) {
  REQUIRE(got.shape() == wanted.shape());
  const auto have = values_of(got);
  const auto want = values_of(wanted);
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (!std::isfinite(have[i])) return have[i];
    difference = std::max(difference, std::abs(have[i] - want[i]));
    size = std::max(size, std::abs(want[i]));
  }
  return difference / size;
}

}  // namespace

// An f32 result is a sum of n products in another order than PyTorch's, with a relative error of about √n · 6e-8: 4e-6
// for n = 4608, the largest in a 3×3 convolution, and 1e-5 in vgg11_bn's first linear layer. The errors of up to 50
// layers grow with the root of their number, to 3e-5.
TEST_CASE("slow: networks with the weights of torchvision compute the same logits") {
  if (!has_torchvision()) SKIP_TEST("python3-torchvision is not installed");
  const NoGradGuard no_grad;
  const ConvMathGuard exact(ConvMath::exact);
  for (const auto& [name, make] : networks) {
    INFO(name);
    const Reference reference(name);
    const Network network = make();
    REQUIRE(names_of(network->state_dict()) == names_of(reference.weights));
    network->load_state_dict(reference.weights);
    network->eval();
    const Array logits = (*network)(reference.images).array();
    REQUIRE(relative_difference(logits, reference.logits) < 1e-4);
  }
}

// In f64: in f32 rounding occasionally flips one of the million ReLUs, which changes the gradients of all layers before
// it by some percent. The estimate above with 1e-16 instead of 6e-8 gives 5e-14.
TEST_CASE("slow: resnet18 with the weights of torchvision computes the same gradients") {
  if (!has_torchvision()) SKIP_TEST("python3-torchvision is not installed");
  const Reference reference("resnet18", "--gradients");
  models::ResNet network = models::resnet18();
  network.load_state_dict(reference.weights);
  network.to(DType::f64);
  const Array labels = Array::from<std::int64_t>({2}, {3, 998});
  cross_entropy(network(reference.images.to(DType::f64)), labels).backward();
  const auto parameters = network.named_parameters();
  REQUIRE(parameters.size() == reference.gradients.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, gradient] = reference.gradients[i];
    INFO(name);
    REQUIRE(parameters[i].name == name);
    REQUIRE(relative_difference(parameters[i].tensor.grad().array(), gradient) < 1e-12);
  }
}

}  // namespace test_torchvision
